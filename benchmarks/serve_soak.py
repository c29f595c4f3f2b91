"""What a server must outlast: twice the load it can carry, releases that change under load, workers that are killed.

python benchmarks/serve_soak.py soak [SECONDS] | swaps [COUNT] | kills [COUNT]      appends to serve_soak.md
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from serve import HERE, free_port, sst2, started
from serve_load import family, resident

from beside.core.recipe import Recipe
from beside.core.types import Actor, Run
from beside.loop import Loop
from beside.store.workspace import Workspace

OWNER = Actor(name="bench", roles=("admin",))
PAGE = HERE / "serve_soak.md"


def trained(folder: Path, base: str) -> tuple[Loop, Run]:
    """A workspace with a trained and audited run on 300 rows of SST-2."""
    from serve import DATA, ROWS

    loop = Loop(Workspace.open(folder), OWNER)
    rows = folder / "rows.jsonl"
    rows.write_text("".join((DATA / "sst2" / "train.jsonl").open(encoding="utf-8").readlines()[:ROWS]), encoding="utf-8")
    corpus, _ = loop.intake(str(rows), "sst2")
    run = loop.train(corpus.id, Recipe(base=base, epochs=1, threads=1, max_length=64))
    loop.audit(run.id, checks=["utility/report"])
    return loop, run


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[str, int]]:
    """The workspace, served; its address and the number of its process."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "beside", "serve", "--port", str(port), "--workspace", str(folder), *words]
    with started(command, folder / "served.log") as process:
        until = time.monotonic() + 180
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code == 200:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", process.pid


async def crowd(
    address: str, callers: int, going: Callable[[], bool], texts: list[str], feedback: bool = False
) -> tuple[Counter[str], list[str]]:
    """So many callers that ask as long as it goes on: what they were answered, and whose feedback was acknowledged."""
    told: Counter[str] = Counter()
    acknowledged: list[str] = []

    async def caller(client: httpx.AsyncClient, number: int) -> None:
        place = number
        while going():
            place += callers
            try:
                answer = await client.post(f"{address}/v1/predict", json={"text": texts[place % len(texts)]})
                told[str(answer.status_code)] += 1
                if answer.status_code == 200:
                    told[answer.json()["release"]] += 1
                elif "retry-after" in answer.headers:
                    await asyncio.sleep(0.2)
                if feedback and answer.status_code == 200:
                    id = answer.json()["predictions"][0]["id"]
                    said = await client.post(f"{address}/v1/feedback", json={"prediction_id": id, "correct": True})
                    told[f"feedback {said.status_code}"] += 1
                    if said.status_code == 201:
                        acknowledged.append(id)
            except httpx.TransportError as error:
                told[type(error).__name__] += 1

    limits = httpx.Limits(max_connections=callers)
    async with httpx.AsyncClient(timeout=150, limits=limits, trust_env=False) as client:
        await asyncio.gather(*(caller(client, number) for number in range(callers)))
    return told, acknowledged


