"""The API over a workspace with an approved release, asked without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api.app import create_app


def asking(app: FastAPI, *, key: str = "", at: str = "127.0.0.1:8321", client: str = "127.0.0.1", **headers: str) -> TestClient:
    """A client of an application: on this machine unless told otherwise."""
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return TestClient(app, base_url=f"http://{at}", client=(client, 50_000), headers=headers, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def app(approved: Any) -> FastAPI:
    """Shared: ask it, but change nothing in its workspace."""
    return create_app(approved.workspace)


@pytest.fixture
def local(app: FastAPI) -> Iterator[TestClient]:
    """Somebody at this machine, without a key."""
    with asking(app) as client:
        yield client


@pytest.fixture
def remote(approved: Any) -> FastAPI:
    """The same workspace, served on an address that others can reach."""
    return create_app(approved.workspace, host="0.0.0.0")


@pytest.fixture(scope="session")
def ask() -> Callable[..., TestClient]:
    return asking


@pytest.fixture(scope="session")
def keys(approved: Any) -> dict[str, str]:
    """One key for each role."""
    people = approved.workspace.people
    return {role: people.add(approved.owner, f"one-{role}", [role]) for role in ("owner", "builder", "reviewer", "caller")}
