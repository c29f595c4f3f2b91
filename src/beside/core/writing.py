"""How a model writes its answer: what it was trained to do, and what one request may ask for instead."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beside.core.errors import BadInput
from beside.core.types import Value

Strategy = Literal["greedy", "sample", "beam"]
OF_SAMPLING = ("temperature", "top_p", "top_k", "seed")
IGNORED = -100  # target in place of a token that is not to be learned
MOST_NEW_TOKENS = 4096
MOST_DRAWN_FROM = 1000  # likeliest tokens


class Decoding(Value):
    """What a request asks for; what it leaves open is as the release was trained to answer."""

    decoding: Strategy | None = Field(None, description="greedy, sample or beam")
    temperature: float | None = Field(None, gt=0, le=10, description="of sample: below 1 keeps to likely words")
    top_p: float | None = Field(None, gt=0, le=1, description="of sample: share of probability that is drawn from")
    top_k: int | None = Field(
        None, ge=0, le=MOST_DRAWN_FROM, description="of sample: likeliest tokens that are drawn from; 0 = all"
    )
    beams: int | None = Field(None, ge=2, le=16, description="of beam: answers kept side by side")
    max_new_tokens: int | None = Field(
        None, ge=1, le=MOST_NEW_TOKENS, description="at most so many tokens; the release's own limit holds as well"
    )
    seed: int | None = Field(None, ge=0, lt=2**63, description="of sample: the same seed gives the same answer")


class Writing(Value):
    """How a model is prompted and how it writes, kept with its weights.

    Args:
        prompt: template with {text} in it.
        chat: whether the template brings all special tokens with it.
        end_id, pad_id: token that ends an answer, and the one that fills short rows.
    """

    prompt: str
    chat: bool = False
    end_id: int
    pad_id: int
    max_new_tokens: int
    decoding: Strategy = "greedy"
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    beams: int = 4
    seed: int = 0

    def asked(self, how: Decoding) -> Writing:
        """The same, with what a request asks for. Whoever asks for a temperature, top_p, top_k or seed asks for sampling.

        Raises:
            BadInput: what is asked for contradicts itself.
        """
        wanted = {name: value for name, value in how.model_dump().items() if value is not None}
        sampled = [name for name in OF_SAMPLING if name in wanted]
        strategy = wanted.setdefault("decoding", "sample" if sampled else "beam" if "beams" in wanted else self.decoding)
        odd = [*(sampled if strategy != "sample" else ()), *(["beams"] if "beams" in wanted and strategy != "beam" else ())]
        if odd:
            raise BadInput(
                f"{odd[0]} has no effect with decoding '{strategy}'.",
                "temperature, top_p, top_k and seed belong to decoding 'sample', beams to 'beam'.",
            )
        wanted["max_new_tokens"] = min(self.max_new_tokens, wanted.get("max_new_tokens", self.max_new_tokens))
        return self.model_copy(update=wanted)

    def greedy(self) -> Writing:
        """The same, always the likeliest token."""
        return self.model_copy(update={"decoding": "greedy"})
