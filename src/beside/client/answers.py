"""What the server answers, as plain dataclasses; what a newer server says besides is left out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Flag:
    """What a guard noticed about a text, or why the answer is handed over."""

    guard: str
    action: str  # flag or hand over
    reason: str
    reason_zh: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One answer."""

    id: str  # for `correct`
    release_id: str
    text: str
    label: str
    probability: float  # that this answer is right
    probabilities: dict[str, float] = field(default_factory=dict)
    answer: Any = None  # in the form of its task, where a label does not say it all
    pair: str | None = None
    truncated: bool = False  # the text was longer than the model reads
    abstained: bool = False  # a person should answer instead
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WordWeight:
    """One word of an explained text, and how much of the answer's probability it brought."""

    word: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a model answers as it does."""

    label: str
    probability: float
    method: str
    words: tuple[WordWeight, ...]
    reliable: bool | None  # whether the answer really rests on the words that are named first; None = that was not measured


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A candidate in its place."""

    index: int
    relevance_score: float
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reranking:
    """Candidates, best first."""

    id: str
    release_id: str
    results: tuple[Ranked, ...]


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release and where it stands."""

    id: str
    run_id: str
    state: str
    seal: str
    made_at: str


def made(kind: type[Kind], given: dict[str, Any], **instead: Any) -> Kind:
    """A dataclass from JSON; what a newer server says besides is left out."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    return kind(**{name: value for name, value in {**given, **instead}.items() if name in known})


def prediction_in(given: dict[str, Any]) -> Prediction:
    return made(Prediction, given, flags=tuple(made(Flag, one) for one in given.get("flags", ())))


def predictions_in(given: dict[str, Any]) -> list[Prediction]:
    return [prediction_in(one) for one in given["predictions"]]


def explanation_in(given: dict[str, Any]) -> Explanation:
    words = tuple(made(WordWeight, one) for one in given["words"])
    return made(Explanation, given, words=words, reliable=(given.get("faithfulness") or {}).get("reliable"))


def reranking_in(given: dict[str, Any]) -> Reranking:
    results = tuple(made(Ranked, one, text=(one.get("document") or {}).get("text")) for one in given["results"])
    return Reranking(id=given["id"], release_id=given["model"], results=results)
