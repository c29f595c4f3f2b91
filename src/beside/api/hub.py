"""Hugging Face's shapes of text classification, generation and similarity: `huggingface_hub.InferenceClient` works unchanged."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response

from beside.api.actor import TheLoop
from beside.api.bodies import GeneratedDetails, GeneratedText, HubBody, HubParameters, LabelScore, Sentences, within_limits
from beside.api.errors import document
from beside.api.serving import Among, predict_with
from beside.core.askable import order_of
from beside.core.types import Prediction
from beside.loop import Loop

router = APIRouter(tags=["Hugging Face"], responses=document(401, 403, 404, 409, 413, 422, 429, 500, 503, 504))
Answers = list[list[LabelScore]] | list[GeneratedText] | list[float]


@router.post("/", response_model_exclude_none=True)
async def hub_newest(body: HubBody, request: Request, response: Response, loop: TheLoop) -> Answers:
    """The newest approved release, in Hugging Face's shape: for each text its labels, most probable first, or the text written.

    One text gets a list of one, as from Hugging Face's own servers: their client takes the first. The headers
    X-Beside-Release, X-Beside-Truncated, X-Beside-Abstained (how many texts a person should answer instead) and, for one text,
    X-Beside-Prediction (an id for /v1/feedback) tell the rest.
    """
    return await answer(request.app, loop, None, body, response)


@router.post("/models/{release}", response_model_exclude_none=True)
async def hub_release(release: str, body: HubBody, request: Request, response: Response, loop: TheLoop) -> Answers:
    """The same, of one release."""
    return await answer(request.app, loop, release, body, response)


async def answer(app: FastAPI, loop: Loop, release: str | None, body: HubBody, response: Response) -> Answers:
    """Labels and scores of each text, what was written for it, or how well each of several sentences goes with it."""
    asked, others = body.parameters or HubParameters(), body.inputs.sentences if isinstance(body.inputs, Sentences) else None
    among = Among(within_limits(others), len(others)) if others is not None else None
    predictions = await predict_with(app, loop, release, body.asked(), asked.decoding, among)
    response.headers["X-Beside-Release"] = predictions[0].release_id
    response.headers["X-Beside-Truncated"] = str(sum(prediction.truncated for prediction in predictions))
    response.headers["X-Beside-Abstained"] = str(sum(prediction.abstained for prediction in predictions))
    if len(predictions) == 1:
        response.headers["X-Beside-Prediction"] = predictions[0].id
    if others is not None:
        found = {one["index"]: one["score"] for one in predictions[0].answer}
        return [found[place] for place in range(len(others))]
    if is_written(predictions[0]):
        return [generated(prediction, asked) for prediction in predictions]
    return [scores(prediction)[: asked.top_k] for prediction in predictions]


def is_written(prediction: Prediction) -> bool:
    """Whether an answer was written token by token."""
    return isinstance(prediction.answer, dict) and "finish_reason" in prediction.answer


def generated(prediction: Prediction, asked: HubParameters) -> GeneratedText:
    """A written answer in their shape."""
    reason, tokens = prediction.answer["finish_reason"], prediction.answer["tokens"]
    details = GeneratedDetails(finish_reason="eos_token" if reason == "stop" else reason, generated_tokens=tokens)
    text = f"{prediction.text}{prediction.label}" if asked.return_full_text else prediction.label
    return GeneratedText(generated_text=text, details=details if asked.details else None)


def scores(prediction: Prediction) -> list[LabelScore]:
    """Every label with its probability, the most probable first; of a release that ranks the candidates found, best first."""
    if found := order_of(prediction.answer):
        return [LabelScore(label=one["text"], score=one["score"]) for one in found]
    ordered = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    return [LabelScore(label=label, score=score) for label, score in ordered]
