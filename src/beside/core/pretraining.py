"""Pre-training on unlabelled text: every knob with default, unit and reason, and what comes of it: a base model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from beside.core.errors import BadOption
from beside.core.recipe import knob, read_knobs
from beside.core.types import Value

BUILT_IN = ("embedded", "scratch")  # names that no base of one's own may take


class Pretraining(BaseModel):
    """How to pre-train: all that, with the texts, makes a base repeatable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = knob(
        "scratch", "name", "scratch: a small encoder and words of its own; embedded or a folder: training goes on there"
    )
    tokenizer: Literal["bpe", "bytes", "wordpiece"] = knob(
        "bpe",
        "name",
        "of scratch: bpe joins frequent neighbours to words; bytes does so on bytes and knows every character; wordpiece as BERT",
    )
    vocabulary: int = knob(12_000, "tokens", "of scratch; short texts fill less", ge=300, le=200_000)
    layers: int = knob(2, "layers", "of scratch; more need more text", ge=1, le=48)
    width: int = knob(256, "numbers per token", "of scratch; a multiple of 64, one attention head for each 64", ge=64, le=4096)
    vectors: Literal["counts", "random"] = knob(
        "counts", "name", "of scratch: counts: words of the same texts begin alike (Deerwester et al. 1990); random: as BERT"
    )
    mask_share: float = knob(
        0.15, "share of tokens", "hidden and guessed, whole words at a time (Devlin et al. 2019)", gt=0, le=0.8
    )
    anchor: float = knob(
        10.0,
        "weight",
        "how firmly the mean vector of a text stays what it began as, while hidden words are guessed; 0 = guesses alone",
        ge=0,
    )
    epochs: int | None = knob(None, "passes", "chosen from how much text there is; each pass hides other words", ge=1, le=10_000)
    batch_size: int = knob(16, "rows", "small, because a team's text is: steps count for more than rows per step", ge=1, le=4096)
    learning_rate: float | None = knob(None, "per step", "1e-3 for scratch, 1e-4 where a base goes on learning", gt=0, le=1)
    warmup: float = knob(0.06, "share of steps", "as RoBERTa (Liu et al. 2019)", ge=0, le=1)
    weight_decay: float = knob(0.01, "per step", "the usual value for BERT-like encoders", ge=0, le=1)
    clip_norm: float = knob(1.0, "gradient norm", "one odd batch must not throw the weights; 0 = off", ge=0)
    dropout: float = knob(0.0, "share", "none: each pass hides other words, so that few texts are not learned by heart", ge=0, lt=1)
    max_length: int = knob(
        256, "tokens", "longer texts are cut between words into several rows; nothing is left out", ge=8, le=8192
    )
    precision: Literal["fp32", "bf16"] | None = knob(
        None, "name", "of products: bf16 where the processor has it, weights and steps stay fp32 (Kalamkar et al. 2019)"
    )
    seed: int = knob(0, "number", "same seed, same texts, same machine: same weights", ge=0, lt=2**32)
    threads: int | None = knob(None, "threads", "None = all cores; stored, because sums depend on it", ge=1, le=1024)

    @model_validator(mode="after")
    def whole_heads(self) -> Pretraining:
        """A width that attention heads of 64 fill."""
        if self.width % 64:
            raise ValueError("width must be a multiple of 64")
        return self


class Base(Value):
    """One pre-trained model: a start for trainings, with what was measured of it."""

    id: str
    name: str
    base: str  # what it was trained from
    recipe: Pretraining  # as trained: every automatic knob filled in
    model: str  # artifact id of the model folder, in Hugging Face format
    texts: int  # that it learned from
    tokens: int  # in those texts
    steps: int
    perplexity: float  # of hidden tokens in texts held out, of the kept epoch; lower is better
    low: float  # 95 % interval, texts resampled
    high: float
    n: int  # texts held out
    history: tuple[dict[str, float], ...] = ()
    parameters: int
    seed: int
    seconds: float
    versions: dict[str, str]
    made_at: datetime


def is_own(base: str) -> bool:
    """Whether this is the id of a base that was pre-trained in a workspace."""
    return re.fullmatch(r"base-[0-9a-f]{12}", base) is not None


def read_pretraining(settings: Sequence[str] = (), base: str | None = None) -> Pretraining:
    """Defaults, then the base, then `key=value` settings.

    Raises:
        BadOption: unknown key, value out of range.
    """
    return read_knobs(Pretraining, "pre-training", settings, {"base": base} if base is not None else {})


def must_be_free(name: str) -> str:
    """The name, without spaces around it, when a base may be called so.

    Raises:
        BadOption: it is empty, a path, or means something else already.
    """
    given = name.strip()
    if not given or given in BUILT_IN or "/" in given or "\\" in given or given.startswith("."):
        hint = f"Any name but {', '.join(BUILT_IN)}, without a slash; `beside train CORPUS --base NAME` will use it."
        raise BadOption(f"A base cannot be called '{name}'.", hint)
    return given
