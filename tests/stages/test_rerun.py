"""Whether a repetition counts as the same: other weights are excused by other versions alone, and only with the same scores."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from beside.stages.rerun import changed_files, changed_versions, verdict_of

NEWER = {"torch": ("2.13.0", "2.14.0")}


@pytest.mark.parametrize(
    "changed, again, versions, verdict",
    [
        ([], {"accuracy": 0.9}, {}, "same weights"),
        ([], {"accuracy": 0.9}, NEWER, "same weights"),
        (["model.safetensors"], {"accuracy": 0.9}, {}, "differs"),
        (["model.safetensors"], {"accuracy": 0.90001}, NEWER, "same scores"),
        (["model.safetensors"], {"accuracy": 0.91}, NEWER, "differs"),
        (["model.safetensors"], {"accuracy": 0.9, "macro_f1": 0.9}, NEWER, "differs"),
    ],
)
def test_the_verdict(changed: list[str], again: dict[str, float], versions: dict[str, tuple[str, str]], verdict: str) -> None:
    assert verdict_of(changed, {"accuracy": 0.9}, again, versions) == verdict


def test_files_that_changed_came_or_went_are_named(tmp_path: Path) -> None:
    for name in ("same", "other", "new"):
        (tmp_path / name).write_text(name)
    stored = {"same": sha256(b"same").hexdigest(), "other": sha256(b"was").hexdigest(), "gone": sha256(b"gone").hexdigest()}
    assert changed_files(stored, tmp_path) == ["gone", "new", "other"]


def test_versions_that_changed_are_shown_side_by_side() -> None:
    stored, present = {"torch": "2.13.0", "python": "3.11", "old": "1"}, {"torch": "2.14.0", "python": "3.11", "peft": "0.21"}
    expected = {"old": ("1", "not noted"), "peft": ("not noted", "0.21"), "torch": ("2.13.0", "2.14.0")}
    assert changed_versions(stored, present) == expected
