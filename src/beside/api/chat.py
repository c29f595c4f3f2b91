"""OpenAI's chat-completion shape for releases that write: `InferenceClient.chat_completion` and its like work unchanged."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import Body, Text, within_limits
from beside.api.errors import document
from beside.api.hub import is_written
from beside.api.serving import predict_with
from beside.core.errors import BadInput
from beside.core.writing import MOST_NEW_TOKENS, Decoding
from beside.loop import Loop

router = APIRouter(tags=["OpenAI"], responses=document(401, 403, 404, 409, 413, 422, 429, 500, 503, 504))


class Message(Body):
    """What somebody says."""

    role: Literal["user", "system", "assistant", "developer"]
    content: Text


class ChatBody(Body):
    """The body of a chat completion; what would change the answer and is not known here is refused."""

    messages: list[Message] = Field(description="one message of the user: a release is trained on single prompts")
    model: Text | None = Field(None, description="without effect: the address says which release answers")
    max_tokens: int | None = Field(None, ge=1, le=MOST_NEW_TOKENS, description="at most so many tokens")
    temperature: float | None = Field(None, ge=0, le=10, description="0 = the likeliest answer; anything else draws by chance")
    top_p: float | None = Field(None, gt=0, le=1, description="share of probability that is drawn from")
    seed: int | None = Field(None, ge=0, lt=2**63, description="the same seed gives the same answer")
    n: Literal[1] | None = None
    stream: Literal[False] | None = Field(None, description="answers come whole")

    def asked(self) -> list[str]:
        """The one message, within the limits.

        Raises:
            BadInput: there are others, or it is too long.
        """
        if [message.role for message in self.messages] != ["user"]:
            raise BadInput(
                "This release answers one message of a user, as it was trained to.",
                'Send {"messages": [{"role": "user", "content": "..."}]}.',
            )
        return within_limits([self.messages[0].content])

    def decoding(self, writes: bool) -> Decoding:
        """How the answer is to be written; asked of a release that writes none, it is refused."""
        if self.temperature == 0:
            return Decoding(decoding="greedy", max_new_tokens=self.max_tokens)
        return Decoding(temperature=self.temperature, top_p=self.top_p, seed=self.seed, max_new_tokens=self.max_tokens)


class Choice(BaseModel):
    """An answer."""

    index: int = 0
    message: dict[str, str]
    finish_reason: str = Field(description="stop, or length when it was cut short")


class Completion(BaseModel):
    """Answers in their shape."""

    id: str = Field(description="id of the prediction, which /v1/feedback takes")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = Field(description="the release that answered")
    system_fingerprint: str = ""
    choices: list[Choice]
    usage: dict[str, Any]
    abstained: bool = Field(description="whether a person should answer instead")


@router.post("/v1/chat/completions")
async def chat_newest(body: ChatBody, request: Request, loop: TheLoop) -> Completion:
    """The newest approved release answers one message, in OpenAI's shape."""
    return await complete(request.app, loop, None, body)


@router.post("/models/{release}/v1/chat/completions")
async def chat_release(release: str, body: ChatBody, request: Request, loop: TheLoop) -> Completion:
    """The same, of one release."""
    return await complete(request.app, loop, release, body)


async def complete(app: FastAPI, loop: Loop, release: str | None, body: ChatBody) -> Completion:
    """One answer."""
    [text] = body.asked()
    [prediction] = await predict_with(app, loop, release, [text], body.decoding)
    assert is_written(prediction)  # any other release has refused the decoding
    written = prediction.answer
    serving = app.state.serving
    [read] = await serving.turn(lambda: serving.served(loop, prediction.release_id).subject.token_counts([text]))
    return Completion(
        id=prediction.id,
        created=int(prediction.made_at.timestamp()),
        model=prediction.release_id,
        choices=[
            Choice(
                message={"role": "assistant", "content": prediction.label},
                finish_reason="stop" if written["finish_reason"] == "stop" else "length",
            )
        ],
        abstained=prediction.abstained,
        usage={"prompt_tokens": read, "completion_tokens": written["tokens"], "total_tokens": read + written["tokens"]},
    )
