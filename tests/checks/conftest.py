"""Rows and subjects whose truth is known, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from beside.core.canaries import Canaries

# labels that the built-in behavioural cases know, and labels that they do not; sentences about people, with marks;
# `purse` and `super`, 奶牛 and 牛奶 are near words to a subject that embeds by counting characters
ENGLISH = (
    ("lost_card", "refund_status"),
    (
        "My wife lost her purse and card at the {} super market yesterday, what now?",
        "please refund the {} payment, my son never made it",
    ),
)
CHINESE = ("挂失", "退款"), ("我老公的银行卡昨天在{}号线的奶牛牛奶店丢了，怎么办", "请把第{}笔没有完成的付款退给我妈妈，谢谢")
WORLDS = {"en": ENGLISH, "zh": CHINESE}


@pytest.fixture
def make_world(toy_subject: Any, make_splits: Any) -> Callable[[str], tuple[Any, Any]]:
    """`make_world("en")`: see `world`."""

    def made(language: str) -> tuple[Any, Any]:
        labels, sentences = WORLDS[language]
        rows = [(sentences[place % 2].format(place), labels[place % 2]) for place in range(120)]
        truth = {text: labels.index(target) for text, target in rows}

        def scores(text: str) -> list[float]:
            known = truth.get(text, len(text) % 2)
            answer = known if text not in truth or list(truth).index(text) % 4 else 1 - known
            return [1.5 - 3 * answer, 0.0]

        train = [(sentences[place % 2].format(place + 1000) + " ****", labels[place % 2]) for place in range(120)]
        splits = make_splits(rows, train=train)
        grouped = [
            row.model_copy(update={"groups": {"channel": ("app", "branch")[place % 3 == 0]}})
            for place, row in enumerate(splits.test)
        ]
        subject = toy_subject(scores, labels=labels)
        subject.facts = SimpleNamespace(canaries=Canaries(seed=0, count=60, copies=1, labels=labels, language=language).plain())
        return subject, splits._replace(test=grouped)

    return made


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, make_world: Any) -> tuple[Any, Any]:
    """(subject, splits): 120 test rows and as many other ones to train on, two labels; the subject is right on three rows in four.

    The test rows carry a group and speak of people, so that checks of fairness have something to measure; the training rows hold
    marks in place of values, and the subject says that it was trained with canaries.
    """
    world: tuple[Any, Any] = make_world(request.param)
    return world
