"""A release is sealed whole or not at all, says what was found and what was not, and holds no text of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.recipe import Limit, Policy, Recipe, read_policy, read_recipe
from beside.core.types import Corpus, Example, Finding, Release, Run, Skipped
from beside.stages.release import release
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
        "rows_read": 170, "kept": 159, "refused": 4, "repeated": 7, "refusals": [{"line": 3, "why": SECRET}], "languages": {"English": 159},
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
    history = tuple({"epoch": float(i), "loss": 2.1 / i, "tune_macro_f1": 0.5 + i / 20, "tune_loss": 1.0} for i in range(1, 5))
    return Run(
        id="run-1", corpus_id=corpus.id, recipe=recipe, model=artifacts.put_folder(model), scores={"macro_f1": 0.7, "loss": 0.9},
        history=history, trainable=22_600_000, parameters=22_700_000, truncated=5, seed=0, seconds=81.25,
        versions={"torch": "2.9", "beside": "0.1"}, made_at=NOON - timedelta(days=2),
    )  # fmt: skip


def the_findings(artifacts: Artifacts, run: Run) -> list[Finding]:
    bins = [{"low": 0.5, "high": 0.6, "confidence": 0.55, "accuracy": 0.5, "accuracy_low": 0.3, "accuracy_high": 0.7, "n": 30}]
    share = {"support": 30, "answered": 31} | {f"{s}{e}": 0.8 for s in ("precision", "recall", "f1") for e in ("", "_low", "_high")}
    rows = [{"name": "this model", "value": 0.9, "low": 0.82, "high": 0.95}, {"name": "TF-IDF", "value": 0.8, "low": 0.7, "high": 0.86}]
    evidence: dict[str, dict[str, Any]] = {
        "accuracy": {"kind": "confusion", "labels": list(LABELS), "matrix": [[27, 2, 1], [1, 28, 1], [3, 1, 26]]},
        "macro_f1": {"kind": "report", "rows": [{"label": label, **share} for label in LABELS], "averages": []},
        "ece": {"kind": "reliability", "bins": bins},
        "tfidf_accuracy": {"kind": "bars", "title": "accuracy", "unit": "share", "rows": rows},
        "flip_rate": {"kind": "examples", "rows": [{"text": SECRET, "edited": SECRET[:-1]}]},
    }
    numbers = {
        "utility/report accuracy": (0.900, 0.821, 0.946, 90), "utility/report macro_f1": (0.899, 0.828, 0.957, 90),
        "utility/report tfidf_accuracy": (0.800, 0.706, 0.870, 90), "utility/report gain_over_tfidf": (0.1, -0.033, 0.233, 90),
        "calibration/ece ece": (0.131, 0.104, 0.197, 90), "robustness/typos flip_rate": (0.05, 0.009, 0.236, 20),
    }  # fmt: skip
    lower = ("ece", "flip_rate")
    return [
        Finding(
            id=f"finding-{metric}", run_id=run.id, check=check, metric=metric, unit="share", better="lower" if metric in lower else "higher",
            value=value, low=low, high=high, n=n, seed=0, evidence=artifacts.put_json(evidence[metric]) if metric in evidence else None,
            made_at=NOON - timedelta(days=1),
        )
        for name, (value, low, high, n) in numbers.items()
        for check, metric in [name.split()]
    ]  # fmt: skip


def skip(run: Run) -> Skipped:
    return Skipped(run_id=run.id, check="fairness/groups", why="The corpus has no column of groups.")


def card(released: Release, name: str) -> str:
    return (Path(released.bundle) / name).read_text(encoding="utf-8")


def test_a_release_is_a_sealed_draft_that_names_its_evidence(made: Made) -> None:
    released = made.release()
    manifest = check_bundle(Path(released.bundle))
    assert released.state == "draft" and released.signatures == () and released.made_at == NOON
    assert released.seal == seal_of(Path(released.bundle))
    assert manifest["facts"]["findings"] == list(released.finding_ids) == [finding.id for finding in made.findings]
    assert Policy.model_validate(manifest["facts"]["policy"]) == made.policy
    assert {"model/model.safetensors", "model/words/tokenizer.json", *CARDS, "recipe.toml", "findings.json"} <= manifest["files"].keys()
    assert Path(released.card).is_file() and Path(released.bundle).parent == made.home


def test_the_same_inputs_give_the_same_seal_at_any_time_and_place(made: Made, tmp_path: Path) -> None:
    first = made.release()
    second = replace(made, home=tmp_path / "elsewhere", now=NOON + timedelta(days=90)).release()
    assert (second.id, second.seal) == (first.id, first.seal)
    assert second.bundle != first.bundle


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


def test_no_text_of_a_row_is_anywhere_in_the_bundle(made: Made) -> None:
    bundle = Path(made.release().bundle)
    for file in bundle.rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("name", CARDS)
def test_every_finding_is_on_every_card_with_interval_and_n(made: Made, name: str) -> None:
    text = card(made.release(), name)
    for finding in made.findings:
        low, high = (f"{bound:.3f}".replace("-", "−") for bound in (finding.low, finding.high))
        assert f"{low} – {high}" in text and f"{finding.value:.3f}" in text and finding.check in text


def test_limits_are_judged_by_the_policy_of_the_release(made: Made) -> None:
    text = card(made.release(), "card.md")
    line = {finding.metric: next(row for row in text.splitlines() if finding.check in row and f"{finding.value:.3f}" in row) for finding in made.findings}
    assert "≥ 0.8 | pass" in line["accuracy"]
    assert "≤ 0.1 | fail" in line["ece"]
    assert "≥ −0.02 | inconclusive" in line["gain_over_tfidf"]
    assert "not enough data" in line["flip_rate"]
    assert "no limit" in line["macro_f1"]
    assert made.policy.limits[0].reason in text


@pytest.mark.parametrize("name", CARDS)
def test_labels_are_escaped_everywhere(made: Made, name: str) -> None:
    text = card(made.release(), name)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not rows or all("refund|" not in row for row in rows)


def test_the_page_is_one_file_that_fetches_nothing(made: Made) -> None:
    for name in ("card.html", "card.zh.html"):
        text = card(made.release(), name)
        assert text.count("<figure>") == 4
        assert not re.search(r"<(script|link|img|iframe|object)\b|@import|url\(\s*['\"]?http|\bon\w+=", text)
        assert len(found := re.findall(r'\bid="([^"]*)"', text)) == len(set(found))


def test_the_chinese_edition_is_chinese(made: Made) -> None:
    released = made.release()
    body = re.sub(r"<style>.*?</style>|<[^>]+>", " ", card(released, "card.zh.html"), flags=re.DOTALL)
    assert '<html lang="zh-Hans">' in card(released, "card.zh.html")
    for words in ("模型卡", "测得什么", "没有测量什么", "准确率", "达到", "未达到", "数据不足", "如何核验", "由谁决定"):
        assert words in body, words
    for words in ("What was found", "higher is better", "not measured", "inconclusive", "Why this limit"):
        assert words not in body, words


def test_what_was_not_measured_is_printed_as_not_measured(made: Made) -> None:
    released = replace(made, findings=made.findings[:1]).release()
    text = card(released, "card.md")
    section = text[text.index("## What was not measured") : text.index("## Pictures")]
    for aspect in ("Privacy", "Memory", "Explanation", "fairness/groups", "calibration/ece", "robustness/typos"):
        assert f"**{aspect}" in section, aspect
    assert "no column of groups" in section
    assert section.count("there is no finding for it") == 3


def test_a_release_without_findings_says_so(made: Made) -> None:
    text = card(replace(made, findings=[], skipped=[]).release(), "card.html")
    assert "Nothing was measured" in text


@pytest.mark.parametrize("name", CARDS)
def test_the_card_tells_how_often_the_test_split_was_used_and_what_the_intake_found(made: Made, name: str) -> None:
    text = re.sub(r"<[^>]+>|\*", "", card(replace(made, test_uses=17).release(), name))
    assert re.search(r"(Test split used: 17 ×|测试集使用次数：17 次)", text)
    for number in ("22,600,000", "170", "81.2"):
        assert number in text
    assert re.search(r"2 the same, 1 nearly the same, of 90|共 90 行，其中 2 行相同", text)


def test_the_recipe_can_be_trained_from_and_says_unit_and_reason_of_each_knob(made: Made) -> None:
    file = Path(made.release().bundle) / "recipe.toml"
    assert read_recipe(file) == made.run.recipe
    text = file.read_text()
    assert all(field.description and field.description in text for field in Recipe.model_fields.values())


def test_the_markdown_has_a_header_that_the_hub_reads(made: Made) -> None:
    for name in ("card.md", "card.zh.md"):
        header = yaml.safe_load(card(made.release(), name).split("---\n")[1])
        (result,) = header["model-index"][0]["results"]
        assert header["license"] == "unknown" and header["pipeline_tag"] == "text-classification"
        assert result["dataset"]["split"] == "test"
        assert [metric["args"]["n"] for metric in result["metrics"]] == [finding.n for finding in made.findings]


def test_the_pictures_are_files_too_and_the_markdown_names_them(made: Made) -> None:
    released = made.release()
    for name in ("card.md", "card.zh.md"):
        files = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", card(released, name))
        assert len(files) == 4
        assert all((Path(released.bundle) / file).read_text(encoding="utf-8").startswith("<svg") for file in files)


def test_the_corpus_file_holds_counts_and_no_findings_are_lost(made: Made) -> None:
    bundle = Path(made.release().bundle)
    facts = json.loads((bundle / "corpus.json").read_text())
    assert facts["rows"]["card_lost"] == {"train": 20, "tune": 3, "test": 30}
    assert facts["intake"]["refused"] == 4 and facts["leaks"][0]["same"] == 2
    stored = json.loads((bundle / "findings.json").read_text())
    assert [Finding.model_validate(one) for one in stored["findings"]] == made.findings
    assert [Skipped.model_validate(one) for one in stored["skipped"]] == made.skipped


def test_a_finding_without_an_end_of_its_interval_is_told_and_stored(made: Made) -> None:
    endless = made.findings[3].model_copy(update={"low": float("-inf"), "high": float("inf")})
    released = replace(made, findings=[endless]).release()
    assert "no interval" in card(released, "card.html")
    text = (Path(released.bundle) / "findings.json").read_text()
    stored = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert Finding.model_validate(stored["findings"][0]) == endless


def test_a_run_with_few_facts_is_released_all_the_same(made: Made) -> None:
    bare = made.run.model_copy(update={"history": (), "scores": {}, "spent": {"epsilon": 3.2, "delta": 1e-5}, "parent": "run-0"})
    corpus = made.corpus.model_copy(update={"report": None, "parent": "corpus-0", "protections": ("names",)})
    policy = Policy(name="own", limits=(Limit(check="utility/report", metric="accuracy", limit=0.95, reason="because | <b>"),))
    text = card(replace(made, run=bare, corpus=corpus, policy=policy).release(), "card.html")
    for words in ("no intake report", "epsilon 3.200", "run-0", "corpus-0", "because | &lt;b&gt;"):
        assert words in text, words


def keys(words: dict[str, Any], of: Callable[[str], bool]) -> set[str]:
    return {f"{section}.{key}" for section, entries in words.items() if of(section) for key in entries}


def test_both_languages_have_the_same_words() -> None:
    from beside.cards.words import read_words

    english, chinese = read_words("en"), read_words("zh")
    assert english["card"].keys() == chinese["card"].keys()
    for section, entries in english.items():
        assert entries.keys() <= chinese[section].keys(), section
    for key, text in english["card"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese["card"][key])), key


def test_every_knob_and_every_built_in_policy_speaks_chinese() -> None:
    from beside.cards.words import read_words

    chinese = read_words("zh")
    assert Recipe.model_fields.keys() <= chinese["knobs"].keys()
    for name in ("default", "strict", "sandbox"):
        policy = read_policy(name)
        sentences = [policy.purpose, *(limit.reason for limit in policy.limits)]
        assert [sentence for sentence in sentences if sentence not in chinese["sentences"]] == []
