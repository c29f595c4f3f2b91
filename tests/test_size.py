"""Files stay under 300 lines and functions under 50. What is larger is named here with its size, and may only shrink."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES, FUNCTION_LINES = 300, 50

# path -> lines when it was let through
LARGE_FILES: dict[str, int] = {}
# path::function -> lines when it was let through
LARGE_FUNCTIONS: dict[str, int] = {}


def sources() -> list[Path]:
    return sorted(file for folder in ("src", "tests", "tools", "benchmarks") for file in (ROOT / folder).rglob("*.py"))


def lines_of_files() -> Iterator[tuple[str, int]]:
    for file in sources():
        yield file.relative_to(ROOT).as_posix(), len(file.read_text(encoding="utf-8").splitlines())


def lines_of_functions() -> Iterator[tuple[str, int]]:
    """A function's lines without its decorators and docstring, which may be as long as they are useful."""
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                said = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
                documented = (said.end_lineno or 0) - said.lineno + 1 if said else 0
                yield f"{file.relative_to(ROOT).as_posix()}::{node.name}", (node.end_lineno or 0) - node.lineno + 1 - documented


def too_large(measured: Iterator[tuple[str, int]], limit: int, allowed: dict[str, int]) -> list[str]:
    return [f"{name}: {lines} lines" for name, lines in measured if lines >= max(limit, allowed.get(name, 0) + 1)]


def no_longer_large(measured: Iterator[tuple[str, int]], limit: int, allowed: dict[str, int]) -> list[str]:
    sizes = dict(measured)
    return [name for name, lines in allowed.items() if not limit <= sizes.get(name, 0) == lines]


def test_files_fit_on_a_few_screens():
    assert too_large(lines_of_files(), FILE_LINES, LARGE_FILES) == []


def test_functions_fit_on_one_screen():
    assert too_large(lines_of_functions(), FUNCTION_LINES, LARGE_FUNCTIONS) == []


@pytest.mark.parametrize(
    "measure, limit, allowed", [(lines_of_files, FILE_LINES, LARGE_FILES), (lines_of_functions, FUNCTION_LINES, LARGE_FUNCTIONS)]
)
def test_the_list_of_exceptions_shrinks_as_they_do(measure, limit, allowed):
    assert no_longer_large(measure(), limit, allowed) == [], "write the smaller number, or take the line out"
