"""Folder -> capabilities."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from beside.core import registry
from beside.core.errors import UnknownName

FAMILY_AND_NAME = [(family, name) for family in registry.FAMILIES for name in registry.names(family)]


@pytest.mark.parametrize(("family", "name"), FAMILY_AND_NAME)
def test_every_file_of_a_family_is_a_capability_with_a_summary(family: str, name: str) -> None:
    assert registry.summary(family, name).strip(), f"{family}/{name}.py needs a first docstring line"
    assert f"\n{registry.FAMILIES[family]} = " in registry.source(family, name).read_text(encoding="utf-8") or (
        f"\nclass {registry.FAMILIES[family]}" in registry.source(family, name).read_text(encoding="utf-8")
    ), f"{family}/{name}.py must define `{registry.FAMILIES[family]}`"


def test_a_new_file_is_a_capability_without_any_other_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "checks" / "privacy"
    folder.mkdir(parents=True)
    (folder / "membership.py").write_text('"""Who was in it?"""\ncheck = 1\n', encoding="utf-8")
    (folder / "_helper.py").write_text("", encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(registry, "HOME", tmp_path)
    assert registry.names("checks") == ["privacy/membership"]
    assert registry.summary("checks", "privacy/membership") == "Who was in it?"


def test_an_unknown_name_is_refused_with_what_there_is_and_a_close_one() -> None:
    with pytest.raises(UnknownName, match="no check 'robustness/typo'") as caught:
        registry.load("checks", "robustness/typo")
    assert "utility/report" in caught.value.hint
    assert caught.value.hint.endswith("Did you mean 'robustness/typos'?")
    with pytest.raises(UnknownName, match="no capability family 'chekcs'"):
        registry.names("chekcs")


@pytest.mark.parametrize("name", ["../core/types", "/etc/passwd", "utility/_floor", "", "utility/report.py"])
def test_a_path_is_no_name(name: str) -> None:
    with pytest.raises(UnknownName):
        registry.load("checks", name)


def test_listing_imports_no_capability() -> None:
    code = "import sys; from beside.core import registry as r; [r.summary(f, n) for f in r.FAMILIES for n in r.names(f)]; "
    code += "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'sklearn') or m.startswith('beside.checks')])"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(registry.HOME.parent)}
    )
    assert told.stdout.strip() == "[]"
