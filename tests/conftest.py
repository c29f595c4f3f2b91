"""What tests of several parts share: a tiny trained model, and a workspace in which a release with that model is approved."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.recipe import Limit, Policy, Recipe
from beside.core.types import Actor, Corpus, Example, Finding, Release, Run, Splits
from beside.store.workspace import Workspace

pytest_plugins = ["tests.pace", "tests.live_server", "tests.asked"]
LABELS = ("cancel", "deliver", "refund")
TEXTS = {
    "cancel": ["please cancel my order", "i want to cancel it", "cancel the subscription now", "stop and cancel everything"],
    "deliver": ["where is my parcel", "the parcel did not arrive", "when will my parcel come", "my parcel is late"],
    "refund": ["i want my money back", "give me a refund of the money", "refund the money please", "money back for this"],
}


@dataclass(frozen=True)
class Approved:
    """A workspace with one approved release of a tiny model that tells three labels apart."""

    workspace: Workspace
    release: Release
    owner: Actor

    @property
    def weights(self) -> Path:
        """The file of the weights inside the bundle."""
        return Path(self.release.bundle) / "model" / "model.safetensors"


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> None:
    """A shell starts its background jobs with Ctrl-C ignored; tests that press it need a process that listens."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model as training leaves it: a random encoder of one layer, with a head fitted to `TEXTS`."""
    # torch takes seconds to load, and most tests need none
    import torch
    from transformers import BertConfig, BertModel

    from beside.engine.model import Facts, Model, drop_unused, save_model
    from beside.engine.probe import fit_head
    from beside.engine.runtime import TorchSubject
    from beside.engine.tokens import Tokens, train_tokenizer

    texts = [text for label in LABELS for text in TEXTS[label]]
    torch.manual_seed(0)
    tokens = Tokens(train_tokenizer(texts * 2), 16)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    words = tokens.tokenizer.get_vocab_size()
    encoder = BertModel(BertConfig(vocab_size=words, max_position_embeddings=16, pad_token_id=0, **size))
    drop_unused(encoder)
    model = Model(encoder, len(LABELS), "mean")
    facts = Facts(task="classify", labels=LABELS, pooling="mean", max_length=16)
    subject = TorchSubject(model, tokens, facts)
    targets = np.array([LABELS.index(label) for label in LABELS for _ in TEXTS[label]])
    weights, biases = fit_head(subject.embed(texts), targets, len(LABELS), strength=10.0, balanced=False)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))
    folder = tmp_path_factory.mktemp("toy") / "model"
    save_model(folder, model, tokens, facts)
    return folder


@pytest.fixture(scope="session")
def make_approved(toy_model: Path) -> Callable[..., Approved]:
    """Makes a workspace of its own in a folder; for tests that change files. `approve`, `at`: whether and when it was signed;
    `model`: of another `task`, instead of the toy."""
    from beside.stages.release import release as to_release
    from beside.stages.review import sign
    from beside.stages.verify import attest_release
    from beside.store.proof import proof_of
    from beside.store.rows import write_rows

    def made(
        folder: Path, *, approve: bool = True, at: datetime | None = None, policy: Policy | None = None, **other: Any
    ) -> Approved:
        model, task = other.get("model"), other.get("task", "generate")
        workspace, owner = Workspace.open(folder), Actor(name="olga", roles=("admin",))
        records, now = workspace.records, at or datetime.now(UTC) - timedelta(hours=1)
        said = [(text, "1" if task == "rank" else label) for label in LABELS for text in TEXTS[label]]
        rows = [Example(id=f"example-{text}", text=text, target=target) for text, target in said]
        splits = [("test" if place % 4 == 3 else "train", row) for place, row in enumerate(rows)]
        with workspace.artifacts.new_file() as new:
            write_rows(new.path, splits)
        corpus = Corpus(
            id="corpus-toy", name="toy", task=task if model else "classify", labels=() if model else LABELS,
            splits={"train": 9, "tune": 0, "test": 3}, examples=new.id,
            made_at=now,
        )  # fmt: skip
        run = Run(
            id="run-toy", corpus_id=corpus.id, recipe=Recipe(base="scratch", method="probe", epochs=1, max_length=16),
            model=workspace.artifacts.put_folder(model or toy_model), scores={}, trainable=99, parameters=9999, truncated=0, seed=0,
            seconds=1.0, versions={}, made_at=now,
        )  # fmt: skip
        finding = Finding(
            id="finding-toy", run_id=run.id, check="utility/report", metric="accuracy", unit="share", better="higher", value=0.95,
            low=0.9, high=0.98, n=120, limit=0.5, seed=0, made_at=now,
        )  # fmt: skip
        limit = Limit(check="utility/report", metric="accuracy", limit=0.5, reason="better than a coin")
        rules = policy or Policy(name="toy", limits=(limit,))
        draft = to_release(
            run, corpus, [finding], [], rules, texts=TEXTS["cancel"], test_uses=1, artifacts=workspace.artifacts,
            home=workspace.bundles, truth=lambda first, second, texts: 0.0, now=now,
        )  # fmt: skip
        records.add_corpus(owner, corpus)
        records.add_run(owner, run)
        records.add_findings(owner, [finding])
        records.add_release(owner, draft)
        attest_release(draft, workspace.keys, now)
        if approve:
            prove, reason = partial(proof_of, keys=workspace.keys), "It holds what it promises."
            records.save_release(owner, sign(draft, [finding], owner, "approve", reason, now=now, prove=prove))
        return Approved(workspace, records.release(owner, draft.id), owner)

    return made


