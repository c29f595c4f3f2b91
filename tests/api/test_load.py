"""More callers than there is room for, and releases that change meanwhile: everybody is answered or refused, and nothing fails."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from beside.api.app import create_app
from beside.store.settings import Serving as Table

TEXTS = ("where is my parcel", "cancel", "money back", "退款", "cancel " * 30)


class Crowd:
    """Callers that ask a server until told to stop, each in a thread."""

    def __init__(self, address: str, callers: int) -> None:
        self.address, self.over = address, threading.Event()
        self.statuses: Counter[int] = Counter()
        self.ids: list[str] = []
        self.releases: list[str] = []
        self.unsaid = 0  # refusals that do not say when to come again
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(callers)]
        for thread in self.threads:
            thread.start()

    def ask(self, place: int) -> None:
        with httpx.Client(timeout=60) as client:
            while not self.over.is_set():
                place += 1
                answer = client.post(f"{self.address}/v1/predict", json={"text": TEXTS[place % len(TEXTS)]})
                self.statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    self.ids.append(answer.json()["predictions"][0]["id"])
                    self.releases.append(answer.json()["release"])
                else:
                    self.unsaid += int(answer.headers.get("retry-after", 0)) < 1

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def test_at_more_than_it_can_carry_every_request_is_answered_or_refused(
    make_approved: Callable[..., Any], run: Any, tmp_path: Path
) -> None:
    given = make_approved(tmp_path)
    settings = given.workspace.settings.model_copy(update={"serving": Table(queue=3, share=0.7)})
    app = create_app(replace(given.workspace, settings=settings))
    with run(app) as address:
        crowd = Crowd(address, 8)
        time.sleep(1.5)
        crowd.end()
        assert httpx.get(f"{address}/healthz").status_code == 200
    assert set(crowd.statuses) == {200, 429} and crowd.unsaid == 0  # all come from one address, so they are one caller
    stored = {one.id for one in given.workspace.records.predictions(given.owner, given.release.id, limit=10**6)}
    assert stored == set(crowd.ids) and len(crowd.ids) == crowd.statuses[200]
    assert app.state.serving.admission.total == 0
    assert given.workspace.check_ledger().trusted  # its signed head has caught up


@pytest.mark.slow
def test_releases_that_change_under_load_fail_nobody(
    make_approved: Callable[..., Any], approve_another: Any, run: Any, tmp_path: Path
) -> None:
    given = make_approved(tmp_path)
    app = create_app(given.workspace)
    with run(app) as address:
        crowd = Crowd(address, 3)
        made = [given.release.id]
        for _ in range(3):
            made.append(approve_another(given).id)
            until = time.monotonic() + 60
            while made[-1] not in crowd.releases[-3:]:
                assert time.monotonic() < until
                time.sleep(0.02)
        crowd.end()
    assert set(crowd.statuses) == {200}
    assert list(dict.fromkeys(crowd.releases)) == made and app.state.serving.releases.swaps == 3
