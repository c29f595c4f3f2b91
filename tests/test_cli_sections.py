"""`beside --help` shows every command once, the loop first and in its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from beside.cli.commands import app
from beside.cli.sections import SECTIONS


def shown(text: str) -> list[str]:
    return re.findall(r"^  ([a-z][a-z-]*) {2,}", text, flags=re.MULTILINE)


def test_help_names_every_command_once(beside: Any, tmp_path: Path) -> None:
    ended = beside("--help", cwd=tmp_path)
    assert ended.code == 0
    assert sorted(shown(ended.out)) == sorted(get_command(app).commands)  # type: ignore[attr-defined]  # a group


def test_help_begins_with_the_loop_in_its_order(beside: Any, tmp_path: Path) -> None:
    loop = SECTIONS["The loop, in order"]
    assert tuple(shown(beside("--help", cwd=tmp_path).out)[: len(loop)]) == loop


def test_every_command_has_a_section() -> None:
    named = {name for names in SECTIONS.values() for name in names}
    assert set(get_command(app).commands) <= named, "give the new command a place in SECTIONS"  # type: ignore[attr-defined]