@pytest.fixture(scope="session")
def approved(make_approved: Callable[..., Approved], tmp_path_factory: pytest.TempPathFactory) -> Approved:
    """A workspace with an approved release, shared: ask it whatever you like, but change no file and sign nothing."""
    return make_approved(tmp_path_factory.mktemp("approved"))


@dataclass
class ToySubject:
    """A model whose every answer is known: `scores` gives the logits of a text, one per label."""

    scores: Callable[[str], Sequence[float]]
    labels: tuple[str, ...] = ("refund", "lost")
    temperature: float = 1.0
    max_length: int = 64

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self.scores(text) for text in texts], dtype=np.float32).reshape(len(texts), len(self.labels))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        scaled = self.logits(texts) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, texts: Sequence[str]) -> list[str]:
        return [self.labels[best] for best in self.logits(texts).argmax(axis=1)]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Counts of characters by code point modulo 16: texts that look alike lie close."""
        return np.array([np.bincount([ord(char) % 16 for char in text], minlength=16) for text in texts], dtype=np.float32)

    def fill(self, texts: Sequence[str], places: Sequence[tuple[int, int]], most: int) -> list[list[str]]:
        """Guesses the same words everywhere."""
        return [["thing", "place", "东西", "地方"][:most] for _ in texts]


@pytest.fixture
def toy_subject() -> type[ToySubject]:
    """`toy_subject(scores, labels=...)`: a model made of arithmetic; `scores` takes a text and gives its logits."""
    return ToySubject


@pytest.fixture
def make_splits() -> Callable[..., Splits]:
    """`make_splits([(text, target), ...], train=...)`: rows as splits; train is the test rows when it is not given."""

    def build(test: Sequence[tuple[str, str | None]], train: Sequence[tuple[str, str | None]] | None = None) -> Splits:
        def rows(kind: str, pairs: Sequence[tuple[str, str | None]]) -> list[Example]:
            return [Example(id=f"{kind}-{place}", text=text, target=target) for place, (text, target) in enumerate(pairs)]

        return Splits(train=rows("train", test if train is None else train), tune=[], test=rows("test", test))

    return build


WORDS = {
    "cancel": "cancel stop end subscription contract quit membership terminate leave plan renewal",
    "deliver": "parcel courier arrive late track shipping package doorstep address driver van",
    "refund": "money back refund charged twice return paid amount card statement reimburse",
}
COMMON = "please hello my the i want can you help with this today yesterday again still why when could someone tell me about it"


@pytest.fixture(scope="session")
def messages() -> Callable[..., list[tuple[str, str]]]:
    """`messages(n, seed=0)`: n labelled texts of made-up customers, three labels in turn, no two texts alike."""

    def made(n: int, seed: int = 0) -> list[tuple[str, str]]:
        rng = np.random.default_rng(seed)
        rows = []
        for place in range(n):
            label = LABELS[place % len(LABELS)]
            words = [*rng.choice(WORDS[label].split(), 3, replace=False), *rng.choice(COMMON.split(), 6, replace=False)]
            rows.append((" ".join(rng.permutation(words)), label))
        return rows

    return made


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, messages: Callable[..., list[tuple[str, str]]]) -> Path:
    """Folder of a random two-layer BERT with its tokenizer, as `save_pretrained` leaves it: a base that trains in seconds."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from beside.engine.tokens import train_tokenizer

    torch.manual_seed(0)
    tokenizer = train_tokenizer([text for text, _ in messages(300)])
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=64, pad_token_id=0, **size)
    folder = tmp_path_factory.mktemp("base") / "tiny"
    BertModel(config).save_pretrained(folder)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Ended:
    """How a `beside` command ended."""

    code: int  # exit code, or minus the signal that ended it
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout; anything else there is an error."""
        return json.loads(self.out)


class Command:
    """Runs `beside` commands as a person would, each in a process of its own, without the seconds that importing torch takes."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self.server = server

    def __call__(self, *args: object, cwd: Path, patch: str = "", fsize: int | None = None) -> Ended:
        """Runs a command to its end; `patch` and `fsize` as in tests/fork_server.py."""
        return Ended(**self.ask(args=[str(arg) for arg in args], cwd=str(cwd), patch=patch, fsize=fsize))

    def start(self, *args: object, cwd: Path, patch: str = "") -> dict[str, int]:
        """Starts a command and returns at once; `join` waits for its end."""
        return self.ask(args=[str(arg) for arg in args], cwd=str(cwd), patch=patch, wait=False)

    def heard(self, started: dict[str, int]) -> str:
        """What a command that `start` began has said on stderr so far."""
        file = Path(self.server.args[2]) / f"{started['number']}.err"  # type: ignore[index, arg-type]
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def join(self, started: dict[str, int]) -> Ended:
        """Waits for a command that `start` began."""
        return Ended(**self.ask(join=started["pid"], number=started["number"]))

    def ask(self, **job: object) -> dict[str, Any]:
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return dict(json.loads(self.server.stdout.readline()))


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`beside("import", file, "--name", "inbox", cwd=folder)`: how it ended, with its output."""
    script = Path(__file__).parent / "fork_server.py"
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("said"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield Command(server)
        assert server.stdin
        server.stdin.close()
