"""The API over a workspace with an approved release: asked without a network, and on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.loop import Loop


def asking(app: FastAPI, *, key: str = "", at: str = "127.0.0.1:8321", client: str = "127.0.0.1", **headers: str) -> TestClient:
    """A client of an application: on this machine, without a key, unless told otherwise."""
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return TestClient(app, base_url=f"http://{at}", client=(client, 50_000), headers=headers, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def ask() -> Callable[..., TestClient]:
    return asking


@pytest.fixture(scope="session")
def app(approved: Any) -> FastAPI:
    """Shared: ask it, but change no file and sign nothing in its workspace."""
    return create_app(approved.workspace)


@pytest.fixture(scope="session")
def local(app: FastAPI) -> TestClient:
    """Somebody at this machine, without a key."""
    return asking(app)


@pytest.fixture(scope="session")
def remote(approved: Any) -> FastAPI:
    """The same workspace, served on an address that others can reach."""
    return create_app(approved.workspace, host="0.0.0.0")


@pytest.fixture(scope="session")
def keys(approved: Any) -> dict[str, str]:
    """One key for each role."""
    people = approved.workspace.people
    return {role: people.add(approved.owner, f"one-{role}", [role]) for role in ("admin", "builder", "reviewer", "user")}


@pytest.fixture
def approve_another(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """`approve_another(given)`: one more release of the same run, approved; without the truth test, which takes a process."""

    def approved(given: Any) -> Any:
        boss = Loop(given.workspace, given.owner)
        run = boss.records.run(given.owner, given.release.run_id)
        boss.records.count_test_use(given.owner, run.corpus_id, run.id, "one more look")  # else it would be the same release again
        draft = boss.release(given.release.run_id, "sandbox")
        return boss.review(draft.id, "approve", "It holds what it promises.")

    monkeypatch.setattr("beside.engine.runtime.same_answers", lambda first, second, texts: 0.0)
    return approved
