"""`beside serve --workers`: a killed worker is replaced, what was acknowledged is kept, the end is told before it comes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from beside.cli.workers import Workers, address

pytestmark = pytest.mark.slow


def wait_for(ready: Callable[[], bool], seconds: float = 100) -> None:
    until = monotonic() + seconds
    while not ready():
        assert monotonic() < until
        sleep(0.05)


def says(address: str) -> int:
    try:
        return httpx.get(address, timeout=10).status_code
    except httpx.TransportError:
        return 0


@pytest.fixture
def served(make_approved: Callable[..., Any], tmp_path: Path) -> Iterator[tuple[Any, str, subprocess.Popen[str]]]:
    """A workspace with an approved release, served by two workers; the address, and the process that watches them."""
    given = make_approved(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "beside.toml").write_text("[serving]\ndrain = 1.5\n")
    command = [sys.executable, "-P", "-m", "beside", "serve", "--workers", "2", "--port", str(port), "--workspace", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: says(f"http://127.0.0.1:{port}/readyz") == 200)
            yield given, f"http://127.0.0.1:{port}", process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.timeout(300)
def test_a_killed_worker_is_replaced_and_no_acknowledged_feedback_is_lost(served: Any) -> None:
    given, address, process = served
    acknowledged: list[str] = []
    broken = odd = 0
    killed = threading.Event()

    def ask_on() -> None:
        nonlocal broken, odd
        while not killed.is_set() or len(acknowledged) < 30:
            try:
                asked = httpx.post(f"{address}/v1/predict", json={"text": "where is my parcel"}, timeout=60)
                id = asked.json()["predictions"][0]["id"]
                said = httpx.post(f"{address}/v1/feedback", json={"prediction_id": id, "correct": True}, timeout=60)
            except httpx.TransportError:
                broken += 1
                continue
            if (asked.status_code, said.status_code) == (200, 201):
                acknowledged.append(id)
            else:
                odd += 1

    callers = [threading.Thread(target=ask_on) for _ in range(3)]
    for caller in callers:
        caller.start()
    wait_for(lambda: len(acknowledged) > 5)
    first = children(process)
    assert len(first) == 2
    os.kill(first[0], signal.SIGKILL)
    wait_for(lambda: len(children(process)) == 2 and first[0] not in children(process))
    killed.set()
    for caller in callers:
        caller.join(100)
    kept = {answer.prediction_id for _, answer in given.workspace.records.answers(given.owner)}
    assert set(acknowledged) <= kept and odd == 0
    assert len(acknowledged) >= 30 and broken <= 3  # one each, of those that the killed one was answering
    counted = httpx.get(f"{address}/metrics").text
    line = next(line for line in counted.splitlines() if 'route="/v1/feedback",status="201"' in line)
    assert float(line.split()[-1]) >= len(acknowledged) - 3  # all workers together
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: says(f"{address}/readyz") == 503, 5)  # told before it ends
    assert httpx.post(f"{address}/v1/predict", json={"text": "cancel"}, timeout=60).status_code == 200
    assert process.wait(60) == 0
    assert process.stderr and "was ended by signal 9; another one takes its place" in process.stderr.read()


def test_a_worker_that_cannot_live_is_tried_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    def work() -> None:
        os._exit(3)

    watcher = Workers(1, work, lambda number, code: told.append(code))
    told: list[int] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        watcher.ending = len(rests) == 4

    monkeypatch.setattr(watcher, "rest", rest)
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        watcher.run()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert rests == [1.0, 2.0, 4.0, 8.0]
    assert told == [3, 3, 3, 3]


def test_the_address_is_one_whose_answers_are_not_held_back() -> None:
    with address("127.0.0.1", 0) as opened:
        assert opened.proto == socket.IPPROTO_TCP, "asyncio switches Nagle off for such sockets alone"
