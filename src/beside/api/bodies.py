"""What callers send, and the limits on it. What they get back are the types of core/types.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from beside.core.askable import unreadable
from beside.core.errors import BadInput
from beside.core.pairs import joined
from beside.core.types import Prediction
from beside.core.writing import MOST_DRAWN_FROM, MOST_NEW_TOKENS, OF_SAMPLING, Decoding

MOST_TEXTS = 128  # of one call
LONGEST_TEXT = 20_000  # characters
LONGEST_REASON = 2_000  # characters
MOST_CONDITIONS = 20  # of one signature
LONG: dict[str, Any] = {"maxLength": LONGEST_TEXT}
TEXTS: dict[str, Any] = {"minItems": 1, "maxItems": MOST_TEXTS, "items": {"type": "string", "maxLength": LONGEST_TEXT}}


def storable(text: str) -> str:
    """The text itself, when every tokenizer and database takes it; JSON can spell more than that."""
    if odd := unreadable(text):
        raise ValueError(f"it holds {odd}")
    return text


Text = Annotated[str, AfterValidator(storable)]


class Body(BaseModel):
    """Base of all bodies: a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def release_field() -> Any:
    return Field(None, description="which release answers; without it the newest approved one", examples=["release-3f9a1c20b4de"])


class PredictBody(Body):
    """One text, or several."""

    text: Text | None = Field(None, description="one text", json_schema_extra=LONG, examples=["My card was swallowed."])
    texts: list[Text] | None = Field(None, description="several texts, instead of `text`", json_schema_extra=TEXTS)
    pair: Text | None = Field(None, description="the second text, for a release that compares two", json_schema_extra=LONG)
    pairs: list[Text] | None = Field(None, description="one second text for each of `texts`", json_schema_extra=TEXTS)
    release: Text | None = release_field()
    decoding: Decoding | None = Field(None, description="of a release that writes its answers: how")

    def asked(self) -> list[str]:
        """The texts, within the limits.

        Raises:
            BadInput: none, both `text` and `texts`, too many, one that is too long, or not as many second texts.
        """
        if (self.text is None) == (self.texts is None):
            given = "neither 'text' nor 'texts'" if self.text is None else "both 'text' and 'texts'"
            raise BadInput(f"The body has {given}.", 'Send {"text": "..."} or {"texts": ["...", "..."]}.')
        texts = within_limits(self.texts if self.text is None else [self.text])
        seconds = self.pairs if self.pair is None else [self.pair]
        if seconds is None:
            return texts
        if (self.text is None) != (self.pair is None) or len(seconds) != len(texts):
            raise BadInput(
                f"The body has {len(texts)} texts and {len(seconds)} second ones.",
                "Send `text` with `pair`, or `texts` with `pairs`.",
            )
        return [joined(*both) for both in zip(texts, within_limits(seconds), strict=True)]


class Predictions(BaseModel):
    """Answers in the order of the texts."""

    release: str = Field(description="the release that answered")
    predictions: list[Prediction]
    personal_data: list[dict[str, int]] | None = Field(
        None, description="kinds of personal data in each text, and how often; only where the workspace looks for it"
    )


class ExplainBody(Body):
    """One text."""

    text: Text = Field(description="the text whose answer is to be explained", json_schema_extra=LONG)
    release: Text | None = release_field()


class WhatIfBody(Body):
    """A text and an edited copy of it."""

    text: Text = Field(description="the text as it was", json_schema_extra=LONG)
    edited: Text = Field(description="the text with the edit", json_schema_extra=LONG)
    release: Text | None = release_field()


class NeighboursBody(Body):
    """One text."""

    text: Text = Field(description="the text whose nearest training rows are wanted", json_schema_extra=LONG)
    count: int = Field(5, ge=1, le=50, description="how many rows")
    release: Text | None = release_field()


class FeedbackBody(Body):
    """What a person says of an answer."""

    prediction_id: Text = Field(description="the `id` of a prediction")
    correct: StrictBool = Field(description="whether its label is right")
    label: Text | None = Field(None, description="the right label, when the person knows it; one that the release knows")
    note: Text = Field("", description="free words", json_schema_extra={"maxLength": LONGEST_REASON})


def reason_field(what: str) -> Any:
    return Field(description=what, json_schema_extra={"minLength": 1, "maxLength": LONGEST_REASON})


class ConditionBody(Body):
    """Something that an approval depends on."""

    text: Text = reason_field("what must hold, in words")
    blocking: StrictBool = Field(False, description="whether nothing is served until another person calls it met")


class ReplyBody(Body):
    """An answer to one question of the checklist."""

    answer: Literal["yes", "no", "not applicable"]
    note: Text = Field("", description="why; needed for anything but yes", json_schema_extra={"maxLength": LONGEST_REASON})


class ReviewBody(Body):
    """A signature over the seal of a release."""

    decision: Literal["approve", "reject"] = Field(description="what the person decides")
    reason: Text = reason_field("why, in words")
    answers: dict[Text, ReplyBody] = Field({}, description="question of /checklist -> reply")
    conditions: list[ConditionBody] = Field([], description="what the approval depends on", max_length=MOST_CONDITIONS)
    role: Text | None = Field(None, description="in which role to sign; without it the one that is still missing")


