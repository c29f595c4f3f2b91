"""Requests that wait together are read together, none waits for company, and each gets its own answer or its own error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import DeadlinePassed
from beside.engine.batching import FEWEST, Batcher, Job, Pass


def job(*texts: str, key: str = "model", tokens: int = 1, until: float = 1e12) -> Job:
    return Job(key, texts, [tokens] * len(texts), until)


class Desk:
    """A batcher whose model shouts, and stands still until `open`."""

    def __init__(self) -> None:
        self.free, self.reading = threading.Event(), threading.Event()
        self.read: list[tuple[str, list[str]]] = []
        self.passes: list[Pass] = []
        self.batcher = Batcher(self.work, told=self.passes.append)

    def work(self, key: str, texts: list[str]) -> list[str]:
        self.reading.set()
        assert self.free.wait(20)
        self.read.append((key, texts))
        if "poison" in texts:
            raise ValueError("poison")
        return [text.upper() for text in texts]

    def hold(self) -> Job:
        """A job that is being read, so that what comes now waits."""
        first = job("first")
        self.batcher.submit(first)
        assert self.reading.wait(20)
        return first

    def open(self, *jobs: Job) -> None:
        self.free.set()
        wait([one.future for one in jobs], 20)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_lone_request_does_not_wait_for_company(desk: Desk) -> None:
    desk.free.set()
    assert desk.batcher.submit(job("one")).result(5) == ["ONE"]
    assert desk.passes[0].waited[0] < 1


def test_what_waits_for_the_same_model_is_read_in_one_pass(desk: Desk) -> None:
    first, others = desk.hold(), [job(f"text {n}") for n in range(5)]
    for one in others:
        desk.batcher.submit(one)
    desk.open(first, *others)
    assert [len(texts) for _, texts in desk.read] == [1, 5]
    assert [one.future.result() for one in others] == [[f"TEXT {n}"] for n in range(5)]


def test_two_models_are_not_mixed_and_the_one_that_came_first_goes_first(desk: Desk) -> None:
    first, others = desk.hold(), [job("a", key="x"), job("b", key="y"), job("c", key="x")]
    for one in others:
        desk.batcher.submit(one)
    desk.open(first, *others)
    assert desk.read[1:] == [("x", ["a", "c"]), ("y", ["b"])]


def test_a_long_request_takes_several_passes_and_lets_a_short_one_between(desk: Desk) -> None:
    desk.batcher.speed = 1.0  # so that a pass holds no more than the fewest tokens
    first, long, short = desk.hold(), job(*map(str, range(8)), tokens=FEWEST // 2), job("short")
    desk.batcher.submit(long)
    desk.batcher.submit(short)
    desk.batcher.speed = 1.0
    order: list[str] = []
    long.future.add_done_callback(lambda done: order.append("long"))
    short.future.add_done_callback(lambda done: order.append("short"))
    desk.batcher.room = lambda: FEWEST  # type: ignore[method-assign]
    desk.open(first, long, short)
    assert order == ["short", "long"]
    assert long.future.result() == list(map(str, range(8)))
    assert max(len(texts) for _, texts in desk.read) <= 3


def test_a_text_larger_than_a_pass_is_read_all_the_same(desk: Desk) -> None:
    desk.free.set()
    assert desk.batcher.submit(job("huge", tokens=10**9)).result(5) == ["HUGE"]


def test_a_bad_request_fails_alone(desk: Desk) -> None:
    first, others = desk.hold(), [job("good"), job("poison"), job("fine")]
    for one in others:
        desk.batcher.submit(one)
    desk.open(first, *others)
    assert others[0].future.result() == ["GOOD"]
    assert others[2].future.result() == ["FINE"]
    with pytest.raises(ValueError, match="poison"):
        others[1].future.result()


def test_what_nobody_waits_for_is_not_read(desk: Desk) -> None:
    first, gone, late, last = desk.hold(), job("gone"), job("late", until=time.monotonic() + 0.01), job("last")
    for one in (gone, late, last):
        desk.batcher.submit(one)
    gone.future.cancel()
    time.sleep(0.02)
    desk.open(first, last)
    assert [texts for _, texts in desk.read] == [["first"], ["last"]]
    with pytest.raises(DeadlinePassed):
        late.future.result(1)


def test_the_delay_is_what_waits_over_what_was_measured(desk: Desk) -> None:
    first = desk.hold()
    desk.batcher.submit(other := job("a", "b", tokens=50))
    desk.batcher.speed = 25.0
    assert desk.batcher.delay() == pytest.approx(4.0)
    desk.open(first, other)
    assert desk.batcher.delay() == 0


def test_closing_answers_what_waits(desk: Desk) -> None:
    first, last = desk.hold(), job("last")
    desk.batcher.submit(last)
    threading.Timer(0.05, desk.free.set).start()
    desk.batcher.close()
    assert first.future.result(0) == ["FIRST"]
    assert last.future.result(0) == ["LAST"]


def test_after_a_rest_it_works_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beside.engine.batching.IDLE", 0.02)
    desk.free.set()
    for _ in range(3):
        assert desk.batcher.submit(job("again")).result(5) == ["AGAIN"]
        while desk.batcher.threads:
            time.sleep(0.01)


def test_passes_run_side_by_side_where_there_is_room_and_not_one_more() -> None:
    together, seen, once = threading.Barrier(3), [], threading.Lock()

    def work(key: str, texts: list[str]) -> list[str]:
        with once:
            seen.append(threading.current_thread())
        together.wait(20)  # breaks unless all three are read at the same time
        return texts

    batcher = Batcher(work, lanes=lambda: 3)
    jobs = [job(str(number), tokens=10**9) for number in range(3)]  # each fills a pass
    for one in jobs:
        batcher.submit(one)
    assert [one.future.result(20) for one in jobs] == [["0"], ["1"], ["2"]]
    assert len(set(seen)) == len(batcher.threads) == 3
    batcher.submit(job("more"))
    assert len(batcher.threads) == 3
    together.abort()
    batcher.close()


def test_a_long_request_is_shared_out_among_those_that_have_nothing_to_do() -> None:
    together = threading.Barrier(2)

    def work(key: str, texts: list[str]) -> list[str]:
        together.wait(20)  # breaks unless two passes run at the same time
        return [text.upper() for text in texts]

    batcher = Batcher(work, lanes=lambda: 2)
    for one in [job("x", tokens=10**9), job("y", tokens=10**9)]:  # each fills a pass
        batcher.submit(one)
    until = time.monotonic() + 20
    while batcher.resting < 2 and time.monotonic() < until:
        time.sleep(0.005)
    assert batcher.submit(job(*"abcdefgh")).result(20) == list("ABCDEFGH")
    batcher.close()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 400), st.sampled_from("xy")), min_size=1, max_size=12), st.integers(1, 3)
)
def test_every_request_gets_its_own_answers_in_order_however_they_meet(shapes: list[tuple[int, int, str]], lanes: int) -> None:
    batcher = Batcher(lambda key, texts: [f"{key}{text}" for text in texts], lanes=lambda: lanes)
    jobs = [job(*(f"{n}.{t}" for t in range(texts)), key=key, tokens=tokens) for n, (texts, tokens, key) in enumerate(shapes)]
    for one in jobs:
        batcher.submit(one)
    for one in jobs:
        assert one.future.result(10) == [f"{one.key}{text}" for text in one.texts]
    batcher.close()


def test_a_model_reads_together_as_it_reads_alone(toy_model: Path, messages: Callable[..., Any]) -> None:
    from beside.engine.runtime import load_subject

    subject = load_subject(toy_model)
    texts = [text for text, _ in messages(40)] + ["cancel", "退款 " * 40, "a" * 500]
    batcher = Batcher(lambda key, some: list(subject.probabilities(some)))
    jobs = [job(text, tokens=8) for text in texts]
    for one in jobs:
        batcher.submit(one)
    together = np.array([one.future.result(30)[0] for one in jobs])
    alone = np.array([subject.probabilities([text])[0] for text in texts])
    assert np.abs(together - alone).max() < 1e-6
