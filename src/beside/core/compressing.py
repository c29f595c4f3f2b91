"""What compression is made of: compressors and their workbench, chains of them, and what is told of the model that comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from beside.core import registry
from beside.core.errors import BadOption
from beside.core.options import options, plain, with_options, written

TOLD = "compression.json"  # in a model folder: what was made of which run, how it was measured, and on which processor
FAMILY = "compressors"
WHOLE = "torch"  # the form of a model as it is trained
FINAL = (
    "The model was compressed to a form that is final.",
    "Compress the run that it was made of.",
)  # message and hint of a refusal
WRITTEN = "A model that writes its answers cannot be compressed here.", "Train a smaller base instead."


class Fact(BaseModel):
    """Base of what is told: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Fact):
    """A value with its 95 % interval and the rows behind it."""

    value: float
    low: float
    high: float
    n: int


class Measured(Fact):
    """One form of a model against another on the same tune rows and the same machine."""

    form: str
    size: int  # bytes of the model folder
    speed: float  # texts per second, median of the repeats
    faster: Interval  # how many times as fast as the other; n counts the repeats
    score: Interval  # the task's main score
    gap: Interval  # its score minus the other's, same rows
    flips: Interval | None  # share of the rows that are answered otherwise; None where answers are near or far, not right or wrong
    company: Interval | None  # share of rows that are answered otherwise alone than among others
    why_not: str = ""  # why it was not taken; empty for one that might have been


class Compression(Fact):
    """What a compressed run says of itself, beside its model."""

    parent: str
    chain: tuple[str, ...]
    settings: dict[str, dict[str, Any]]  # compressor -> option -> value, all of them
    did: tuple[str, ...]  # a sentence of each compressor
    metric: str
    against_parent: Measured
    parent_size: int  # bytes
    parent_speed: float  # texts per second
    parent_score: Interval
    parameters: int | None  # of what is left; None for a graph
    threads: int
    processor: str
    candidates: tuple[Measured, ...] = ()  # forms that were measured to choose one, against the model before this step
    chosen: str = ""  # the form that was taken

    @property
    def final(self) -> bool:
        """Whether nothing more can be done to what came out: a graph, or matrices narrower than they were trained."""
        return self.chosen not in ("", WHOLE)


