"""What knobs are made of: a field with unit and reason, and the ways in which values are read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo

from beside.core.errors import BadOption

Model = TypeVar("Model", bound=BaseModel)


def knob(default: Any, unit: str, reason: str, **bounds: Any) -> Any:
    """A recipe field: its default, its unit and why the default is what it is."""
    return Field(default, description=reason, json_schema_extra={"unit": unit}, **bounds)


def read_knobs(model: type[Model], kind: str, settings: Sequence[str], values: dict[str, Any]) -> Model:
    """These values, then `key=value` settings; `none` or `auto` leaves open what may be left open. Raises as `checked` does."""
    values = dict(values)
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise BadOption(f"Cannot read the setting '{setting}'.", "Write key=value, for example --set epochs=3.")
        if key.strip() in old(model):
            raise BadOption(f"'{key.strip()}' was renamed.", old(model)[key.strip()])
        field, plain = model.model_fields.get(key.strip()), value.strip()
        left_open = plain.lower() in {"none", "auto"} and field is not None and field.default is None
        values[key.strip()] = None if left_open else plain
    return checked(model, values, kind)


def read_toml(file: Path | None) -> dict[str, Any]:
    """The table in a TOML file; empty for no file."""
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadOption(f"There is no file '{file}'.", "Give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadOption(f"Cannot read '{file}' as TOML: {error}.", "See examples/sentiment/recipe.toml.") from error


def checked(model: type[Model], values: dict[str, Any], kind: str) -> Model:
    """The validated model; every refusal says what was given and what is allowed."""
    for key in values:
        if key not in model.model_fields and key not in old(model):
            close = get_close_matches(key, model.model_fields, n=1, cutoff=0.5)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            raise BadOption(f"Unknown {kind} key '{key}'.", f"Known keys: {', '.join(model.model_fields)}.{guess}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        field = model.model_fields.get(str(first["loc"][0])) if first["loc"] else None
        hint = f"{where}: {describe(field)}" if field else f"See the {kind}'s documentation."
        raise BadOption(f"{kind.capitalize()} key '{where}' cannot be {first.get('input')!r}: {first['msg']}.", hint) from error


def old(model: type[BaseModel]) -> Mapping[str, str]:
    """Keys that files from before may hold and nobody writes any more, each with what to write instead."""
    found: Mapping[str, str] = getattr(model, "OLD", {})
    return found


def describe(field: FieldInfo) -> str:
    """One line about a knob: its unit, default and reason."""
    extra = field.json_schema_extra
    unit = extra.get("unit", "") if isinstance(extra, dict) else ""
    return f"unit {unit}, default {field.default}; {field.description}"
