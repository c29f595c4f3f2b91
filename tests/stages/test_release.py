"""A release is sealed whole or not at all, says what was found and what was not, and holds no text of a row."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.policies import read_policy
from beside.core.recipe import Limit, Policy, Recipe, read_recipe
from beside.core.types import Actor, Corpus, Example, Finding, Release, Run, Skipped
from beside.stages.release import release
from beside.stages.review import sign
from beside.stages.verify import verify
from beside.store.artifacts import Artifacts
from beside.store.bundle import check_bundle, seal_of
from beside.store.rows import write_rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "my account 4711 was charged twice"
EVIL = "<script>alert(1)</script>"
LABELS = ("card_lost", "refund|late", EVIL)
CARDS = ("card.html", "card.md", "card.zh.html", "card.zh.md")


@dataclass(frozen=True)
class Made:
    """Everything a release is made of, on disk and in memory."""

    run: Run
    corpus: Corpus
    findings: list[Finding]
    skipped: list[Skipped]
    artifacts: Artifacts
    home: Path
    policy: Policy = field(default_factory=lambda: read_policy("default"))
    texts: tuple[str, ...] = ("where is my card", SECRET)
    test_uses: int = 3
    difference: float = 0.0
    now: datetime = NOON

    def release(self) -> Release:
        return release(
            self.run, self.corpus, self.findings, self.skipped, self.policy, texts=self.texts, test_uses=self.test_uses,
            artifacts=self.artifacts, home=self.home, truth=self.truth, now=self.now,
        )  # fmt: skip

    def truth(self, first: Path, second: Path, texts: object) -> float:
        assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
        return self.difference


@pytest.fixture
def made(tmp_path: Path) -> Made:
    artifacts = Artifacts(tmp_path / "artifacts")
    corpus = a_corpus(artifacts, tmp_path)
    run = a_run(artifacts, tmp_path, corpus)
    return Made(run, corpus, the_findings(artifacts, run), [skip(run)], artifacts, tmp_path / "releases")


def a_corpus(artifacts: Artifacts, folder: Path) -> Corpus:
    rows = [("train", f"t{i}", LABELS[i % 3]) for i in range(60)] + [("tune", f"u{i}", LABELS[i % 3]) for i in range(9)]
    rows += [("test", f"v{i}", LABELS[i % 3]) for i in range(90)]
    examples: Any = ((split, Example(id=id, text=SECRET, target=label)) for split, id, label in rows)
    write_rows(folder / "rows.parquet", examples)
    report = {
        "rows_read": 170, "refused": 4, "refused_why": {SECRET: 4}, "refusals": [{"line": 3, "why": SECRET}],
        "leaks": [{"inside": "test", "source": "train", "same": 2, "near": 1, "rows": 90, "examples": [{"first": SECRET}]}],
    }  # fmt: skip
    return Corpus(
        id="corpus-1", name="Support mail", task="classify", labels=LABELS, splits={"train": 60, "tune": 9, "test": 90},
        examples=artifacts.put_file(folder / "rows.parquet"), report=artifacts.put_json(report), made_at=NOON,
    )  # fmt: skip


def a_run(artifacts: Artifacts, folder: Path, corpus: Corpus) -> Run:
    model = folder / "model"
    (model / "words").mkdir(parents=True)
    (model / "model.safetensors").write_bytes(b"weights" * 1000)
    (model / "config.json").write_text("{}")
    (model / "words" / "tokenizer.json").write_text('{"a": 1}')
    recipe = Recipe(method="lpft", epochs=4, learning_rate=3e-05, max_length=64, threads=2)
    return Run(
        id="run-1", corpus_id=corpus.id, recipe=recipe, model=artifacts.put_folder(model), scores={"macro_f1": 0.7, "loss": 0.9},
        trainable=22_600_000, parameters=22_700_000, truncated=5, seed=0, seconds=81.25,
        versions={"torch": "2.9", "beside": "0.1"}, made_at=NOON - timedelta(days=2),
    )  # fmt: skip


def the_findings(artifacts: Artifacts, run: Run) -> list[Finding]:
    confusion = {"kind": "confusion", "labels": list(LABELS), "matrix": [[27, 2, 1], [1, 28, 1], [3, 1, 26]]}
    flips = {"kind": "examples", "rows": [{"text": SECRET, "edited": SECRET[:-1]}]}
    accuracy = Finding(
        id="finding-1", run_id=run.id, check="utility/report", metric="accuracy", unit="share", better="higher", value=0.9,
        low=0.821, high=0.946, n=90, limit=0.5, seed=0, evidence=artifacts.put_json(confusion), made_at=NOON - timedelta(days=1),
    )  # fmt: skip
    flip_rate = {"id": "finding-2", "check": "robustness/typos", "metric": "flip_rate", "better": "lower", "value": 0.2}
    return [accuracy, accuracy.model_copy(update=flip_rate | {"low": 0.16, "high": 0.3, "evidence": artifacts.put_json(flips)})]


def skip(run: Run) -> Skipped:
    return Skipped(run_id=run.id, check="fairness/groups", why="The corpus has no column of groups.")


def test_a_release_is_a_sealed_draft_that_names_its_evidence(made: Made) -> None:
    released = made.release()
    manifest = check_bundle(Path(released.bundle))
    assert released.state == "draft" and released.signatures == () and released.made_at == NOON
    assert released.seal == seal_of(Path(released.bundle))
    assert manifest["facts"]["findings"] == list(released.finding_ids) == [finding.id for finding in made.findings]
    assert Policy.model_validate(manifest["facts"]["policy"]) == made.policy
    model = {"model/model.safetensors", "model/config.json", "model/words/tokenizer.json"}
    assert {*model, *CARDS, "recipe.toml", "run.json", "findings.json", "corpus.json"} <= manifest["files"].keys()
    assert Path(released.card).is_file() and Path(released.bundle).parent == made.home


def test_the_same_inputs_give_the_same_seal_at_any_time_and_place(made: Made, tmp_path: Path) -> None:
    first = made.release()
    second = replace(made, home=tmp_path / "elsewhere", now=NOON + timedelta(days=90)).release()
    assert (second.id, second.seal) == (first.id, first.seal)
    assert second.bundle != first.bundle


def test_the_card_judges_by_the_policy_of_the_release_and_the_evidence_stays_as_it_was_measured(made: Made) -> None:
    limit = Limit(check="utility/report", metric="accuracy", limit=0.95, reason="nobody looks twice")
    bundle = Path(replace(made, policy=Policy(name="own", limits=(limit,))).release().bundle)
    card = (bundle / "card.md").read_text()
    assert "≥ 0.95 | fail" in card and "≥ 0.5" not in card
    assert json.loads((bundle / "findings.json").read_text())["findings"][0]["limit"] == 0.5


def test_a_release_can_be_signed_and_then_checked_by_itself(made: Made) -> None:
    released = replace(made, policy=Policy(name="own")).release()
    signed = sign(released, made.findings, Actor(name="rita", roles=("reviewer",)), "approve", "read it all", now=NOON)
    report = verify(Path(signed.bundle), NOON)
    assert (signed.state, report.state, report.seal, report.release_id) == ("approved", "approved", released.seal, released.id)


def test_another_count_of_test_uses_is_another_release(made: Made) -> None:
    assert replace(made, test_uses=4).release().id != made.release().id


def test_releasing_twice_keeps_the_bundle_that_lies_there(made: Made) -> None:
    first = made.release()
    before = Path(first.bundle).stat().st_ino
    assert made.release().seal == first.seal
    assert Path(first.bundle).stat().st_ino == before


@pytest.mark.parametrize("difference", [1.1e-5, 0.3, float("nan")])
def test_a_truth_test_that_differs_refuses_and_leaves_nothing_behind(made: Made, difference: float) -> None:
    with pytest.raises(GateClosed, match=re.escape(f"{difference:.3g}")):
        replace(made, difference=difference).release()
    assert list(made.home.iterdir()) == []


def test_a_truth_test_that_breaks_down_leaves_nothing_behind(made: Made) -> None:
    class Broken(Made):
        def truth(self, first: Path, second: Path, texts: object) -> float:
            raise GateClosed("The model cannot be reloaded.")

    with pytest.raises(GateClosed, match="reloaded"):
        Broken(**vars(made)).release()
    assert list(made.home.iterdir()) == []


def test_a_difference_at_the_limit_passes(made: Made) -> None:
    assert replace(made, difference=1e-5).release().state == "draft"


def test_a_truth_test_without_a_text_is_refused(made: Made) -> None:
    with pytest.raises(BadInput, match="no text"):
        replace(made, texts=()).release()


def test_results_of_another_run_are_refused(made: Made) -> None:
    foreign = [made.findings[0].model_copy(update={"run_id": "run-2"})]
    with pytest.raises(BadInput, match="run-2"):
        replace(made, findings=foreign).release()
    with pytest.raises(BadInput, match="corpus-2"):
        replace(made, corpus=made.corpus.model_copy(update={"id": "corpus-2"})).release()


def test_an_altered_byte_is_named_when_the_bundle_is_released_again(made: Made) -> None:
    file = Path(made.release().bundle) / "model" / "model.safetensors"
    file.chmod(0o644)
    file.write_bytes(b"Weights" + file.read_bytes()[7:])
    with pytest.raises(Altered, match=r"model/model\.safetensors"):
        made.release()


def test_the_commands_on_the_card_check_the_bundle_without_beside(made: Made) -> None:
    if not (which("jq") and which("sha256sum")):
        pytest.skip("jq or sha256sum is not installed")
    released = made.release()
    bundle = Path(released.bundle)
    commands = re.findall(r"```sh\n(.*?)```", (bundle / "card.md").read_text(), flags=re.DOTALL)[1]
    done = subprocess.run(commands, shell=True, cwd=bundle, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [released.seal, "manifest.json"]
    (bundle / "model" / "config.json").chmod(0o644)
    (bundle / "model" / "config.json").write_text("{ }")
    assert "model/config.json: FAILED" in subprocess.run(commands, shell=True, cwd=bundle, capture_output=True, text=True).stdout


def test_no_text_of_a_row_is_anywhere_in_the_bundle(made: Made) -> None:
    bundle = Path(made.release().bundle)
    for file in bundle.rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file


def test_the_recipe_can_be_trained_from_and_says_unit_and_reason_of_each_knob(made: Made) -> None:
    file = Path(made.release().bundle) / "recipe.toml"
    assert read_recipe(file) == made.run.recipe
    text = file.read_text()
    assert all(field.description and field.description in text for field in Recipe.model_fields.values())


def test_the_corpus_file_holds_counts_and_no_findings_are_lost(made: Made) -> None:
    bundle = Path(made.release().bundle)
    facts = json.loads((bundle / "corpus.json").read_text())
    assert facts["rows"]["card_lost"] == {"train": 20, "tune": 3, "test": 30}
    assert facts["intake"]["refused"] == 4 and facts["leaks"][0]["same"] == 2
    stored = json.loads((bundle / "findings.json").read_text())
    assert [Finding.model_validate(one) for one in stored["findings"]] == made.findings
    assert [Skipped.model_validate(one) for one in stored["skipped"]] == made.skipped


def test_a_finding_without_an_end_of_its_interval_is_stored_as_json(made: Made) -> None:
    endless = made.findings[0].model_copy(update={"low": float("-inf"), "high": float("inf")})
    released = replace(made, findings=[endless]).release()
    text = (Path(released.bundle) / "findings.json").read_text()
    stored = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert Finding.model_validate(stored["findings"][0]) == endless
