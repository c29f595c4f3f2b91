"""Options of checks: set by a policy's table or on the command line, checked against the check's own fields.

A check is a frozen dataclass; its fields are its options. A field whose metadata says `given` is filled by the audit (a model to
compare with) and is no option.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from beside.core import registry
from beside.core.errors import BadOption

Table = Mapping[str, Mapping[str, Any]]  # "aspect/name" -> option -> value


def wanted(check: Any) -> list[str]:
    """Names of what the audit gives to this check: `parent`, `champion`, `base`; none for most."""
    return [one.name for one in fields(check) if one.metadata.get("given")] if is_dataclass(check) else []


def options(check: Any) -> dict[str, Any]:
    """The options of a check with their present values."""
    return {one.name: getattr(check, one.name) for one in settable(check)}


def settable(check: Any) -> list[Any]:
    """The dataclass fields that are options."""
    return [one for one in fields(check) if one.init and not one.metadata.get("given")] if is_dataclass(check) else []


def read_settings(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """`aspect/name.option=value` settings as a table; values are read as TOML, and as plain text where they are none.

    Raises:
        BadOption: a setting of another shape.
    """
    table: dict[str, dict[str, Any]] = {}
    for setting in settings:
        place, equals, value = setting.partition("=")
        check, dot, option = place.strip().partition(".")
        if not (equals and dot and check and option):
            hint = "Write aspect/name.option=value, for example --set calibration/ece.bins=10."
            raise BadOption(f"Cannot read the setting '{setting}'.", hint)
        table.setdefault(check, {})[option] = plain(value.strip())
    return table


def plain(value: str) -> Any:
    """A value as TOML reads it; the text itself when it is no TOML value or has no place in JSON."""
    try:
        read = tomllib.loads(f"value = {value}")["value"]
        json.dumps(read)
    except (tomllib.TOMLDecodeError, TypeError):
        return value
    return read


def written(value: Any) -> str:
    """A value as a setting writes it, so that `plain` reads the same."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def merged(tables: Iterable[Table]) -> dict[str, dict[str, Any]]:
    """One table of several; what comes later wins."""
    whole: dict[str, dict[str, Any]] = {}
    for table in tables:
        for check, values in table.items():
            whole.setdefault(check, {}).update(values)
    return whole


def with_options(name: str, check: Any, values: Mapping[str, Any], folder: Path | None = None, what: str = "check") -> Any:
    """The check with these options.

    Args:
        folder: what relative paths in options are relative to; None = the current folder.
        what: the word for it, when it is no check.

    Raises:
        BadOption: no such option, or a value of another type or out of range; says what there is.
    """
    known = {one.name: one for one in settable(check)}
    changed: dict[str, Any] = {}
    for option, value in values.items():
        if option not in known:
            close = get_close_matches(option, known, n=1, cutoff=0.5)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            raise BadOption(f"The {what} {name} has no option '{option}'.", f"Its options: {', '.join(known) or 'none'}.{guess}")
        kind = get_type_hints(type(check))[option]
        changed[option] = located(typed(name, known[option], kind, value), kind, known[option].metadata, folder)
    if not changed:
        return check
    try:
        return replace(check, **changed)
    except ValueError as error:
        told = ", ".join(f"{option} = {value}" for option, value in values.items())
        raise BadOption(f"The {what} {name} does not take {told}: {error}", hint_of(known[next(iter(changed))])) from error


def typed(name: str, field: Any, kind: Any, value: Any) -> Any:
    """A value as the option's type; text stays text where text is asked for. Raises as `with_options` tells."""
    reader = TypeAdapter(kind)
    tries = [value] if isinstance(value, str) else [value, str(value)]  # `2024` may be meant as a word
    for one in tries:
        try:
            return reader.validate_json(json.dumps(one), strict=True)
        except ValidationError:
            continue
    named = getattr(kind, "__name__", None) if get_origin(kind) is None else None
    allowed = f"It takes {named or str(kind).replace('typing.', '')}. {hint_of(field)}"
    raise BadOption(f"The option {field.name} of {name} cannot be {value!r}.", allowed)


def hint_of(field: Any) -> str:
    """One line about an option: unit, default and reason."""
    unit, reason = field.metadata.get("unit", ""), field.metadata.get("reason", "")
    return f"{field.name}: unit {unit}, default {field.default}; {reason}"


def located(value: Any, kind: Any, metadata: Mapping[str, Any], folder: Path | None) -> Any:
    """A relative path put below `folder`; anything else as it is."""
    if folder is None or value is None or value == "" or not is_path(kind, metadata):
        return value
    whole = folder / Path(value).expanduser()
    return whole if isinstance(value, Path) else str(whole)


def is_path(kind: Any, metadata: Mapping[str, Any]) -> bool:
    """Whether an option names a file or a folder: by its type, or by its unit."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return Path in kinds or metadata.get("unit") in ("file", "folder", "path")


def files_named(check: Any) -> list[Path]:
    """The files that options of a check name and that are there."""
    hints = get_type_hints(type(check)) if is_dataclass(check) else {}
    named = [getattr(check, one.name) for one in settable(check) if is_path(hints[one.name], one.metadata)]
    return [Path(one) for one in named if one and Path(one).is_file()]


def must_exist(table: Table) -> None:
    """Does nothing when every check that options are set for exists.

    Raises:
        UnknownName: one does not; the hint names a close one.
    """
    for check in table:
        registry.source("checks", check)
