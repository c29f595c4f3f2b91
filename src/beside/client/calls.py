"""The requests of the client: where each goes, what it says, how its answer is read. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from beside.client.answers import (
    Explanation,
    Prediction,
    Release,
    Reranking,
    explanation_in,
    made,
    prediction_in,
    predictions_in,
    reranking_in,
)
from beside.core.errors import BadInput

MOST_TEXTS = 128  # of one call; more are sent in several
Result = TypeVar("Result")


@dataclass(frozen=True)
class Call(Generic[Result]):
    """A request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[Any], Result]
    body: dict[str, Any] | None = None
    params: dict[str, Any] | None = None
    patient: bool = True  # whether it waits when the server asks to


def predicting(
    texts: Sequence[str], release: str | None, pairs: Sequence[str] | None, decoding: dict[str, Any] | None
) -> Iterator[Call[list[Prediction]]]:
    """One call for every 128 texts. Raises BadInput: not as many second texts."""
    if pairs is not None and len(pairs) != len(texts):
        raise BadInput(f"There are {len(texts)} texts and {len(pairs)} second ones.", "Give one second text for each.")
    for start in range(0, len(texts), MOST_TEXTS):
        end = start + MOST_TEXTS
        body = {"texts": list(texts[start:end]), "pairs": None if pairs is None else list(pairs[start:end])}
        yield Call("POST", "/v1/predict", predictions_in, told(body, release=release, decoding=decoding))


def explaining(text: str, release: str | None) -> Call[Explanation]:
    return Call("POST", "/v1/explain", explanation_in, told({"text": text}, release=release))


def correcting(prediction_id: str, correct: bool, label: str | None, note: str) -> Call[str]:
    body = {"prediction_id": prediction_id, "correct": correct and label is None, "note": note}
    return Call("POST", "/v1/feedback", lambda given: str(given["id"]), told(body, label=label))


def reranking(query: str, documents: Sequence[str] | None, top_n: int | None, release: str | None) -> Call[Reranking]:
    body = {"query": query, "return_documents": True}
    given = None if documents is None else list(documents)
    return Call("POST", "/v1/rerank", reranking_in, told(body, documents=given, top_n=top_n, release=release))


RELEASES: Call[list[Release]] = Call("GET", "/v1/releases", lambda given: [made(Release, one) for one in given])
HEALTH: Call[bool] = Call("GET", "/readyz", lambda given: given.get("status") == "ready", patient=False)


def waiting_for(limit: int) -> Call[list[Prediction]]:
    return Call("GET", "/v1/waiting", lambda given: [prediction_in(one) for one in given], params={"limit": limit})


def told(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body without what is not said."""
    return {name: value for name, value in {**body, **more}.items() if value is not None}


def many(texts: str | Sequence[str]) -> list[str]:
    """Several texts; one by itself is a list of one."""
    return [texts] if isinstance(texts, str) else list(texts)