async def soak(seconds: float) -> str:
    """Twice as many callers as the line has places for, so that half are refused all the time; memory from first to last."""
    with tempfile.TemporaryDirectory() as kept:
        folder, queue = Path(kept), 24
        (folder / "beside.toml").write_text(f"[serving]\nqueue = {queue}\nshare = 1.0\n")
        loop, run = trained(folder, "embedded")
        loop.review(loop.release(run.id, "sandbox").id, "approve", "For measuring.")
        with served(folder) as (address, process):
            texts, memory, began = sst2("dev"), list[float](), time.monotonic()
            ended = asyncio.ensure_future(crowd(address, 2 * queue, lambda: time.monotonic() < began + seconds, texts))
            while not ended.done():
                memory.append(resident(process))
                await asyncio.sleep(min(5.0, seconds / 12))
            told, _ = await ended
            alive = httpx.get(f"{address}/readyz", timeout=30).status_code == 200
        stored = len(loop.records.predictions(OWNER, loop.records.releases(OWNER)[0].id, limit=10**7))
        early, late = memory[len(memory) // 4], memory[-1]
        odd = {name: n for name, n in told.items() if name not in ("200", "429", "503") and not name.startswith("release-")}
        return (
            f"- soak, {seconds:.0f} s, {2 * queue} callers for {queue} places: {told['200']} answered ({stored} stored), "
            f"{told['503'] + told['429']} refused with Retry-After, anything else: {odd or 'none'}; alive after: {alive}; "
            f"memory {early:.0f} MiB after a quarter, {late:.0f} MiB at the end, most {max(memory):.0f} MiB"
        )


async def swaps(count: int) -> str:
    """So many releases, approved one after another under load; each has to take over, and no request may fail."""
    from beside.engine import runtime

    runtime.same_answers = lambda first, second, texts: 0.0  # the truth test takes a process for each; it is not what is measured
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        loop, run = trained(folder, "scratch")
        first = loop.review(loop.release(run.id, "sandbox").id, "approve", "The first.")
        with served(folder) as (address, _):
            over, took = False, list[float]()
            running = asyncio.ensure_future(crowd(address, 6, lambda: not over, sst2("dev")))
            newest = first.id
            async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
                for number in range(count):

                    def approve(number: int = number) -> str:
                        loop.records.count_test_use(OWNER, run.corpus_id, run.id, "one more look")  # else it is the same release
                        draft = loop.release(run.id, "sandbox")
                        return loop.review(draft.id, "approve", f"Number {number}.").id

                    before, newest = newest, await asyncio.to_thread(approve)
                    assert newest != before, "the same release again"
                    began = time.monotonic()
                    while (await client.post(f"{address}/v1/predict", json={"text": "a fine film"})).json().get(
                        "release"
                    ) != newest:
                        assert time.monotonic() < began + 60, "it did not take over"
                        await asyncio.sleep(0.02)
                    took.append(time.monotonic() - began)
            over = True
            told, _ = await running
        answered = sum(1 for name in told if name.startswith("release-"))
        failed = {name: n for name, n in told.items() if name != "200" and not name.startswith("release-")}
        took.sort()
        return (
            f"- hot swaps, {count} under the load of 6 callers: {told['200']} answers by {answered} releases, "
            f"failures: {failed or 'none'}; "
            f"a release took over {took[len(took) // 2]:.2f} s after its approval (median; most {took[-1]:.2f} s)"
        )


async def kills(count: int) -> str:
    """kill -9 of one of two workers, again and again under load with feedback; everything acknowledged has to be there."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        loop, run = trained(folder, "scratch")
        loop.review(loop.release(run.id, "sandbox").id, "approve", "For measuring.")
        with served(folder, "--workers", "2") as (address, process):
            over = False
            running = asyncio.ensure_future(crowd(address, 6, lambda: not over, sst2("dev"), feedback=True))
            for _ in range(count):
                await asyncio.sleep(2)
                workers = family(process)[1:]
                os.kill(workers[0], signal.SIGKILL)
                until = time.monotonic() + 120
                while len(family(process)) < 3 or workers[0] in family(process):
                    assert time.monotonic() < until, "it was not replaced"
                    await asyncio.sleep(0.1)
            await asyncio.sleep(2)
            over = True
            told, acknowledged = await running
        kept_answers = {answer.prediction_id for _, answer in loop.records.answers(OWNER)}
        lost = set(acknowledged) - kept_answers
        whole = loop.workspace.check_ledger()
        odd = {name: n for name, n in told.items() if name not in ("200", "feedback 201") and not name.startswith("release-")}
        return (
            f"- kill -9, {count} of one of 2 workers under load: {told['200']} answers, {len(acknowledged)} feedbacks told, "
            f"{len(lost)} of them lost; broken connections and others: {odd or 'none'}; the ledger is whole ({whole.rows} rows)"
        )


if __name__ == "__main__":
    kind, amount = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else {"soak": 600, "swaps": 200, "kills": 10}[sys.argv[1]]
    work: dict[str, Callable[[Any], Any]] = {"soak": soak, "swaps": lambda n: swaps(int(n)), "kills": lambda n: kills(int(n))}
    line = asyncio.run(work[kind](amount))
    head = "" if PAGE.exists() else "# What the server outlasts\n\nWritten by `benchmarks/serve_soak.py`, a line for each run.\n\n"
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(f"{head}{line} ({datetime.now(UTC):%Y-%m-%d})\n")
    print(json.dumps(line, ensure_ascii=False))
