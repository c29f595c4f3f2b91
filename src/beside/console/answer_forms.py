"""How an answer that is no single label is shown: names marked in the text, labels one by one, candidates in order."""

from __future__ import annotations

from typing import NamedTuple

from beside.core.askable import order_of
from beside.core.types import Prediction


class Stretch(NamedTuple):
    """A part of the text, and the kind of name that it is, if any."""

    text: str
    kind: str | None = None


def named(prediction: Prediction) -> list[Stretch] | None:
    """The whole text, cut where names begin and end; None for an answer of another form."""
    found = prediction.answer
    if (
        order_of(found)
        or not isinstance(found, list)
        or any(not isinstance(one, dict) for one in found)
        or (not found and prediction.label != "[]")
    ):
        return None
    cut, end = [], 0
    for one in sorted(found, key=lambda one: one["start"]):
        cut += [Stretch(prediction.text[end : one["start"]]), Stretch(prediction.text[one["start"] : one["end"]], one["label"])]
        end = one["end"]
    return [part for part in [*cut, Stretch(prediction.text[end:])] if part.text]


def title(prediction: Prediction) -> str:
    """The answer in one line; empty when no label applies."""
    chosen = prediction.answer
    if isinstance(chosen, list) and all(isinstance(one, str) for one in chosen) and chosen:
        return " · ".join(chosen)
    return prediction.label


def lines_of(text: str) -> list[str]:
    """What somebody wrote one a line, without empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def candidates_of(prediction: Prediction) -> str:
    """The candidates that were ordered, one a line as they were written; empty where only the best of many are known."""
    found = sorted(order_of(prediction.answer), key=lambda one: int(one["index"]))
    texts = [str(one["text"]) for one in found if "\n" not in one["text"]]
    return "\n".join(texts) if [one["index"] for one in found] == list(range(len(texts))) else ""


def choices(prediction: Prediction) -> list[str]:
    """What else may be the right answer: the other labels, the most probable first, or the other candidates."""
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    found = [str(one["text"]) for one in order_of(prediction.answer)] or [label for label, _ in ranked]
    return [one for one in dict.fromkeys(found) if one != prediction.label]


def shares(prediction: Prediction) -> dict[str, float]:
    """How likely each label is, or how well each candidate goes with the query."""
    return prediction.probabilities or {one["text"]: one["score"] for one in order_of(prediction.answer)}
