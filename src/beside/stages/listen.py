"""Prediction, a person's answer -> an Answer to store; answers -> the examples that the next model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from beside.core.errors import BadInput
from beside.core.interfaces import Task
from beside.core.types import Actor, Answer, Example, Prediction, content_id

LONGEST_NOTE = 2_000  # characters


def listen(
    prediction: Prediction,
    correct: bool,
    label: str | None,
    note: str,
    labels: Sequence[str],
    actor: Actor,
    *,
    task: Task | None = None,
    now: datetime,
) -> Answer:
    """What a person says of a prediction, checked: it must make sense before it may teach the next model.

    Args:
        prediction: the answer that is spoken of.
        correct: whether it is right.
        label: the right label, when the person knows it.
        note: free words, up to 2,000 characters.
        labels: the labels that the release knows.
        actor: who speaks.
        task: what the release answers with; None = with one of the labels.
        now: when.

    Raises:
        BadInput: a label that the release does not know, one that contradicts `correct`, or a note that is too long.
    """
    label = (label or "").strip() or None
    if len(note) > LONGEST_NOTE:
        raise BadInput(f"The note has {len(note)} characters.", f"A note may have {LONGEST_NOTE}.")
    if label is not None and task is not None and not task.single:
        try:
            label = task.checked(label, labels)
        except ValueError as error:
            raise BadInput(str(error), "Write the right answer as the release writes its own, or leave it out.") from error
    elif label is not None and label not in labels:
        raise BadInput(f"This release knows no label '{label}'.", known_labels(label, labels))
    if correct and label not in (None, prediction.label):
        remedy = f"If '{label}' is right, say that the prediction is not correct."
        raise BadInput(f"The prediction '{prediction.label}' cannot be correct when the right label is '{label}'.", remedy)
    if not correct and label == prediction.label:
        remedy = "Give the right label, leave it out, or say that the prediction is correct."
        raise BadInput(f"The prediction '{label}' cannot be wrong when '{label}' is the right label.", remedy)
    said = {
        "prediction_id": prediction.id,
        "correct": correct,
        "label": prediction.label if correct else label,  # "correct" tells the right label, too
        "note": note.strip(),
        "who": actor.name,
        "made_at": now,
    }
    return Answer(id=content_id("answer", said), **said)


def known_labels(given: str, labels: Sequence[str]) -> str:
    """What may be said instead of a label that is not known."""
    close = get_close_matches(given.casefold(), {label.casefold(): label for label in labels}, n=1, cutoff=0.5)
    guess = next((f" Did you mean '{label}'?" for label in labels if close and label.casefold() == close[0]), "")
    return f"Known labels: {', '.join(labels)}.{guess} A new label needs an import with rows that carry it."


def corrections(pairs: Sequence[tuple[Prediction, Answer]]) -> list[Example]:
    """The examples that people's answers give: one per prediction, the latest answer counts.

    A correction teaches what is right; a confirmation, too, so that the next model does not unlearn it. Somebody who only says
    "wrong" does not tell what is right: no example.
    """
    latest: dict[str, tuple[Prediction, Answer]] = {}
    for prediction, answer in sorted(pairs, key=lambda pair: pair[1].made_at):
        latest[prediction.id] = (prediction, answer)
    return [
        Example(
            id=content_id("example", [prediction.id, answer.label]),
            text=prediction.text,
            pair=prediction.pair,
            target=answer.label,
            origin=f"correction:{prediction.id}",
        )
        for prediction, answer in latest.values()
        if answer.label is not None
    ]
