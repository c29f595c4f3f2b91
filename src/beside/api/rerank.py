"""The shapes in which clients ask for candidates in order: Cohere's, Jina's and vLLM's, and that of text-embeddings-inference."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import Body, Text, release_field, within_limits
from beside.api.errors import document
from beside.api.serving import Among, predict_with
from beside.core.errors import BadInput
from beside.core.types import Prediction
from beside.loop import Loop

MOST_DOCUMENTS = 512  # of one call: a model that reads query and candidate together takes as many passes
SHOWN = 10  # candidates where nobody says how many
OF_BESIDE = "release-"  # how the names of releases begin

router = APIRouter(tags=["reranking"], responses=document(401, 403, 404, 409, 413, 422, 429, 500, 503, 504))


class Document(BaseModel):
    """A candidate as some clients wrap it."""

    text: Text


class RerankBody(Body):
    """A query, and candidates or none: then it is searched among those that are kept with the release."""

    query: Text = Field(description="what is looked for", examples=["how do I block my card"])
    documents: list[Text | Document] | None = Field(None, description=f"up to {MOST_DOCUMENTS} candidates")
    top_n: int | None = Field(None, ge=1, description=f"how many at most; without it all, or of a search {SHOWN}")
    return_documents: bool = Field(False, description="whether their texts come back; those of a search always do")
    model: Text | None = Field(None, description="a release by its id; any other name is without effect")
    release: Text | None = release_field()

    def chosen(self) -> str | None:
        """The release that is asked for by either name."""
        named = self.model if self.model and self.model.startswith(OF_BESIDE) else None
        if self.release and named and self.release != named:
            raise BadInput(f"The body names two releases, '{self.release}' and '{named}'.", "Leave out one of them.")
        return self.release or named

    def candidates(self) -> list[str] | None:
        """The texts of the candidates, within the limits; None = none were given.

        Raises:
            BadInput: an empty list, too many, or one that is too long.
        """
        if self.documents is None:
            return None
        return within_limits([one if isinstance(one, str) else one.text for one in self.documents], MOST_DOCUMENTS)


class TextsBody(Body):
    """The body of text-embeddings-inference; texts are cut at the length that the model reads."""

    query: Text
    texts: list[Text] = Field(description=f"up to {MOST_DOCUMENTS} candidates")
    return_text: bool = False
    truncate: bool = Field(True, description="without effect: what is too long is cut, and X-Beside-Truncated tells it")
    raw_scores: Literal[False] = False
    truncation_direction: Literal["right", "Right"] = "Right"


class Result(BaseModel):
    """A candidate in its place."""

    index: int = Field(description="where it stands among the candidates, from 0")
    relevance_score: float = Field(description="of a cross-encoder a probability, 0 to 1; of a bi-encoder a cosine, -1 to 1")
    document: Document | None = None


class Usage(BaseModel):
    """What was read; nothing is billed."""

    total_tokens: int


class Reranked(BaseModel):
    """Candidates, best first."""

    id: str = Field(description="id of the prediction, which /v1/feedback takes")
    object: Literal["list"] = "list"
    model: str = Field(description="the release that answered")
    results: list[Result]
    usage: Usage
    abstained: bool = Field(description="whether a person should answer instead")


class TextScore(BaseModel):
    """A candidate in its place, in the shape of text-embeddings-inference."""

    index: int
    score: float
    text: str | None = None


@router.post("/v1/rerank", response_model_exclude_none=True)
async def rerank(body: RerankBody, request: Request, loop: TheLoop) -> Reranked:
    """Orders candidates for a query, or finds the best of those that are kept with the release.

    The shape of Cohere's, Jina's and vLLM's clients. Scores of two queries cannot be compared with each other.
    """
    candidates = body.candidates()
    count = body.top_n or (SHOWN if candidates is None else len(candidates))
    prediction = await ordered(request.app, loop, body.chosen(), body.query, candidates, count)
    shown = body.return_documents or candidates is None
    return Reranked(
        id=prediction.id,
        model=prediction.release_id,
        results=[
            Result(index=one["index"], relevance_score=one["score"], document=Document(text=one["text"]) if shown else None)
            for one in prediction.answer
        ],
        abstained=prediction.abstained,
        usage=Usage(total_tokens=await tokens(request.app, loop, prediction, candidates or ())),
    )


@router.post("/v2/rerank", response_model_exclude_none=True)
async def rerank_again(body: RerankBody, request: Request, loop: TheLoop) -> Reranked:
    """The same at the address of Cohere's second interface."""
    return await rerank(body, request, loop)


@router.post("/rerank", response_model_exclude_none=True)
async def rerank_texts(body: TextsBody, request: Request, response: Response, loop: TheLoop) -> list[TextScore]:
    """Orders texts for a query, in the shape of Hugging Face's text-embeddings-inference."""
    texts = within_limits(body.texts, MOST_DOCUMENTS)
    prediction = await ordered(request.app, loop, None, body.query, texts, len(texts))
    response.headers["X-Beside-Release"] = prediction.release_id
    response.headers["X-Beside-Prediction"] = prediction.id
    response.headers["X-Beside-Truncated"] = str(int(prediction.truncated))
    response.headers["X-Beside-Abstained"] = str(int(prediction.abstained))
    return [
        TextScore(index=one["index"], score=one["score"], text=one["text"] if body.return_text else None)
        for one in prediction.answer
    ]


async def ordered(
    app: FastAPI, loop: Loop, release: str | None, query: str, candidates: list[str] | None, count: int
) -> Prediction:
    """The stored answer to one query."""
    [prediction] = await predict_with(app, loop, release, within_limits([query]), among=Among(candidates, count))
    return prediction


async def tokens(app: FastAPI, loop: Loop, prediction: Prediction, candidates: list[str] | tuple[()]) -> int:
    """Tokens of the query and of the candidates that were sent."""
    serving = app.state.serving
    read = [prediction.text, *candidates]
    counts: list[int] = await serving.turn(lambda: serving.served(loop, prediction.release_id).subject.token_counts(read))
    return sum(counts)
