"""What may be asked of a model, and its answer: one text or two, something to read, and a form that can be explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from beside.core.answers import Said
from beside.core.applies import task_of
from beside.core.errors import BadInput
from beside.core.interfaces import Subject
from beside.core.pairs import apart
from beside.core.writing import Decoding


def answers_of(subject: Subject, texts: Sequence[str]) -> list[Said]:
    """The answer to each text; a subject that only gives probabilities answers with its most probable label."""
    if hasattr(subject, "answers"):
        return subject.answers(texts)
    labels, rows = subject.labels, subject.probabilities(texts).tolist()  # (texts, labels)
    best = [max(range(len(labels)), key=row.__getitem__) for row in rows]
    found = zip(best, rows, strict=True)
    return [
        Said(label=labels[place], probability=row[place], probabilities=dict(zip(labels, row, strict=True))) for place, row in found
    ]


def decoded(subject: Subject, how: Decoding | None, seconds: float | None = None) -> Subject:
    """The same model, writing its answers as asked and within so many seconds a call; one that writes none as it is.

    Raises:
        BadInput: it writes none and something is asked, or what is asked contradicts itself.
    """
    change: Callable[[Decoding, float | None], Subject] | None = getattr(subject, "decoded", None)
    if change is not None:
        return change(how or Decoding(), seconds)
    if how is not None:
        raise BadInput("This release writes no answers, so how they are decoded cannot be set.", "Leave out `decoding`.")
    return subject


def among(subject: Subject, candidates: Sequence[str] | None, count: int) -> Subject:
    """The same model, ordering these candidates for each text, or where none are given those that are kept with it.

    Raises:
        BadInput: it ranks nothing, a candidate is empty, or none are given and none are kept.
    """
    change: Callable[[Sequence[str] | None, int], Subject] | None = getattr(subject, "among", None)
    task = task_of(subject)
    if change is None or task is None or not task.ranks:
        raise BadInput("This release ranks nothing.", "Ask one that was trained for the task `rank`.")
    if candidates is None and not getattr(subject, "searches", False):
        raise BadInput("No candidates are kept with this release, so there is nothing to search in.", "Send them as well.")
    for position, candidate in enumerate(candidates or (), 1):
        must_be_text(candidate, f"Candidate {position} of {len(candidates or ())}")
    return change(candidates, count)


def order_of(answer: Any) -> list[dict[str, Any]]:
    """The candidates of an answer that is an order of them, best first: `index`, `score`, `text`; of another form none."""
    found = answer if isinstance(answer, list) else []
    return found if all(isinstance(one, dict) and one.keys() == {"index", "score", "text"} for one in found) else []


def must_be_askable(subject: Subject, asked: str, what: str) -> None:
    """Does nothing when there is something to read: one text, or two where the model compares them.

    Raises:
        BadInput: there is not, or it is one text instead of two or the other way round.
    """
    text, pair = apart(asked)
    must_be_text(text, what)
    if pair is not None:
        must_be_text(pair, f"{what}'s pair")
    wanted = bool(getattr(subject, "pairs", False))
    if wanted and pair is None and not getattr(subject, "searches", False):
        task = task_of(subject)
        more = "Send candidates, or one as `pair`." if task and task.ranks else "Give the second text as well: `pair`."
        raise BadInput(f"{what} stands alone, and this release compares two.", more)
    if pair is not None and not wanted:
        raise BadInput(f"{what} comes with a second one, and this release reads one.", "Leave out `pair`.")


def must_be_explainable(subject: Subject) -> None:
    """Does nothing when the model answers one text with one label.

    Raises:
        BadInput: it does not.
    """
    task = task_of(subject)
    if getattr(subject, "pairs", False) or (task is not None and not task.single):
        raise BadInput("Only an answer that is one label for one text can be explained.", "The answer itself is at /v1/predict.")


def must_be_text(text: str, what: str) -> None:
    """Does nothing when there is something to read.

    Raises:
        BadInput: there is not.
    """
    if not text.strip():
        raise BadInput(f"{what} is empty.", "Give at least one character other than a space.")
    if odd := unreadable(text):
        raise BadInput(f"{what} holds {odd}.", "Remove it; neither model nor database takes it.")


def unreadable(text: str) -> str:
    """What in a text no tokenizer or database takes, though JSON can spell it; empty when there is nothing."""
    if "\0" in text:
        return "the character NUL"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return ""
