"""The card says every number with interval and n, what nobody measured, and nothing that could run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from beside.cards.dossier import render
from beside.cards.facts import Facts
from beside.core.recipe import Policy, Recipe
from beside.core.types import FEWEST_ROWS, Skipped

CARDS = ("card.html", "card.md", "card.zh.html", "card.zh.md")


def rendered(facts: Facts, name: str) -> str:
    return render(facts)[name].decode()


def section(text: str, first: str, last: str) -> str:
    return text[text.index(first) : text.index(last)]


def row_of(text: str, check: str, value: str) -> str:
    return next(row for row in text.splitlines() if row.startswith("| **") and check in row and value in row)


@pytest.mark.parametrize("name", CARDS)
def test_every_finding_is_on_every_card_with_interval_and_n(card: dict[str, str], facts: Facts, name: str) -> None:
    for finding in facts.findings:
        low, high = (f"{bound:.3f}".replace("-", "−") for bound in (finding.low, finding.high))
        assert f"{low} – {high}" in card[name] and f"{finding.value:.3f}" in card[name] and finding.check in card[name]


def test_each_finding_is_judged_and_the_reason_of_its_limit_is_told(card: dict[str, str], facts: Facts) -> None:
    text = card["card.md"]
    assert "≥ 0.8 | pass" in row_of(text, "utility/report", "0.900")
    assert "≤ 0.1 | fail" in row_of(text, "calibration/ece", "0.131")
    assert "≥ −0.02 | inconclusive" in row_of(text, "utility/report", "−0.033")
    assert "no limit" in row_of(text, "utility/report", "0.899")
    measured = {(one.check, one.metric) for one in facts.findings}
    assert all(limit.reason in text for limit in facts.policy.limits if (limit.check, limit.metric) in measured)


def test_too_few_rows_are_called_so_with_and_without_a_limit(card: dict[str, str], facts: Facts) -> None:
    assert "not enough data" in row_of(card["card.md"], "robustness/typos", "0.050")
    few = facts.findings[1].model_copy(update={"n": FEWEST_ROWS - 1})
    assert "not enough data" in row_of(rendered(replace(facts, findings=(few,)), "card.md"), "utility/report", "0.899")


@pytest.mark.parametrize("name", CARDS)
def test_labels_are_escaped_everywhere(card: dict[str, str], name: str) -> None:
    assert "<script" not in card[name]
    assert "&lt;script&gt;" in card[name]
    assert all("refund|" not in row for row in card[name].splitlines() if row.startswith("| "))


def test_names_that_people_gave_are_escaped_as_well(facts: Facts, own_policy: Policy) -> None:
    evil = replace(
        facts, corpus=facts.corpus.model_copy(update={"name": "</title><img src=x onerror=alert(1)>"}), policy=own_policy
    )
    for name in CARDS:
        body = rendered(evil, name).split("---\n", 2)[-1]
        assert "<img" not in body and "<b>" not in re.sub(r"<b>[^<]*</b>", "", body)


def test_the_page_is_one_file_that_fetches_nothing_and_runs_nothing(card: dict[str, str]) -> None:
    for name in ("card.html", "card.zh.html"):
        assert card[name].count("<figure>") == 4
        assert not re.search(r"<(script|link|img|iframe|object)\b|@import|url\(\s*['\"]?http|\bon\w+=", card[name])
        assert len(found := re.findall(r'\bid="([^"]*)"', card[name])) == len(set(found))


def test_the_chinese_edition_is_chinese(card: dict[str, str]) -> None:
    body = re.sub(r"<style>.*?</style>|<[^>]+>", " ", card["card.zh.html"], flags=re.DOTALL)
    assert '<html lang="zh-Hans">' in card["card.zh.html"]
    for words in ("模型卡", "测得什么", "没有测量什么", "准确率", "达到", "未达到", "数据不足", "如何核验", "由谁决定", "本模型"):
        assert words in body, words
    for words in ("What was found", "higher is better", "not measured", "inconclusive", "Why this limit"):
        assert words not in body, words


def test_what_was_not_measured_is_printed_as_not_measured(facts: Facts) -> None:
    text = rendered(replace(facts, findings=facts.findings[:1]), "card.md")
    unmeasured = section(text, "## What was not measured", "## Pictures")
    for aspect in ("Privacy", "Memory", "Explanation", "fairness/groups", "calibration/ece", "robustness/typos"):
        assert f"| **{aspect}** | not measured" in unmeasured, aspect
    assert "no column of groups" in unmeasured
    applying = [limit for limit in facts.policy.limits if not (limit.if_applicable and limit.check == "fairness/groups")]
    assert unmeasured.count("there is no finding for it") == len(applying) - 1


def test_a_check_that_measured_only_a_part_says_so_with_its_newest_reason(facts: Facts) -> None:
    reasons = ("weighted_f1 cannot be computed from these rows.", "an older one")
    skipped = tuple(Skipped(run_id="run-1", check="utility/report", why=why) for why in reasons)
    text = rendered(replace(facts, skipped=skipped), "card.html")
    assert "measured in part: weighted_f1" in text and "an older one" not in text


def test_a_release_without_findings_says_so(facts: Facts) -> None:
    bare = replace(facts, findings=(), skipped=(), evidence={}, run=facts.run.model_copy(update={"history": ()}))
    text = rendered(bare, "card.html")
    assert "Nothing was measured" in text and "There is no evidence to draw" in text
    assert yaml.safe_load(rendered(bare, "card.md").split("---\n")[1])["model-index"] == []


@pytest.mark.parametrize("name", CARDS)
def test_the_card_tells_test_uses_intake_leaks_training_and_truth_test(card: dict[str, str], name: str) -> None:
    text = re.sub(r"<[^>]+>|\*", "", card[name])
    assert re.search(r"(Test split used: 17 ×|测试集使用次数：17 次)", text)
    for number in ("22,600,000", "170", "81.2", "1e-05"):
        assert number in text
    assert re.search(r"2 the same, 1 nearly the same, of 90|共 90 行，其中 2 行相同", text)


def test_the_markdown_has_a_header_that_the_hub_reads(card: dict[str, str], facts: Facts) -> None:
    for name in ("card.md", "card.zh.md"):
        header = yaml.safe_load(card[name].split("---\n")[1])
        (result,) = header["model-index"][0]["results"]
        assert header["license"] == "unknown" and header["pipeline_tag"] == "text-classification"
        assert result["dataset"]["split"] == "test"
        assert [metric["args"]["n"] for metric in result["metrics"]] == [finding.n for finding in facts.findings]


def test_the_header_names_the_languages_that_the_intake_found(facts: Facts) -> None:
    for found, told in (({"Chinese": 90, "English": 30, "French": 1}, ["en", "zh"]), ({"no letters": 5}, ["und"]), ({}, ["und"])):
        text = rendered(replace(facts, report={"languages": found}), "card.md")
        assert yaml.safe_load(text.split("---\n")[1])["language"] == told


def test_the_pictures_are_files_too_and_the_markdown_names_them(card: dict[str, str]) -> None:
    for name in ("card.md", "card.zh.md"):
        files = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", card[name])
        assert len(files) == 4
        assert all(card[file].startswith("<svg") for file in files)


def test_a_finding_without_an_end_of_its_interval_says_so(facts: Facts) -> None:
    endless = facts.findings[3].model_copy(update={"low": float("-inf"), "high": float("inf")})
    assert "no interval" in rendered(replace(facts, findings=(endless,)), "card.html")


def test_an_epoch_without_a_finite_loss_is_left_out_of_the_curve(facts: Facts) -> None:
    run = facts.run.model_copy(update={"history": ({"epoch": 1.0, "loss": float("inf")}, {"epoch": 2.0, "loss": float("nan")})})
    assert "pictures/training-learning.svg" not in render(replace(facts, run=run))


def test_what_is_not_known_is_told_as_not_known(facts: Facts, own_policy: Policy) -> None:
    run = facts.run.model_copy(update={"history": (), "scores": {}, "spent": {"epsilon": 3.2, "delta": 1e-5}, "parent": "run-0"})
    corpus = facts.corpus.model_copy(update={"report": None, "parent": "corpus-0", "protections": ("names",)})
    text = rendered(replace(facts, run=run, corpus=corpus, report=None, policy=own_policy), "card.html")
    for words in ("no intake report", "epsilon 3.200", "unit unknown", "run-0", "corpus-0", "not stated by the policy"):
        assert words in text, words


def test_both_languages_have_the_same_words() -> None:
    from beside.cards.words import read_words

    english, chinese = read_words("en"), read_words("zh")
    assert english["card"].keys() == chinese["card"].keys()
    for name, entries in english.items():
        assert entries.keys() <= chinese[name].keys(), name
    for key, text in english["card"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese["card"][key])), key


def test_every_knob_and_every_built_in_policy_speaks_chinese() -> None:
    from beside.cards.words import read_words
    from beside.core.policies import POLICIES, read_policy

    chinese = read_words("zh")
    policies = [read_policy(file.stem) for file in POLICIES.glob("*.toml")]
    sentences = {sentence for policy in policies for sentence in (policy.purpose, *(limit.reason for limit in policy.limits))}
    assert Recipe.model_fields.keys() - chinese["knobs"].keys() == set(), "write them in src/beside/cards/zh.toml, [knobs]"
    assert sentences - chinese["sentences"].keys() == set(), "write them in src/beside/cards/zh.toml, [sentences]"
