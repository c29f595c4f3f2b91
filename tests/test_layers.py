"""Arrows point one way: import-linter reads every import of the package and the rules in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINT = "import sys; sys.argv[1:] = ['--no-cache', '--no-logo']; from importlinter.cli import lint_imports_command as lint; lint()"


def test_every_import_points_from_left_to_right():
    done = subprocess.run([sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_no_drawer_for_odds_and_ends():
    names = {path.stem for path in (ROOT / "src" / "beside").rglob("*")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}
