"""Texts in, texts without personal data out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import LONG, TEXTS, Body, Text, within_limits
from beside.api.errors import document
from beside.core.errors import BadInput
from beside.core.protecting import ACTIONS, plan

router = APIRouter(prefix="/v1", tags=["personal data"], responses=document(401, 403, 404, 413, 422, 429, 503, 504))


class ProtectBody(Body):
    """One text, or several, and what is to be done with what is found."""

    text: Text | None = Field(None, description="one text", json_schema_extra=LONG, examples=["Call Anna Berger at 13800138000."])
    texts: list[Text] | None = Field(None, description="several texts, instead of `text`", json_schema_extra=TEXTS)
    kinds: list[Text] | None = Field(None, description="kinds to look for; without it all of them")
    action: Text = Field("replace", description=f"what is done with a value: {', '.join(ACTIONS)}")
    actions: dict[Text, Text] = Field({}, description="kind -> action, where it is another than `action`")

    def asked(self) -> list[str]:
        """The texts, within the limits.

        Raises:
            BadInput: none, both `text` and `texts`, too many, or one that is too long.
        """
        if (self.text is None) == (self.texts is None):
            given = "neither 'text' nor 'texts'" if self.text is None else "both 'text' and 'texts'"
            raise BadInput(f"The body has {given}.", 'Send {"text": "..."} or {"texts": ["...", "..."]}.')
        return within_limits(self.texts if self.text is None else [self.text])


class FoundSpan(BaseModel):
    """A stretch of personal data, in characters of the text that was sent."""

    start: int
    end: int
    kind: str
    score: float = Field(description="0 to 1, how sure the recognizer is")
    recognizer: str
    new_start: int = Field(description="where what stands in its place begins, in the protected text")
    new_end: int


class ProtectedText(BaseModel):
    """A text without the personal data that was found in it."""

    text: str
    spans: list[FoundSpan]


class ProtectedTexts(BaseModel):
    """Protected texts in the order of those that were sent."""

    protected: list[ProtectedText]


@router.post("/protect")
async def protect(body: ProtectBody, request: Request, loop: TheLoop) -> ProtectedTexts:
    """Takes personal data out of up to 128 texts; nothing is stored. Recognizers miss what they do not know.

    `hash` and `surrogate` hang on the workspace's secret, so that a value becomes what it became in its protected corpora;
    they are for builders, reviewers and privacy officers.
    """
    texts, how = body.asked(), plan(body.actions, body.kinds, body.action)
    found = await request.app.state.serving.turn(lambda: loop.protect_texts(texts, how))
    return ProtectedTexts(
        protected=[
            ProtectedText(
                text=one.text,
                spans=[
                    FoundSpan(**span._asdict(), new_start=new[0], new_end=new[1])
                    for span, new in zip(one.spans, one.edits.after, strict=True)
                ],
            )
            for one in found
        ]
    )
