"""Folder -> capabilities. A file is a capability; its name is its public name; registration cannot be forgotten.

`names` and `summary` read file names and first docstring lines from source, so listing imports nothing heavy. `load` imports
the one file asked for and returns the object that carries the family's singular name: `checks/robustness/typos.py` defines
`check`, `methods/full.py` defines `method`.
"""

from __future__ import annotations

import ast
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from beside.core.errors import UnknownName

HOME = Path(__file__).parent.parent
PARSING = Lock()  # two threads in `ast.parse` at once can end in "AST constructor recursion depth mismatch" (CPython issue 106905)

# family folder -> the name that every one of its files defines
FAMILIES = {
    "readers": "reader",
    "recognizers": "recognizer",
    "surrogates": "surrogate",
    "perturbations": "perturbation",
    "tasks": "task",
    "methods": "method",
    "defences": "defence",
    "compressors": "compressor",
    "explainers": "explainer",
    "trackers": "tracker",
    "checks": "check",
    "guards": "guard",
    "applications": "application",
}


def names(family: str) -> list[str]:
    """Public names of a family's capabilities, sorted: `utility/report`, `full`, ...

    Raises:
        UnknownName: if there is no such family.
    """
    if family not in FAMILIES:
        raise unknown("capability family", family, list(FAMILIES))
    return list(listed(HOME / family))


@cache
def listed(folder: Path) -> tuple[str, ...]:
    """The names in a family's folder, looked up once: a server asks for its guards with every text."""
    files = (file.relative_to(folder) for file in folder.rglob("*.py"))
    return tuple(sorted(file.with_suffix("").as_posix() for file in files if not file.name.startswith("_")))


def summary(family: str, name: str) -> str:
    """First docstring line of a capability, read from its source without importing it."""
    with PARSING:
        document = ast.get_docstring(ast.parse(source(family, name).read_text(encoding="utf-8"))) or ""
    return document.split("\n", 1)[0]


def load(family: str, name: str) -> Any:
    """The capability object itself; imports its file.

    Raises:
        UnknownName: if the family has no such capability; the hint names a close one.
    """
    source(family, name)
    module = import_module(".".join(["beside", family, *name.split("/")]))
    return getattr(module, FAMILIES[family])


def source(family: str, name: str) -> Path:
    """The file that defines a capability."""
    if name not in names(family):
        raise unknown(FAMILIES[family], name, names(family))
    return HOME / family / f"{name}.py"


def unknown(kind: str, given: str, allowed: list[str]) -> UnknownName:
    """The error for a name that is not there: what was given, what exists, what was probably meant."""
    close = get_close_matches(given, allowed, n=1, cutoff=0.5)
    guess = f" Did you mean '{close[0]}'?" if close else ""
    return UnknownName(f"There is no {kind} '{given}'.", f"There are: {', '.join(allowed) or 'none yet'}.{guess}")
