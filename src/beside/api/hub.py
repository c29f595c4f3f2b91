"""Hugging Face's text-classification shape, so that `huggingface_hub.InferenceClient(model="http://...")` works unchanged."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response

from beside.api.actor import TheLoop
from beside.api.bodies import HubBody, LabelScore
from beside.api.errors import document
from beside.api.serving import predict_with
from beside.core.types import Prediction
from beside.loop import Loop

router = APIRouter(tags=["Hugging Face"], responses=document(401, 403, 404, 409, 413, 422, 429, 500))


@router.post("/")
async def hub_newest(body: HubBody, request: Request, response: Response, loop: TheLoop) -> list[list[LabelScore]]:
    """The newest approved release, in Hugging Face's shape: for each text its labels, most probable first.

    One text gets a list of one, as from Hugging Face's own servers: their client takes the first. The headers
    X-Beside-Release, X-Beside-Truncated and, for one text, X-Beside-Prediction (an id for /v1/feedback) tell the rest.
    """
    return await classify(request.app, loop, None, body, response)


@router.post("/models/{release}")
async def hub_release(release: str, body: HubBody, request: Request, response: Response, loop: TheLoop) -> list[list[LabelScore]]:
    """The same, of one release."""
    return await classify(request.app, loop, release, body, response)


async def classify(app: FastAPI, loop: Loop, release: str | None, body: HubBody, response: Response) -> list[list[LabelScore]]:
    """Labels and scores of each text."""
    predictions = await predict_with(app, loop, release, body.asked())
    response.headers["X-Beside-Release"] = predictions[0].release_id
    response.headers["X-Beside-Truncated"] = str(sum(prediction.truncated for prediction in predictions))
    if len(predictions) == 1:
        response.headers["X-Beside-Prediction"] = predictions[0].id
    top_k = body.parameters.top_k if body.parameters else None
    return [scores(prediction)[:top_k] for prediction in predictions]


def scores(prediction: Prediction) -> list[LabelScore]:
    """Every label with its probability, the most probable first."""
    ordered = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    return [LabelScore(label=label, score=score) for label, score in ordered]
