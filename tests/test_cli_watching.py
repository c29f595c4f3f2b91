"""Watching a release from the command line: a trial alarm says whether it left."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def home(beside: Any, tmp_path: Path) -> Path:
    assert beside("new", tmp_path / "ws", cwd=tmp_path).code == 0
    return tmp_path / "ws"


def test_a_trial_alarm_needs_somebody_to_send_it_to(beside: Any, home: Path) -> None:
    ended = beside("alerts", cwd=home)
    assert ended.code == 2 and "[alerts]" in ended.err


def test_a_trial_that_does_not_leave_ends_with_1_and_says_why(beside: Any, home: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with (home / "beside.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[alerts]\nwebhook = "http://127.0.0.1:{port}/"\n')
    ended = beside("alerts", "--json", cwd=home)
    assert ended.code == 1 and "could not be sent by webhook" in ended.err
    assert [(one["way"], one["sent"]) for one in ended.json] == [("webhook", False)]
