"""What a search may change: for each knob of a recipe a range or choices, read from TOML and checked against the knobs."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from math import inf, prod
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, ValidationError, model_validator

from beside.core.errors import BadOption
from beside.core.recipe import Recipe, checked, read_toml
from beside.core.types import Value

NEVER = ("seed", "threads", "epoch_report")  # searching these would choose luck, or nothing
SEARCHABLE = tuple(key for key in Recipe.model_fields if key not in NEVER)
EXAMPLE = "Write [learning_rate] low = 1e-5, high = 1e-3, log = true; or [method] choices = ['lpft', 'full']."
KEYS = ("low", "high", "log", "step", "choices")


class Reach(Value):
    """Where one knob may go: from `low` to `high`, or to one of `choices`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False  # equal steps are equal ratios
    step: int | float | None = None
    choices: tuple[str | int | float | bool, ...] = ()

    @model_validator(mode="after")
    def one_of_both(self) -> Reach:
        """A range or choices, never both; a range that has a length."""
        if self.choices:
            if self.model_fields_set - {"choices"}:
                raise ValueError("give choices alone, or low and high")
            if len(set(map(repr, self.choices))) < len(self.choices):
                raise ValueError("a choice is given twice")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("low must be below high")
        elif self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs a low above 0, and takes no step")
        elif self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError("step must be above 0 and no longer than the range")
        return self

    def ends(self) -> tuple[Any, ...]:
        """The values that must be good ones for all to be."""
        return self.choices or (self.low, self.high)


Space = dict[str, Reach]


def read_space(file: Path) -> Space:
    """The space in a TOML file: one table per knob.

    Raises:
        BadOption: unknown knob (the hint names a close one), a value the knob does not take, an unreadable file.
    """
    tables = read_toml(file)
    if not tables:
        raise BadOption(f"The space '{file}' is empty: there is nothing to search.", EXAMPLE)
    return {knob: reach_of(knob, table) for knob, table in tables.items()}


def reach_of(knob: str, table: Any) -> Reach:
    """One knob's reach, checked against the recipe. Raises as `read_space` does."""
    if knob not in SEARCHABLE:
        close = get_close_matches(knob, SEARCHABLE, n=1, cutoff=0.5)
        guess = f" Did you mean '{close[0]}'?" if close else ""
        what = f"'{knob}' is no knob to search." if knob in NEVER else f"There is no knob '{knob}' to search."
        raise BadOption(what, f"Knobs: {', '.join(SEARCHABLE)}.{guess}")
    if not isinstance(table, Mapping):
        raise BadOption(f"The reach of '{knob}' cannot be {table!r}.", EXAMPLE)
    for key in table:
        if key not in KEYS:
            close = get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            raise BadOption(f"The reach of '{knob}' has no key '{key}'.", f"Keys: {', '.join(KEYS)}.{guess}")
    try:
        reach = Reach.model_validate(dict(table))
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BadOption(f"The reach of '{knob}' cannot be {dict(table)!r}: {why}.", EXAMPLE) from error
    kinds = kinds_of(knob)
    if not reach.choices and not kinds & {int, float}:
        raise BadOption(f"The knob '{knob}' is no number: it has no range.", f"List its values: [{knob}] choices = [...].")
    if (
        not reach.choices
        and float not in kinds
        and not all(isinstance(one, int) for one in (reach.low, reach.high, reach.step or 1))
    ):
        raise BadOption(f"The knob '{knob}' takes whole numbers.", f"It cannot go from {reach.low!r} to {reach.high!r}.")
    for value in reach.ends():
        checked(Recipe, {knob: value}, "recipe")
    return reach


def kinds_of(knob: str) -> set[Any]:
    """The plain types that a knob takes."""
    hint = get_type_hints(Recipe)[knob]
    return {kind for kind in (get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)) if kind is not type(None)}


def default_space(recipe: Recipe, filled: Recipe, layers: int) -> Space:
    """What is worth trying around a recipe; knobs that the recipe sets itself stay as they are.

    Args:
        filled: the recipe with every knob as a training would choose it; rates and epochs are searched around those.
        layers: of the base, as far as they can be frozen one by one; 0 = none.
    """
    if recipe.method == "probe":  # takes no steps: all that steps need would change nothing
        probed: dict[str, tuple[str, ...]] = {
            "head_start": ("logistic", "prototype"),
            "pooling": ("unit", "mean", "cls"),
            "class_weights": ("none", "balanced"),
        }
        return still_open({knob: Reach(choices=choices) for knob, choices in probed.items()}, recipe)
    rate, epochs = filled.learning_rate or 1e-4, filled.epochs or 4
    wide: Space = {
        "learning_rate": Reach(low=rate / 10, high=min(1.0, 5 * rate), log=True),
        "epochs": Reach(low=max(1, epochs // 2), high=2 * epochs),
        "batch_size": Reach(choices=(8, 16, 32)),
        "weight_decay": Reach(low=1e-3, high=0.1, log=True),
        "warmup": Reach(low=0.0, high=0.2),
        "dropout": Reach(low=0.0, high=0.3),
    }
    if recipe.base != "scratch":
        wide["method"] = Reach(choices=("lpft", "full"))
    if layers > 1 and filled.frozen_layers:
        wide["frozen_layers"] = Reach(low=0, high=layers - 1)
    return still_open(wide, recipe)


def still_open(space: Space, recipe: Recipe) -> Space:
    """The part of a space that a recipe does not set itself."""
    return {knob: reach for knob, reach in space.items() if getattr(recipe, knob) == Recipe.model_fields[knob].default}


def must_be_open(space: Space, recipe: Recipe) -> None:
    """Does nothing when no knob is both fixed and searched.

    Raises:
        BadOption: one is.
    """
    for knob in space:
        if getattr(recipe, knob) != Recipe.model_fields[knob].default:
            given = f"The knob '{knob}' is set to {getattr(recipe, knob)!r} and searched at once."
            raise BadOption(given, f"Take it out of the space, or out of --set, --base, --method and --recipe: {knob}.")


def size_of(space: Space) -> float:
    """How many different sets of values there are; infinite with any continuous knob."""
    return prod(len(values) if (values := values_of(knob, reach)) else inf for knob, reach in space.items())


def values_of(knob: str, reach: Reach) -> list[Any]:
    """Every value a knob can take, in order; empty when they cannot be counted."""
    if reach.choices:
        return list(reach.choices)
    if reach.low is None or reach.high is None or kinds_of(knob) & {float}:
        return []
    return list(range(int(reach.low), int(reach.high) + 1, int(reach.step or 1)))