class Workbench(Protocol):
    """What a compressor works on and with. Models and tensors are torch's, called Any here.

    L tokens, B batch, H hidden size.
    """

    model: Any  # encoder, pooling and head (engine/model.py); a compressor changes it, or puts another in its place
    tokens: Any  # how it reads: `tokenizer`, `max_length`, `encode`, `raw`
    texts: Sequence[str]  # of the training rows
    tune: Sequence[str]  # texts of the tune rows
    unlabelled: Sequence[str]  # texts without an answer, when some were given
    private: bool  # whether the model keeps a promise of differential privacy, which looking at rows again would break
    plain: bool  # whether the model is an encoder with a head, without parts that a method added, whose layers run one by one
    apart: bool  # whether it reads the two texts of a pair one by one
    seed: int
    folder: Path  # for files in the making, this step's own

    def say(self, text: str) -> None:
        """One line for a person."""

    def ids(self, texts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        """Token ids and mask of the texts in batches, int64 arrays (B, L)."""

    def losses(self, rows: int) -> Iterator[Any]:
        """The task's mean loss of batches of training rows, gradients on and nothing dropped; so many rows, drawn by the seed."""

    def cut(self, heads: Sequence[Sequence[int]], neurons: Sequence[Sequence[int]]) -> None:
        """Leaves in each layer those heads and those feed-forward neurons."""

    def keep_layers(self, kept: Sequence[int]) -> None:
        """Leaves those layers, in their order."""

    def learn(self, teacher: Any, *, epochs: int, learning_rate: float, hidden: Sequence[int] = ()) -> str:
        """Trains the model on the answers of a teacher, through the one training loop; the tune split chooses the epoch.

        Args:
            teacher: the model as it was before.
            hidden: the teacher's layer that each layer of the model is to be like, counted from 1; none = answers alone.

        Returns:
            What came of it, in a sentence.
        """

    def forms(self, makers: Mapping[str, Callable[[Path], None]], loss: float, flips: float) -> None:
        """Saves the model in several forms, measures each, and goes on with the fastest that keeps both limits.

        Args:
            makers: name of a form -> what writes it into a folder.
            loss: largest fall of the main score on the tune split.
            flips: largest share of tune rows answered otherwise.

        Raises:
            GateClosed: none keeps them.
        """

    def graph(self, folder: Path) -> Path:
        """Writes the model as an ONNX graph with all that a model folder holds, and proves that it answers alike; the file."""

    def whole(self, folder: Path) -> None:
        """Writes the model as it is."""

    def half(self, folder: Path) -> None:
        """Writes the model with its matrices in bf16."""


class Compressor(Protocol):
    """A trained model -> a smaller or a faster one. A frozen dataclass; its fields are options (unit and reason in the metadata).

    The first option may be set by the compressor's name alone: `--set quantize=int8_static` is `--set quantize.form=int8_static`.
    """

    zh: str  # the file's first docstring line, said in Chinese
    last: bool  # whether nothing can be done to what it leaves

    def why_not(self, bench: Workbench) -> str | None:
        """Why this model cannot be compressed so; None when it can."""

    def compress(self, bench: Workbench) -> str:
        """Changes the model on the bench; what was done, in a sentence with its numbers."""


def chain_of(names: Sequence[str], settings: Sequence[str] = ()) -> dict[str, Any]:
    """Compressors by name, in order, with their options.

    Args:
        settings: `name.option=value`, or `name=value` for a compressor's first option.

    Raises:
        UnknownName: there is no such compressor; the hint names a close one.
        BadOption: one comes twice or behind one that must be the last, or an option is unknown or of another type.
    """
    if not names:
        raise BadOption("No compressor was named.", f"There are: {', '.join(registry.names(FAMILY))}.")
    chain = {name: registry.load(FAMILY, name) for name in names}
    if len(chain) < len(names):
        raise BadOption(f"A compressor is named twice in {','.join(names)}.", "Name each once.")
    for name in names[:-1]:
        if chain[name].last:
            raise BadOption(f"Nothing can follow {name}: what it leaves is not torch's to change.", f"Put {name} last.")
    for setting in settings:
        name, option, value = taken_apart(setting, chain)
        chain[name] = with_options(name, chain[name], {option: plain(value)}, what="compressor")
    return chain


def settings_of(table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Compressor -> option -> value, as the settings that `chain_of` takes."""
    return [f"{name}.{option}={written(value)}" for name, values in table.items() for option, value in values.items()]


def changed(chain: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Compressor -> option -> value, of those options alone that are not as they are by default."""
    default = {name: options(registry.load(FAMILY, name)) for name in chain}
    return {
        name: {option: value for option, value in options(one).items() if value != default[name][option]}
        for name, one in chain.items()
    }


def picture_of(told: Compression) -> dict[str, Any]:
    """What was gained and what it cost, as evidence that charts can draw: the parent, the forms measured, and what came out."""
    score, alone = told.parent_score, len(told.chain) == 1
    parent = {"name": "parent", "x": 1.0, "y": score.value, "low": score.low, "high": score.high, "size": told.parent_size}
    others = told.candidates if alone else ()  # in a longer chain they were held against another model
    points = [point_of(one) for one in others if one.form != told.chosen]
    end = {**point_of(told.against_parent), "name": told.chosen if alone else ", ".join(told.chain), "taken": True}
    return {"kind": "compression", "y": told.metric, "n": score.n, "points": [parent, *points, end]}


def point_of(one: Measured) -> dict[str, Any]:
    """A form as a point."""
    score = {"y": one.score.value, "low": one.score.low, "high": one.score.high}
    return {"name": one.form, "x": one.faster.value, **score, "size": one.size, "refused": bool(one.why_not)}


def taken_apart(setting: str, chain: Mapping[str, Any]) -> tuple[str, str, str]:
    """Compressor, option and value of a setting. Raises as `chain_of` does."""
    place, equals, value = setting.partition("=")
    name, _, option = place.strip().partition(".")
    if not (equals and name):
        raise BadOption(f"Cannot read the setting '{setting}'.", "Write compressor.option=value, for example prune.neurons=0.3.")
    registry.source(FAMILY, name)
    if name not in chain:
        raise BadOption(f"Setting {place.strip()} has no effect without {name}.", f"Name it: --with {','.join([*chain, name])}")
    return name, option or fields(chain[name])[0].name, value.strip()
