"""The console over a workspace in which every page has something to show, some of it meant to break out of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.console import mount
from beside.core.compressing import TOLD, Compression, Interval, Measured
from beside.core.types import Comparison, Corpus, Finding, Release, Run, Skipped

EVIL = "<script>alert('并肩')</script>"
EVIDENCE: dict[str, dict[str, Any]] = {
    "accuracy": {"kind": "confusion", "labels": ["a", EVIL], "matrix": [[9, 1], [0, 5]]},
    "macro_f1": {
        "kind": "report",
        "rows": [
            {
                "label": EVIL,
                "support": 5,
                "answered": 5,
                "precision": 1.0,
                "precision_low": 0.6,
                "precision_high": 1.0,
                "recall": 0.5,
                "recall_low": 0.3,
                "recall_high": 0.8,
                "f1": 0.7,
                "f1_low": 0.5,
                "f1_high": 0.9,
            }
        ],
        "averages": [],
    },
    "tfidf_accuracy": {
        "kind": "bars",
        "title": "accuracy",
        "unit": "share",
        "rows": [{"name": "this model", "value": 0.9, "low": 0.8, "high": 0.95}],
    },
    "ece": {"kind": "reliability", "bins": [{"low": 0.0, "high": 1.0, "confidence": 0.8, "accuracy": 0.9, "n": 40}]},
    "aurc": {
        "kind": "curve",
        "title": "risk and coverage",
        "x": "share answered",
        "y": "share wrong among the answered",
        "lines": [{"name": "this model", "points": [[0.1, 0.0], [0.5, 0.02], [1.0, 0.2]]}],
        "marks": [{"name": "threshold", "x": 0.5, "y": 0.02}],
        "notes": ["It answers above a probability of 0.750 and hands over the rest."],
    },
    "flip_rate": {
        "kind": "examples",
        "of": 9,
        "rows": [{"after": "a", "before": "b", "edited": EVIL, "target": "b", "text": "a text"}],
    },
}


def measured(form: str, faster: float, flips: float, why_not: str = "") -> Measured:
    """A form of the toy model."""
    between = {"low": 0.8, "high": 0.95, "n": 120}
    return Measured(
        form=form,
        size=24_100_000,
        speed=100 * faster,
        faster=Interval(value=faster, low=faster - 0.2, high=faster + 0.3, n=7),
        score=Interval(value=0.9, **between),
        gap=Interval(value=-0.004, low=-0.01, high=0.002, n=120),
        flips=Interval(value=flips, low=flips / 2, high=flips + 0.01, n=120),
        company=Interval(value=0.0, low=0.0, high=0.04, n=100),
        why_not=why_not,
    )


TOLD_OF_SMALL = Compression(
    parent="run-toy",
    chain=("trim_vocabulary", "quantize"),
    settings={},
    did=(
        "trim_vocabulary: 24,995 of 30,522 tokens stay, 6,041 texts read; 9.2% (7.4% to 11.3%) of 872 tune rows have a token "
        "that is gone; such words are read in smaller pieces",
        "quantize: 3 forms measured on this machine",
    ),
    metric="accuracy",
    against_parent=measured("int8_tokens", 3.8, 0.006),
    parent_size=91_000_000,
    parent_speed=234.0,
    parent_score=Interval(value=0.9, low=0.8, high=0.95, n=120),
    parameters=None,
    threads=2,
    processor="x86_64 avx2",
    candidates=(
        measured("onnx", 2.2, 0.0),
        measured("int8_tokens", 3.8, 0.006),
        measured("int8_dynamic", 4.9, 0.04, "4.00% of rows are answered otherwise (limit 1.00%)"),
    ),
    chosen="int8_tokens",
)
CHECKS = {"aurc": "selective/risk_coverage", "ece": "calibration/ece", "flip_rate": "robustness/typos"}


@dataclass(frozen=True)
class Shown:
    """A console, what it shows, and a key for each role."""

    app: FastAPI
    workspace: Any
    release: Release
    keys: dict[str, str]

    def visit(self, role: str = "", language: str = "en", **headers: str) -> TestClient:
        """A browser on this machine; signed in when a role is named."""
        client = browser(self.app, language=language, **headers)
        if role:
            client.post("/sign-in", data={"key": self.keys[role]})
        return client


def browser(
    app: FastAPI, *, language: str = "en", at: str = "127.0.0.1:8321", client: str = "127.0.0.1", **headers: str
) -> TestClient:
    """A client that asks for pages as a browser does."""
    told = {"accept": "text/html,*/*;q=0.8", "accept-language": language, **headers}
    return TestClient(app, base_url=f"http://{at}", client=(client, 50_000), headers=told)


def console_of(made: Any, **served: Any) -> Shown:
    """The console of a workspace, with one person for each role."""
    app = create_app(made.workspace, **served)
    mount(app, made.workspace)
    people = made.workspace.people
    keys = {role: people.add(made.owner, f"the {role}", [role]) for role in ("admin", "builder", "reviewer", "user")}
    return Shown(app, made.workspace, made.release, keys)


@pytest.fixture(scope="session")
def show() -> Callable[..., Shown]:
    return console_of


@pytest.fixture(scope="session")
def visiting() -> Callable[..., TestClient]:
    return browser


@pytest.fixture(scope="session")
def evil() -> str:
    return EVIL


@pytest.fixture(scope="session")
def full(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Shared: look at it and ask it, but change no file and sign nothing."""
    made = make_approved(tmp_path_factory.mktemp("console"))
    add_evidence(made)
    add_neighbours(made)
    add_compression(made)
    return console_of(made)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The console of a workspace with nothing in it."""
    from beside.store.workspace import Workspace

    workspace = Workspace.open(tmp_path_factory.mktemp("empty"))
    app = create_app(workspace)
    mount(app, workspace)
    return app


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The console of a workspace with people and nothing else: quick, for all that needs no model."""
    from types import SimpleNamespace

    from beside.core.types import Actor
    from beside.store.workspace import Workspace

    workspace = Workspace.open(tmp_path_factory.mktemp("desk"))
    return console_of(SimpleNamespace(workspace=workspace, owner=Actor(name="olga", roles=("admin",)), release=None))


