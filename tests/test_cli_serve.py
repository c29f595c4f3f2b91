"""`beside serve` as its owner meets it: a link that signs in, the key they have untouched, a taken address refused."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from beside.cli.frame import login_name
from beside.store.workspace import Workspace


def wait_for(ready: Callable[[], bool]) -> None:
    until = monotonic() + 60
    while not ready():
        assert monotonic() < until
        sleep(0.05)


@pytest.mark.slow
def test_serving_signs_its_owner_in_and_leaves_their_key_as_it_was(beside: Any, tmp_path: Path) -> None:
    assert beside("new", "desk", cwd=tmp_path).code == 0
    desk = tmp_path / "desk"
    key = beside("user", login_name(), "--role", "admin", "--json", cwd=desk).json["key"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = beside.start("serve", "--port", port, cwd=desk)
    try:
        wait_for(lambda: "/sign-in?key=" in beside.heard(started))
        link = re.search(r"http\S+/sign-in\?key=\S+", beside.heard(started))
        assert link
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        signed_in = httpx.get(link[0])
        assert signed_in.status_code == 303 and "beside_session" in signed_in.cookies
        assert httpx.get(link[0]).status_code == 401  # it works once
        with_key = httpx.get(f"http://127.0.0.1:{port}/v1/corpora", headers={"Authorization": f"Bearer {key}"})
        assert with_key.status_code == 200 and with_key.json() == []
        with socket.socket() as second:
            assert second.connect_ex(("127.0.0.1", port)) == 0
        taken = beside("serve", "--port", port, cwd=desk)
        assert taken.code == 2 and "Cannot serve at" in taken.err and "--port" in taken.err
    finally:
        os.kill(started["pid"], signal.SIGINT)
    ended = beside.join(started)
    assert ended.code == 0 and "Traceback" not in ended.err
    opened = Workspace.open(desk, create=False)
    assert opened.people.by_key(key) is not None
    opened.close()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False
