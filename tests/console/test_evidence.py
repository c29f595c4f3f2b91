"""Evidence: findings with everything that belongs to a number, and the pictures behind them."""

from __future__ import annotations

import re

from beside.core.types import Actor

OWNER = Actor(name="olga", roles=("admin",))


def test_a_finding_says_value_interval_rows_limit_direction_and_verdict(full):
    page = full.visit().get("/evidence?run=run-toy").text
    row = page[page.index("share of answers that flip</th>") :].split("</tr>")[0]
    for told in ("0.500", "share, 0 to 1", "<svg", "0.400 to 0.600", "100", "≤ 0.7", "lower is better", "✓", "pass"):
        assert told in row, told
    assert "no limit" in page[page.index("macro-F1</th>") :].split("</tr>")[0]


def test_what_was_skipped_says_why_and_the_uses_of_the_test_rows_are_counted(full):
    page = full.visit(language="zh").get("/evidence?run=run-toy").text
    assert "3 个测试行中没有可能打错的词。" in page
    assert "1 次" in page


def test_pictures_are_drawn_in_the_persons_language_and_may_be_kept(full):
    visitor = full.visit(language="zh")
    pictures = re.findall(
        r'<img class="chart" src="(/evidence/picture/\w+\.svg\?lang=zh)" alt="(.+?)"', visitor.get("/evidence?run=run-toy").text
    )
    assert len(pictures) == 4
    for address, words in pictures:
        answer = visitor.get(address)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.text.startswith("<svg")
        assert "<script>" not in answer.text
        assert re.search("[\u4e00-\u9fff]", words)


def test_only_evidence_is_drawn(full):
    secret = full.workspace.artifacts.put_json({"kind": "bars", "rows": []})
    rows = full.workspace.records.corpus(OWNER, "corpus-toy").examples
    table = next(one.evidence for one in full.workspace.records.findings(OWNER) if one.metric == "flip_rate")
    for artifact in (secret, rows, table, "nothing"):
        assert full.visit().get(f"/evidence/picture/{artifact}.svg").status_code == 404


def test_examples_are_a_table_in_reading_order_and_the_rest_is_counted(full):
    assert "Answers that flipped" not in full.visit("user").get("/evidence?run=run-toy").text  # these are texts of test rows
    page = full.visit("reviewer").get("/evidence?run=run-toy").text
    heads = re.findall(r'<th scope="col">(.+?)</th>', page[page.index("Answers that flipped") :])
    assert heads[:5] == ["text", "edited text", "right answer", "answer before", "answer after"]
    assert "1 of 9 rows are kept." in page


def test_without_a_name_the_newest_audited_run_is_shown(full):
    page = full.visit().get("/evidence").text
    assert '<option value="run-toy" selected>' in page
    assert "This run has not been audited." in full.visit().get("/evidence?run=run-next").text


def test_a_curve_is_told_in_words_with_what_follows_from_it(full):
    english, chinese = (full.visit(language=code).get("/evidence?run=run-toy").text for code in ("en", "zh"))
    assert "What answering less often saves" in english
    assert "From left to right: share answered. this model: 0.10: 0.00; 0.50: 0.02; 1.00: 0.20." in english
    assert "It answers above a probability of 0.750 and hands over the rest." in english
    assert "从左到右：作答的比例。 本模型：0.10: 0.00; 0.50: 0.02; 1.00: 0.20。" in chinese
    assert "概率高于 0.750 时作答，其余转交给人。" in chinese
