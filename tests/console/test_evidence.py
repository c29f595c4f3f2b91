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
    assert len(pictures) == 3
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
    page = full.visit().get("/evidence?run=run-toy").text
    heads = re.findall(r'<th scope="col">(.+?)</th>', page[page.index("Answers that flipped") :])
    assert heads[:5] == ["text", "edited text", "right answer", "answer before", "answer after"]
    assert "1 of 9 rows are kept." in page


def test_without_a_name_the_newest_audited_run_is_shown(full):
    page = full.visit().get("/evidence").text
    assert '<option value="run-toy" selected>' in page
    assert "This run has not been audited." in full.visit().get("/evidence?run=run-next").text
