"""A small load generator on asyncio: so many callers, each asks again as soon as it is answered (a closed loop)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np


@dataclass
class Load:
    """What became of the requests of one stretch of time."""

    callers: int
    texts: int = 0
    seconds: list[float] = field(default_factory=list)  # of each request that was answered
    statuses: Counter[str] = field(default_factory=Counter)
    wall: float = 0.0
    cpu: float = 0.0  # seconds of processor that the server took

    @property
    def answered(self) -> int:
        return len(self.seconds)

    def quantile(self, share: float) -> float:
        """Seconds within which that share of the requests were answered."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")


async def stretch(url: str, body: Callable[[int], Any], per_call: int, callers: int, seconds: float, process: int = 0) -> Load:
    """Asks a server for so many seconds.

    Args:
        body: number of the request -> what is sent.
        per_call: texts in each.
        process: whose processor time is counted, with its children.
    """
    load, until, number = Load(callers), time.perf_counter() + seconds, iter(range(10**9))
    began, cpu = time.perf_counter(), processor(process)

    async def caller() -> None:
        line = None
        while (start := time.perf_counter()) < until:
            try:
                line = line or await Line.to(url)
                status, headers = await line.post(body(next(number)))
            except (OSError, asyncio.IncompleteReadError) as error:
                load.statuses[type(error).__name__] += 1
                line = None
                continue
            load.statuses[str(status)] += 1
            if status == 200:
                load.seconds.append(time.perf_counter() - start)
                load.texts += per_call
            elif wait := headers.get("retry-after"):
                await asyncio.sleep(min(float(wait), 0.05))
        if line is not None:
            line.writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
    load.wall, load.cpu = time.perf_counter() - began, processor(process) - cpu
    return load


@dataclass
class Line:
    """A connection that stays open. A client of a few lines, for one that parses and pools takes 2 ms of the machine a request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    path: str

    @classmethod
    async def to(cls, url: str) -> Line:
        """A connection to the server of an address."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(reader, writer, parts.path)

    async def post(self, body: Any) -> tuple[int, dict[str, str]]:
        """Sends a JSON body; status and headers of the answer, which is read to its end and must say its length.

        Raises:
            OSError, IncompleteReadError: the connection broke.
        """
        content = json.dumps(body).encode()
        head = f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        self.writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        first, *rest = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
        await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            raise ConnectionResetError("It was closed.")
        return int(first.split()[1]), headers


def processor(process: int) -> float:
    """Seconds of processor that a process and its children have taken."""
    if not process:
        return 0.0
    total = 0.0
    for number in family(process):
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def family(process: int) -> list[int]:
    """A process and all that stem from it."""
    found = [process]
    try:
        told = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    for child in told.split():
        found += family(int(child))
    return found


def resident(process: int) -> float:
    """MiB of memory of a process and all that stem from it."""
    total = 0
    for number in family(process):
        try:
            total += int(Path(f"/proc/{number}/statm").read_text().split()[1])
        except OSError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


async def until_ready(url: str, body: Any, process: subprocess.Popen[str], seconds: float = 150) -> bool:
    """Whether the server answered a first request in time, and lives."""
    until = time.perf_counter() + seconds
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        while time.perf_counter() < until and process.poll() is None:
            try:
                if (await client.post(url, json=body)).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.3)
    return False


def merged(loads: Sequence[Load]) -> Load:
    """Several stretches as one."""
    found = Load(loads[0].callers)
    for load in loads:
        found.texts += load.texts
        found.seconds += load.seconds
        found.statuses += load.statuses
        found.wall += load.wall
        found.cpu += load.cpu
    return found
