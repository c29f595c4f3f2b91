"""The five types of the loop and their small helpers: frozen, plain data, unknown fields refused.

No torch, no SQL, no HTTP. A Corpus names its rows by the artifact that holds them (a Parquet file with one `split` column), so
that a million rows stay out of the database; a Release says where its bundle lies.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, computed_field

from beside.core.recipe import Policy, Recipe

SPLITS = ("train", "tune", "test")
FEWEST_ROWS = 30  # below this no finding passes or fails: a handful of rows proves nothing

Split = Literal["train", "tune", "test"]
Better = Literal["higher", "lower"]
Verdict = Literal["pass", "fail", "inconclusive", "no limit"]
State = Literal["draft", "approved", "rejected", "suspended", "stopped", "expired", "retired"]


class Value(BaseModel):
    """Base of all stored types: frozen, keyword-only, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(Value):
    """One text and, where known, the right answer."""

    id: str
    text: str
    pair: str | None = None
    target: str | None = None
    groups: dict[str, str] = {}
    person: str | None = None  # pseudonym: the unit of privacy and of erasure
    origin: str = "import"  # or "correction:<prediction id>", "judged:<id of an attacked row>", ...


class Splits(NamedTuple):
    """The rows of a corpus, by what they may be used for. Only audit and comparison may look at `test`."""

    train: list[Example]
    tune: list[Example]
    test: list[Example]


class Corpus(Value):
    """A fixed set of examples for one task."""

    id: str
    name: str
    task: str
    labels: tuple[str, ...]
    splits: dict[str, int]  # rows in train, tune, test
    examples: str  # artifact id of the rows
    report: str | None = None  # artifact id of the intake report
    protections: tuple[str, ...] = ()
    parent: str | None = None
    purpose: str | None = None  # for which the rows may be used; None = nobody said
    legal_basis: str | None = None  # consent, contract, ...; None = nobody said
    made_at: datetime


class Run(Value):
    """One training, fully repeatable."""

    id: str
    corpus_id: str
    recipe: Recipe  # as trained: every automatic knob filled in
    model: str  # artifact id of the model folder
    scores: dict[str, float]  # tune split only
    history: tuple[dict[str, float], ...] = ()  # one row per epoch: epoch, loss, tune scores, seconds
    trainable: int  # parameters that were trained
    parameters: int  # parameters in all
    truncated: int  # training rows longer than the sequence length
    spent: dict[str, Any] | None = None  # epsilon, delta, unit, accountant
    parent: str | None = None
    seed: int
    seconds: float
    peak_memory: int | None = None  # bytes: most that the process held in memory while it trained; None = from before it was kept
    versions: dict[str, str]
    made_at: datetime


class Measurement(Value):
    """What a check measured; the audit stage turns it into a Finding with a limit."""

    metric: str
    unit: str  # "share", "flips per row", ...
    better: Better
    value: float
    low: float
    high: float
    n: int
    evidence: dict[str, Any] | None = None  # plain data with a `kind` that charts.py can draw


class Finding(Value):
    """One measured statement about a run."""

    id: str
    run_id: str
    check: str
    metric: str
    unit: str
    better: Better
    value: float
    low: float
    high: float
    n: int
    limit: float | None = None
    seed: int
    evidence: str | None = None  # artifact id of the JSON evidence
    made_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Verdict:
        """Pass or fail only when the whole interval lies on one side of the limit and there are rows enough."""
        if self.limit is None:
            return "no limit"
        if self.n < FEWEST_ROWS:
            return "inconclusive"
        worst, best = (self.low, self.high) if self.better == "higher" else (-self.high, -self.low)
        limit = self.limit if self.better == "higher" else -self.limit
        return "pass" if worst >= limit else "fail" if best < limit else "inconclusive"


class Skipped(Value):
    """A check that does not apply, and why: silence never looks like success."""

    run_id: str
    check: str
    why: str


class Reply(Value):
    """A reviewer's answer to one question of the policy's checklist."""

    answer: Literal["yes", "no", "not applicable"]
    note: str = ""


class Condition(Value):
    """Something that an approval depends on."""

    text: str
    blocking: bool = False  # whether the gate stays closed until another person says that it is met


