"""Pictures: well-formed, whole, harmless and the same every time."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from beside import charts
from beside.charts.paper import WORDS, shortened
from beside.core.errors import BadInput

BINS = [
    {"low": 0.6, "high": 0.667, "confidence": 0.64, "accuracy": 0.5, "accuracy_low": 0.3, "accuracy_high": 0.7, "n": 20},
    {"low": 0.933, "high": 1.0, "confidence": 0.97, "accuracy": 0.9, "accuracy_low": 0.85, "accuracy_high": 0.94, "n": 180},
]
CURVE = {
    "kind": "curve",
    "title": "risk and coverage",
    "x": "share answered",
    "y": "share wrong among the answered",
    "lines": [
        {"name": "this model", "points": [[k / 50, 0.3 * (k / 50) ** 2] for k in range(51)]},
        {"name": "tolerated risk", "points": [[0.0, 0.05], [1.0, 0.05]]},
    ],
    "marks": [{"name": "threshold", "x": 0.62, "y": 0.115}],
}
ROC = {
    "kind": "curve",
    "title": "ROC curves, with AUROC",
    "x": "texts out of scope let through",
    "y": "texts within scope let through",
    "lines": [
        {"name": "energy", "points": [[0.0, 0.0], [0.1, 0.9], [1.0, 1.0]], "value": 0.94, "low": 0.9, "high": 0.97, "n": 30},
        {"name": "by chance", "points": [[0.0, 0.0], [1.0, 1.0]]},
    ],
    "marks": [],
}
SLICES = {
    "kind": "bars",
    "title": "accuracy by slice",
    "unit": "share",
    "rows": [
        {"name": "all rows", "values": {}, "value": 0.9, "low": 0.86, "high": 0.93, "n": 192},
        {"name": "length: up to {high} tokens", "values": {"high": 17}, "value": 0.8, "low": 0.7, "high": 0.9, "n": 60},
        {"name": "{group}: {value}", "values": {"group": "branch", "value": "{n}"}, "value": 0.8, "low": 0.7, "high": 0.9, "n": 33},
        {"name": "language: {language}", "values": {"language": "Chinese"}, "value": 1.0, "low": 0.9, "high": 1.0, "n": 50},
    ],
}
TRIALS = {
    "kind": "trials",
    "metric": "macro_f1",
    "winner": {"value": 0.874, "n": 3},
    "default": {"value": 0.861, "n": 3},
    "rows": [
        {"number": place, "state": "pruned" if place % 4 == 3 else "finished", "score": 0.8 + 0.09 * (place * 7 % 12) / 12}
        for place in range(12)
    ],
}
SCATTER = {
    "kind": "scatter",
    "title": "score on the tune split against what was trained",
    "x": "share of the parameters that was trained",
    "y": "macro_f1",
    "n": 200,
    "points": [
        {"name": name, "x": x, "y": y, "low": y - 0.02, "high": y + 0.02, "told": "9 s"}
        for name, x, y in [("full", 1.0, 0.9), ("lora", 0.0146, 0.898), ("adalora", 0.02, 0.898), ("adapter", 0.03, 0.899)]
    ],
}
COMPRESSION = {
    "kind": "compression",
    "y": "macro_f1",
    "n": 200,
    "points": [
        {"name": "parent", "x": 1.0, "y": 0.9, "low": 0.86, "high": 0.93, "size": 91e6},
        {"name": "int8_tokens", "x": 3.9, "y": 0.9, "low": 0.86, "high": 0.93, "size": 24e6, "taken": True},
        {"name": "int8_dynamic", "x": 4.1, "y": 0.87, "low": 0.83, "high": 0.9, "size": 23e6, "refused": True},
    ],
}
BARS = [
    {"name": "this model", "value": 0.912, "low": 0.893, "high": 0.93},
    {"name": "most frequent label", "value": 0.1, "low": 0.08, "high": 0.12},
]


def confusion(labels: list[str]) -> dict[str, Any]:
    matrix = [
        [(9 if row == column else 2 if column == row + 1 else 0) for column in range(len(labels))] for row in range(len(labels))
    ]
    return {"kind": "confusion", "labels": labels, "matrix": matrix}


EVIDENCE = {
    "two": confusion(["negative", "positive"]),
    "chinese": confusion(["挂失", "退款", "转账失败"]),
    "twenty": confusion([f"类别{n}" for n in range(20)]),
    "many": confusion([f"card_payment_wrong_exchange_rate_{n}" for n in range(77)]),
    "perfect": {
        "kind": "confusion",
        "labels": [f"l{n}" for n in range(30)],
        "matrix": [[5 * (r == c) for c in range(30)] for r in range(30)],
    },
    "reliability": {"kind": "reliability", "bins": BINS, "temperature": 1.3},
    "bars": {"kind": "bars", "title": "accuracy", "unit": "share", "rows": BARS},
    "learning": {"kind": "learning", "rows": [{"epoch": 1, "loss": 2.0, "score": 0.5}, {"epoch": 2, "loss": 1.0, "score": 0.7}]},
    "curve": CURVE,
    "roc": ROC,
    "slices": SLICES,
    "trials": TRIALS,
    "one trial": {"kind": "trials", "metric": "accuracy", "rows": [{"number": 0, "state": "pruned", "score": 0.4}]},
    "scatter": SCATTER,
    "compression": COMPRESSION,
    "load": {
        "kind": "load",
        "x": "texts per second",
        "y": "seconds",
        "lines": [{"name": "Beside", "points": [[10, 0.02], [40, 0.3]]}, {"name": "other", "points": [[9, 0.03], [20, 3.0]]}],
    },
    "one epoch": {"kind": "learning", "rows": [{"epoch": 1, "loss": 2.0}]},
}


def texts(svg: str) -> str:
    return " ".join(part for element in ElementTree.fromstring(svg).iter() for part in [element.text] if part)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", EVIDENCE)
def test_a_picture_is_one_svg_that_a_strict_page_lets_through(name: str, language: str) -> None:
    svg = charts.draw(EVIDENCE[name], language)
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert 150 < float(root.get("width", 0)) <= 680
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|url\(|<image|foreignObject|@import|javascript:", svg)
    assert set(re.findall(r"https?://[^\"' ]+", svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert charts.PAPER in svg


def test_labels_are_written_beside_what_they_name() -> None:
    assert {"negative", "positive", "9", "2"} <= set(texts(charts.draw(EVIDENCE["two"])).split())
    assert "挂失" in texts(charts.draw(EVIDENCE["chinese"], "zh"))


def test_the_pictures_speak_chinese() -> None:
    assert "模型的回答" in texts(charts.draw(EVIDENCE["two"], "zh"))
    assert "本模型" in texts(charts.draw(EVIDENCE["bars"], "zh"))
    assert "准确率" in texts(charts.draw(EVIDENCE["bars"], "zh"))
    assert "置信度" in texts(charts.draw(EVIDENCE["reliability"], "zh"))
    assert "可容忍的风险" in texts(charts.draw(CURVE, "zh"))
    assert "轮次" in texts(charts.draw(EVIDENCE["learning"], "zh"))


def test_names_of_points_that_are_near_each_other_stand_apart() -> None:
    root = ElementTree.fromstring(charts.draw(SCATTER))
    labels = [element for element in root.iter() if element.text and ": 0." in element.text]
    assert {element.text for element in labels} >= {"full: 0.900, 9 s", "lora: 0.898, 9 s", "adapter: 0.899, 9 s"}
    places = [float(y) for element in labels for y in re.findall(r"translate\([^,]+,([\d.]+)\)", element.get("transform") or "")]
    assert len(places) == 4
    near = sorted(y for element, y in zip(labels, places, strict=True) if "full" not in str(element.text))
    assert min(lower - upper for upper, lower in pairwise(near)) > 14
    assert "训练的参数占全部参数的比例" in texts(charts.draw(SCATTER, "zh"))


def test_every_sentence_has_both_languages() -> None:
    assert set(WORDS["en"]) <= set(WORDS["zh"])


def test_more_labels_than_one_can_read_are_told_as_pairs() -> None:
    told = texts(charts.draw(EVIDENCE["many"]))
    assert "most confused" in told
    assert "2 of 11" in told
    assert "all 77 labels" in told
    assert "no row of the test data was answered wrongly" in texts(charts.draw(EVIDENCE["perfect"]))


def test_values_stand_at_their_bars_with_their_intervals() -> None:
    assert "0.912 (0.893\u20130.930)" in texts(charts.draw(EVIDENCE["bars"])).replace("  ", " ")


def test_lines_that_end_together_are_listed_with_their_values() -> None:
    told = " ".join(texts(charts.draw(ROC, "zh")).split())
    assert "能量分数 0.940 (0.900\u20130.970)" in told
    assert "随机猜" in told
    assert "ROC 曲线与 AUROC" in told
    assert "this model" in texts(charts.draw(CURVE))


def test_names_with_values_are_filled_in_in_any_language_and_with_their_rows() -> None:
    english, chinese = (" ".join(texts(charts.draw(SLICES, language)).split()) for language in ("en", "zh"))
    for told in ("length: up to 17 tokens", "language: Chinese", "branch: {n}", "n = 192"):
        assert told in english
    for told in ("长度：至多 17 个词元", "语言：中文", "branch：{n}", "全部行"):
        assert told in chinese


def test_labels_that_would_break_a_page_are_only_text() -> None:
    svg = charts.draw(confusion(['<script>alert("1")</script>', "a & b", "\u202eback"]))
    assert "<script" not in svg
    ElementTree.fromstring(svg)


@pytest.mark.parametrize("name", ["chinese", "reliability"])
def test_the_same_evidence_gives_the_same_bytes_in_any_process(name: str) -> None:
    code = f"from beside import charts; import sys; sys.stdout.buffer.write(charts.draw({EVIDENCE[name]!r}, 'zh').encode())"
    home = str(Path(charts.__file__).parent.parent)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONPATH": home})
    assert told.stdout.decode() == charts.draw(EVIDENCE[name], "zh")


def test_a_search_shows_its_best_and_what_there_was_without_it() -> None:
    told = texts(charts.draw(EVIDENCE["trials"]))
    assert (
        "best so far 0.883" in told
        and "its recipe, mean of 3 fresh seeds 0.874" in told
        and "without a search, mean of 3 seeds 0.861" in told
        and "hollow: pruned" in told
    )
    assert "macro_f1 on the tune split" in told
    alone = texts(charts.draw(EVIDENCE["one trial"], "zh"))
    assert "试验" in alone and "目前最好" not in alone


def test_tables_are_not_drawn_and_unknown_kinds_are_refused() -> None:
    assert charts.draw({"kind": "examples", "rows": []}) == ""
    assert charts.draw({"kind": "report", "rows": []}) == ""
    with pytest.raises(BadInput, match="'pie'") as caught:
        charts.draw({"kind": "pie"})
    assert "confusion" in caught.value.hint


def test_long_labels_lose_their_middle_and_stay_different() -> None:
    short = shortened(
        ["card_payment_wrong_exchange_rate", "card_payment_wrong_merchant_rate", "lost", "一个非常非常长的中文类别名称真的很长"], 21
    )
    assert len(set(short)) == 4
    assert short[2] == "lost"
    assert all("…" in one for one in (short[0], short[3]))
    assert shortened(["a" * 50, "a" * 51], 21) == ["a" * 50, "a" * 51]


@pytest.mark.parametrize(
    ("value", "low", "high", "limit", "better", "colour"),
    [
        (0.9, 0.86, 0.94, 0.85, "higher", charts.ACCENT),
        (0.9, 0.84, 0.94, 0.85, "higher", charts.WARNING),
        (0.1, 0.05, 0.14, 0.15, "lower", charts.ACCENT),
        (0.1, 0.05, 0.18, 0.15, "lower", charts.WARNING),
        (0.1, 0.05, 0.18, None, "lower", charts.ACCENT),
        (0.01, -0.05, 0.04, -0.02, "higher", charts.WARNING),
        (3.0, 3.0, 3.0, 3.0, "lower", charts.ACCENT),
    ],
)
def test_an_interval_is_drawn_against_its_limit(
    value: float, low: float, high: float, limit: float | None, better: str, colour: str
) -> None:
    svg = charts.interval(value, low, high, limit, better)
    root = ElementTree.fromstring(svg)
    assert colour in svg
    assert (charts.INK in svg) == (limit is not None)
    assert 0 <= float(root.find("{*}circle").get("cx")) <= 160  # type: ignore[union-attr, arg-type]
    assert f"{value:.3g}" in (root.get("aria-label") or "")
