"""Looking at Beside is instant: help and lists load no heavy library. Measured by what is imported, not by a clock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "transformers",
    "tokenizers",
    "sklearn",
    "scipy",
    "pandas",
    "pyarrow",
    "datasets",
    "sqlalchemy",
    "alembic",
    "fastapi",
    "altair",
)
RUN = """
import json, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
{code}
print(json.dumps(sorted(set(sys.modules) & set(sys.argv[1].split()))))
"""
ASK = """
from beside.cli import main
for words in {commands}:
    argv, sys.argv = sys.argv, ["beside", *words]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        try:
            main()
        except SystemExit as end:
            assert not end.code, f"beside {{words}} ended with {{end.code}}"
    sys.argv = argv
"""
LISTING = """
from beside.core import registry
listed = [registry.summary(family, name) for family in registry.FAMILIES for name in registry.names(family)]
assert listed and all(listed)
"""


def heavy_modules_after(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(code=code), ",".join(HEAVY)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import beside", id="import beside"),
        pytest.param(LISTING, id="the registry"),
        pytest.param(ASK.format(commands=[["--help"], ["--version"]]), id="beside --help"),
        pytest.param(ASK.format(commands=[["train", "--help"], ["serve", "--help"]]), id="beside COMMAND --help"),
        pytest.param(ASK.format(commands=[["list", "capabilities"]]), id="beside list capabilities"),
    ],
)
def test_nothing_heavy_is_imported_by(code):
    assert heavy_modules_after(code) == []
