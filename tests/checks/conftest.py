"""Rows and subjects whose truth is known, in English and in Chinese."""

from __future__ import annotations

from typing import Any

import pytest

ENGLISH = ("lost", "refund"), ("I lost my card near the {} station yesterday", "please refund the {} payment I never made")
CHINESE = ("挂失", "退款"), ("我的银行卡昨天在{}号线地铁站丢了", "请把第{}笔没有完成的付款退给我")


@pytest.fixture(params=[ENGLISH, CHINESE], ids=["en", "zh"])
def world(request: pytest.FixtureRequest, toy_subject: Any, make_splits: Any) -> tuple[Any, Any]:
    """(subject, splits): 120 rows, two labels; the subject is right on three rows in four."""
    labels, sentences = request.param
    rows = [(sentences[place % 2].format(place), labels[place % 2]) for place in range(120)]
    truth = {text: labels.index(target) for text, target in rows}

    def scores(text: str) -> list[float]:
        known = truth.get(text, len(text) % 2)
        answer = known if text not in truth or list(truth).index(text) % 4 else 1 - known
        return [1.5 - 3 * answer, 0.0]

    return toy_subject(scores, labels=labels), make_splits(rows)
