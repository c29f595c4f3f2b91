"""Behavioural test cases: what one says, how a table file of them is read, and which built-in ones fit a model."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beside.core.errors import BadInput
from beside.core.types import Splits

KINDS = ("MFT", "INV", "DIR")
NEEDED = {"MFT": ("text", "label"), "INV": ("text", "edited"), "DIR": ("text", "edited", "label", "direction")}
COLUMNS = ("kind", "capability", "text", "edited", "label", "direction")
DIRECTIONS = ("up", "down")
BUILT_IN = Path(__file__).parent.parent / "data" / "support"
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One expectation. MFT: `text` is answered `label`. INV: `edited` is answered as `text` is. DIR: in `edited` the probability
    of `label` is higher (`up`) or lower (`down`) than in `text`.
    """

    kind: str
    capability: str
    text: str
    edited: str = ""
    label: str = ""
    direction: str = ""
    line: int = 0


def read_cases(file: Path) -> list[Case]:
    """The cases in a CSV file with a header, or in a TOML file with one `[[case]]` table each.

    Raises:
        BadInput: no such file, no case in it, or a row that cannot be a case; the message names the line.
    """
    try:
        content = file.expanduser().read_text(encoding="utf-8-sig")
        rows = from_toml(content) if file.suffix.lower() == ".toml" else from_csv(content)
    except OSError:
        raise BadInput(f"There is no table of cases '{file}'.", "Give a CSV or TOML file; see docs/behaviour-cases.md.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"Cannot read '{file}': it is not UTF-8.", "Save the file as UTF-8.") from error
    except (tomllib.TOMLDecodeError, csv.Error) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "See docs/behaviour-cases.md.") from error
    cases = [case_of(row, line, file.name) for line, row in rows]
    if not cases:
        raise BadInput(f"'{file}' holds no case.", f"Give it a first line: {','.join(COLUMNS)}")
    return cases


def from_csv(content: str) -> list[tuple[int, dict[Any, Any]]]:
    """(line in the file, its cells) of every row that is not empty."""
    reader = csv.DictReader(content.splitlines(keepends=True), strict=True)
    rows = [(reader.line_num, row) for row in reader]
    return [(line, row) for line, row in rows if any(row.values())]


def from_toml(content: str) -> list[tuple[int, dict[Any, Any]]]:
    """(line of its `[[case]]`, its keys) of every case."""
    cases = tomllib.loads(content).get("case", [])
    lines = [number for number, line in enumerate(content.splitlines(), start=1) if re.match(r"\s*\[\[\s*case\s*\]\]", line)]
    return list(zip(lines, cases, strict=False)) if isinstance(cases, list) else []


def case_of(row: dict[Any, Any], line: int, name: str) -> Case:
    """One row as a case. Raises BadInput as `read_cases` tells."""

    def bad(what: str, hint: str) -> BadInput:
        return BadInput(f"Line {line} of '{name}': {what}.", hint)

    unknown = [key for key in row if key not in COLUMNS]
    if unknown:
        what = "more cells than columns" if None in unknown else f"unknown column '{unknown[0]}'"
        raise bad(what, f"Columns: {', '.join(COLUMNS)}. A text with a comma stands in double quotes.")
    cells = {key: str(value or "").strip() for key, value in row.items()}
    kind = cells.get("kind", "").upper()
    if kind not in KINDS:
        raise bad(f"there is no kind '{cells.get('kind', '')}'", f"Kinds: {', '.join(KINDS)}.")
    for column in NEEDED[kind]:
        if not cells.get(column):
            raise bad(f"{kind} needs '{column}'", f"{kind} needs: {', '.join(NEEDED[kind])}.")
    if kind == "DIR" and cells["direction"] not in DIRECTIONS:
        raise bad(f"there is no direction '{cells['direction']}'", f"Directions: {', '.join(DIRECTIONS)}.")
    if kind != "MFT" and cells["edited"] == cells["text"]:
        raise bad("'edited' is the same as 'text'", "Write the changed text into 'edited'.")
    return Case(**{**cells, "kind": kind, "capability": cells.get("capability") or kind}, line=line)


def built_in(labels: Sequence[str], splits: Splits) -> list[Case]:
    """The cases for customer service in the corpus's language; none unless the model knows at least two of their labels.

    Cases whose label the model does not know are left out.
    """
    known = set(labels)
    chinese = sum(bool(HAN.search(example.text)) for example in splits.test) > len(splits.test) / 2
    cases = read_cases(BUILT_IN / f"cases_{'zh' if chinese else 'en'}.csv")
    if len(known & {case.label for case in cases if case.label}) < 2:
        return []
    return [case for case in cases if not case.label or case.label in known]
