"""How an answer that is no single label is shown: names marked where they stand in the text, a set of labels one by one."""

from __future__ import annotations

from typing import NamedTuple

from beside.core.types import Prediction


class Stretch(NamedTuple):
    """A part of the text, and the kind of name that it is, if any."""

    text: str
    kind: str | None = None


def named(prediction: Prediction) -> list[Stretch] | None:
    """The whole text, cut where names begin and end; None for an answer of another form."""
    found = prediction.answer
    if not isinstance(found, list) or any(not isinstance(one, dict) for one in found) or (not found and prediction.label != "[]"):
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