class CommentBody(Body):
    """A word on a release, or on one of its findings."""

    text: Text = reason_field("free words")
    finding: Text | None = Field(None, description="id of the finding; without it the release as a whole")
    replaces: Text | None = Field(None, description="id of one's own comment that this one says better; both are kept")


class IncidentBody(Body):
    """Something that went wrong with a release at work."""

    severity: Literal["low", "medium", "high"] = Field(description="high takes the approval away at once")
    text: Text = reason_field("what happened")


class ReasonBody(Body):
    """Why."""

    reason: Text = reason_field("why, in words")


class ResumeBody(ReasonBody):
    """One person's word that a suspension may end."""

    about: Text | None = Field(None, description="id of the suspension; without it all that are open")


class Checklist(BaseModel):
    """What a reviewer is asked before approving."""

    questions: dict[str, str] = Field(description="short name -> question")
    required: bool = Field(description="whether an approval counts only with every question answered")


class Started(BaseModel):
    """Work on a release that now runs by itself."""

    release: str = Field(description="the release; of an improvement, the champion")
    process: int = Field(description="number of the process on the server")
    progress: str = Field(description="address of its progress, a stream of events")


class HubParameters(Body):
    """What Hugging Face's clients may ask for."""

    top_k: int | None = Field(None, ge=1, description="how many labels; of a written answer: likeliest tokens that are drawn from")
    function_to_apply: Literal["softmax"] | None = Field(None, description="answers are calibrated probabilities: only softmax")
    max_new_tokens: int | None = Field(None, ge=1, le=MOST_NEW_TOKENS, description="of a written answer: at most so many tokens")
    do_sample: bool | None = Field(None, description="of a written answer: whether it is drawn by chance")
    temperature: float | None = Field(None, gt=0, le=10, description="of a drawn answer: below 1 keeps to likely words")
    top_p: float | None = Field(None, gt=0, le=1, description="of a drawn answer: share of probability that is drawn from")
    seed: int | None = Field(None, ge=0, lt=2**63, description="of a drawn answer: the same seed gives the same answer")
    return_full_text: bool = Field(False, description="of a written answer: whether the prompt stands before it")
    details: bool = Field(False, description="of a written answer: whether to say how it ended")

    def decoding(self, writes: bool) -> Decoding | None:
        """How an answer is to be written; None when nothing of it is asked for. `top_k` counts labels where there are labels.

        Raises:
            BadInput: more tokens to draw from than any answer is drawn from.
        """
        if writes and (self.top_k or 0) > MOST_DRAWN_FROM:
            raise BadInput(
                f"top_k is {self.top_k:,}, more than an answer is drawn from.", f"Give at most {MOST_DRAWN_FROM}, or leave it out."
            )
        asked = {name: getattr(self, name) for name in (*OF_SAMPLING, "max_new_tokens") if name != "top_k" or writes}
        asked["decoding"] = None if self.do_sample is None else "sample" if self.do_sample else "greedy"
        return None if all(value is None for value in asked.values()) else Decoding(**asked)


class Sentences(Body):
    """What Hugging Face's sentence similarity sends."""

    source_sentence: Text
    sentences: list[Text] = Field(json_schema_extra=TEXTS)


class HubBody(Body):
    """The body of Hugging Face's text classification, text generation and sentence similarity."""

    inputs: Text | list[Text] | Sentences = Field(
        description="one text, or several; or a text and others that it is compared with", examples=["My card was swallowed."]
    )
    parameters: HubParameters | None = Field(None, description="what to leave out")
    options: dict[str, Any] | None = Field(None, description="taken for the sake of older clients, and without effect here")
    stream: Literal[False] | None = Field(None, description="answers come whole")

    def asked(self) -> list[str]:
        """The texts, within the limits.

        Raises:
            BadInput: too many, none, or one that is too long.
        """
        if isinstance(self.inputs, Sentences):
            return within_limits([self.inputs.source_sentence])
        return within_limits([self.inputs] if isinstance(self.inputs, str) else self.inputs)


class GeneratedDetails(BaseModel):
    """How a written answer ended."""

    finish_reason: str = Field(description="eos_token, length or deadline")
    generated_tokens: int
    prefill: list[Any] = []
    tokens: list[Any] = []


class GeneratedText(BaseModel):
    """One written answer."""

    generated_text: str
    details: GeneratedDetails | None = None


class LabelScore(BaseModel):
    """One label and its probability."""

    label: str
    score: float = Field(description="probability, 0 to 1")


def within_limits(texts: list[str] | None, most: int = MOST_TEXTS) -> list[str]:
    """The texts themselves.

    Raises:
        BadInput: none, too many, or one that is too long.
    """
    if not texts:
        raise BadInput("The list of texts is empty.", "Send at least one text.")
    if len(texts) > most:
        raise BadInput(f"One call may hold {most} texts, got {len(texts)}.", f"Send them in calls of {most}.")
    for position, text in enumerate(texts, 1):
        if len(text) > LONGEST_TEXT:
            where = f"Text {position}" if len(texts) > 1 else "The text"
            raise BadInput(f"{where} has {len(text):,} characters.", f"A text may have {LONGEST_TEXT:,}; send a part of it.")
    return texts