class Signature(Value):
    """One person's decision over the seal of a bundle."""

    who: str
    role: str
    decision: Literal["approve", "reject"]
    reason: str
    at: datetime
    over: str  # sha256 of the manifest that was signed
    release_id: str = ""  # the release it was given for; empty in signatures from before this was kept
    answers: dict[str, Reply] = {}  # question of the checklist -> reply
    conditions: tuple[Condition, ...] = ()
    proof: str | None = None


class Release(Value):
    """A run, what was found, who stands for it."""

    id: str
    run_id: str
    finding_ids: tuple[str, ...]
    policy: Policy
    seal: str  # sha256 of the bundle's manifest
    bundle: str  # folder of the bundle
    card: str  # path of the HTML card inside the bundle
    signatures: tuple[Signature, ...] = ()
    state: State = "draft"
    makers: tuple[str, ...] = ()  # who trained the run and who released it; separation of duties keeps them from signing
    made_at: datetime


class Flag(Value):
    """What a guard noticed about a text, or why an answer is handed over; holds none of the text's own words."""

    guard: str  # its name in the family `guards`, or the check whose threshold speaks
    action: Literal["flag", "hand over"]
    reason: str
    reason_zh: str


class Prediction(Value):
    """One answer of a served release, kept so that a correction can name it."""

    id: str
    release_id: str
    text: str
    pair: str | None = None  # the second text, of a task that compares two
    label: str
    probability: float  # that this answer is right
    probabilities: dict[str, float]  # of each label
    answer: Any = None  # the answer in the form of its task, where a label does not say it all
    truncated: bool = False
    abstained: bool = False  # a person should answer instead; the label is then only what the model would have said
    flags: tuple[Flag, ...] = ()
    made_at: datetime


class Answer(Value):
    """What a person says of a prediction; stored before it is acknowledged."""

    id: str
    prediction_id: str
    correct: bool
    label: str | None = None  # the right label, when the person knows it
    note: str = ""
    who: str
    made_at: datetime


class WordWeight(Value):
    """One word of an explained text: where it stands and how much it spoke for the answer."""

    word: str
    start: int  # character offset, inclusive
    end: int  # character offset, exclusive
    weight: float  # share of the answer's probability that the word brought, as the explanation's method measures it


class Faithfulness(Value):
    """Whether the words that an explanation puts first are those that the answer rests on (ERASER, DeYoung et al. 2020).

    All in probability of the answer, averaged over the first 10, 20 and 50 % of the words (core/faithfulness.py).
    """

    comprehensiveness: float  # how far the probability falls without the first words, -1..1; higher is better
    sufficiency: float  # how far it falls when only the first words are left, -1..1; lower is better
    random_comprehensiveness: float  # the same of words in random order, mean of `draws` orders
    random_sufficiency: float
    gap: float  # how far it is better than random order, mean of both measures, -1..1; 0 = no better
    draws: int
    reliable: bool  # better than random order, beyond what random orders differ among themselves


class Explanation(Value):
    """Why a model answered as it did, word by word."""

    label: str
    probability: float
    method: str
    words: tuple[WordWeight, ...]
    delta: float | None = None  # integrated gradients: sum of weights minus what they should add up to, in probability
    faithfulness: Faithfulness | None = None


class Comparison(Value):
    """Challenger against champion on the same test rows."""

    champion: str  # run id
    challenger: str  # run id
    n: int
    champion_accuracy: float
    challenger_accuracy: float
    gap: float
    low: float
    high: float
    only_champion: int  # rows the champion alone answers correctly
    only_challenger: int
    p_value: float  # exact McNemar
    verdict: Literal["challenger", "champion", "cannot tell"]
    flipped: tuple[dict[str, str], ...]  # rows whose answer changed: text, target, before, after


class Actor(Value):
    """Who is asking."""

    name: str
    roles: tuple[str, ...] = ()

    def may(self, role: str) -> bool:
        """Whether this person holds the role; an admin holds all."""
        return role in self.roles or "admin" in self.roles


def content_id(kind: str, content: Any) -> str:
    """A short name from content: the same content always gets the same name, e.g. `run-3f9a1c20b4de`."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return f"{kind}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"