@pytest.fixture
def draft(make_approved: Callable[..., Any], tmp_path: Path) -> Shown:
    """A console of its own with a release that nobody signed; for tests that change things."""
    return console_of(make_approved(tmp_path, approve=False))


def add_evidence(made: Any) -> None:
    """Findings of every kind of evidence for the toy run, and a check that was skipped."""
    records, run = made.workspace.records, made.release.run_id
    found: list[Finding | Skipped] = [
        Finding(
            id=f"finding-{metric}",
            run_id=run,
            check=CHECKS.get(metric, "utility/report"),
            metric=metric,
            unit="share",
            better="lower" if metric in CHECKS else "higher",
            value=0.5,
            low=0.4,
            high=0.6,
            n=100,
            seed=0,
            limit=None if metric == "macro_f1" else 0.7,
            evidence=made.workspace.artifacts.put_json(evidence),
            made_at=made.release.made_at - timedelta(days=1),  # before what was signed: nothing was measured anew since
        )
        for metric, evidence in EVIDENCE.items()
    ]
    found.append(Skipped(run_id=run, check="robustness/typos", why="None of the 3 test rows holds a word that can be mistyped."))
    records.add_findings(made.owner, found)
    records.count_test_use(made.owner, "corpus-toy", run, "audit")


def add_neighbours(made: Any) -> None:
    """A corpus without a run, a run without an audit, a comparison: something at every station of the loop."""
    records, owner = made.workspace.records, made.owner
    corpus: Corpus = records.corpus(owner, "corpus-toy")
    run: Run = records.run(owner, "run-toy")
    records.add_corpus(owner, corpus.model_copy(update={"id": "corpus-evil", "name": EVIL, "labels": (EVIL, "b")}))
    records.add_run(owner, run.model_copy(update={"id": "run-next"}))
    records.add_comparison(
        owner,
        Comparison(
            champion=run.id,
            challenger="run-next",
            n=3,
            champion_accuracy=0.5,
            challenger_accuracy=0.75,
            gap=0.25,
            low=-0.1,
            high=0.5,
            only_champion=0,
            only_challenger=1,
            p_value=0.3,
            verdict="cannot tell",
            flipped=(),
        ),
    )


def add_compression(made: Any) -> None:
    """A run that was compressed from the toy run: int8 was taken, a faster form refused, a slower one left."""
    records, owner = made.workspace.records, made.owner
    run: Run = records.run(owner, "run-toy")
    with TemporaryDirectory() as folder:
        copytree(made.workspace.artifacts.folder(run.model), folder, dirs_exist_ok=True)
        (Path(folder) / TOLD).write_text(TOLD_OF_SMALL.model_dump_json(), encoding="utf-8")
        model = made.workspace.artifacts.put_folder(Path(folder))
    earlier = run.made_at - timedelta(minutes=5)  # the newest run of the corpus stays another one
    records.add_run(owner, run.model_copy(update={"id": "run-small", "parent": run.id, "model": model, "made_at": earlier}))
