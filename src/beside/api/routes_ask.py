"""Asking a release, and saying what its answers are worth."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from beside.api.actor import TheLoop
from beside.api.bodies import ExplainBody, FeedbackBody, NeighboursBody, PredictBody, Predictions, WhatIfBody, within_limits
from beside.api.errors import document
from beside.api.serving import predict_with
from beside.core.asking import Neighbours, WhatIf
from beside.core.types import Answer, Explanation

router = APIRouter(prefix="/v1", tags=["answers"], responses=document(401, 403, 404, 409, 413, 422, 500))


@router.post("/predict", responses=document(429, 503, 504))
async def predict(body: PredictBody, request: Request, loop: TheLoop) -> Predictions:
    """Answers up to 128 texts.

    Each prediction has an id, which /v1/feedback takes. `truncated` says that the text was longer than the model reads.
    `abstained` says that a person should answer instead, and `flags` why, or what else guards noticed, in English and Chinese.
    A release that writes its answers takes `decoding`; `answer.finish_reason` tells of one that was cut short.
    """
    texts = body.asked()
    predictions = await predict_with(request.app, loop, body.release, texts, lambda writes: body.decoding)
    looked = loop.workspace.settings.serving.personal_data != "off"
    told = await run_in_threadpool(loop.told, texts) if looked else None
    return Predictions(release=predictions[0].release_id, predictions=predictions, personal_data=told)


@router.post("/explain", responses=document(429, 503, 504))
async def explain(body: ExplainBody, request: Request, loop: TheLoop) -> Explanation:
    """Says how much each word spoke for the answer, in probability, by the explainer that was measured as the most faithful.

    `faithfulness` says whether the answer really rests on the words named: when `reliable` is false there is no reliable
    explanation of this answer. `delta` is by how much integrated gradients miss their sum. Slower than /v1/predict.
    """
    [text] = within_limits([body.text])
    serving = request.app.state.serving
    return await serving.turn(lambda: loop.explain(serving.served(loop, body.release), text))


@router.post("/what_if", responses=document(429, 503, 504))
async def what_if(body: WhatIfBody, request: Request, loop: TheLoop) -> WhatIf:
    """Answers a text and its edited copy, and says how far the probability of each label moves."""
    text, edited = within_limits([body.text, body.edited])
    serving = request.app.state.serving
    found: WhatIf = await serving.turn(lambda: loop.what_if(serving.served(loop, body.release), text, edited))
    request.app.state.metrics.predicted([found.before, found.after])
    return found


@router.post("/neighbours", responses=document(429, 503, 504))
async def neighbours(body: NeighboursBody, request: Request, loop: TheLoop) -> Neighbours:
    """Finds the training rows nearest to a text, with their labels. For builders, annotators, reviewers, privacy officers.

    The first question to a release takes longer: every training row is read once. `of` rows of `total` were compared.
    """
    [text] = within_limits([body.text])
    serving = request.app.state.serving
    found: Neighbours = await serving.turn(lambda: loop.neighbours(serving.served(loop, body.release), text, body.count))
    return found


@router.post("/feedback", status_code=201, responses=document(507))
def feedback(body: FeedbackBody, loop: TheLoop) -> Answer:
    """Stores what a person says of an answer. When this answers, it is on the disk; the next model learns from it."""
    return loop.listen(body.prediction_id, body.correct, body.label, body.note)
