"""Labels in columns of their own, a yes or no each (`toxic,insult,threat`): they become one column with a list of labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from beside.core.interfaces import RawRow, Refused

YES = {"1", "true", "yes", "y", "x", "✓", "是", "有"}
NO = {"", "0", "false", "no", "n", "-", "否", "无"}


def columns_in(label: str | None, there: Sequence[str]) -> list[str]:
    """The columns that `a,b,c` names, when it is no column itself and all of its parts are; otherwise none."""
    names = [name.strip() for name in (label or "").split(",") if name.strip()]
    return names if len(names) > 1 and label not in there and set(names) <= set(there) else []


def in_one(rows: Iterable[RawRow | Refused], label: str, names: Sequence[str]) -> Iterator[RawRow | Refused]:
    """The same rows with a cell `label` that lists the columns in which it says yes; one that says neither is refused."""
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        said = {name: row.cells.get(name, "").strip().casefold() for name in names}
        said = {name: str(int(float(value))) if is_whole(value) else value for name, value in said.items()}
        odd = next((name for name, value in said.items() if value not in YES | NO), None)
        if odd is not None:
            yield Refused(line=row.line, why=f"the column '{odd}' holds '{said[odd][:40]}', which is neither yes (1) nor no (0)")
            continue
        listed = json.dumps([name for name in names if said[name] in YES], ensure_ascii=False)
        kept = {name: value for name, value in row.cells.items() if name not in names}
        yield RawRow(line=row.line, cells={**kept, label: listed})


def is_whole(value: str) -> bool:
    """Whether it is a number like 1.0."""
    try:
        return float(value).is_integer()
    except ValueError:
        return False
