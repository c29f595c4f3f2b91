"""What a guard says of a text, and what is done about it: pass, flag, hand over to a person, or refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from beside.core.errors import TextRefused
from beside.core.types import Flag, Prediction

Action = Literal["off", "flag", "hand over", "refuse"]
ACTIONS: tuple[Action, ...] = get_args(Action)
COSTS = "selective/risk_coverage"  # the check whose signed finding holds the threshold of handing over


class Reason(NamedTuple):
    """Why a guard speaks up, for a person; none of the text's own words."""

    english: str
    chinese: str


class Noticed(NamedTuple):
    """What a guard said of one text, and what is to be done."""

    guard: str
    action: Action
    reason: Reason


def must_pass(noticed: Sequence[Sequence[Noticed]]) -> None:
    """Does nothing when no guard refuses a text.

    Raises:
        TextRefused: one does; it says which text, which guard and why, in both languages.
    """
    for place, found in enumerate(noticed, 1):
        for one in found:
            if one.action == "refuse":
                raise refusal(one, place, len(noticed))


def refusal(one: Noticed, place: int, of: int) -> TextRefused:
    """The error of a text that a guard refuses."""
    which, chinese = (f"Text {place} of {of}", f"第 {place} 段文字（共 {of} 段）") if of > 1 else ("The text", "这段文字")
    told = f"{which} is refused by the guard {one.guard}. {one.reason.english}"
    error = TextRefused(f"{told} ({one.reason.chinese})", "No text was answered. Reword it, or ask a person.")
    error.guard, error.chinese = one.guard, f"{chinese}未被接受（{one.guard}）：{one.reason.chinese}"
    return error


def flagged(prediction: Prediction, noticed: Sequence[Noticed], threshold: float | None) -> Prediction:
    """The answer with what guards noticed; handed over where one says so, or where it is no surer than the threshold."""
    flags = [*of_guards(noticed), *of_costs(prediction, threshold)]
    if not flags:
        return prediction
    over = any(flag.action == "hand over" for flag in flags)
    return prediction.model_copy(update={"flags": tuple(flags), "abstained": over})


def of_guards(noticed: Sequence[Noticed]) -> Iterator[Flag]:
    """What guards noticed, as it is stored."""
    for one in noticed:
        if one.action == "flag" or one.action == "hand over":
            yield Flag(guard=one.guard, action=one.action, reason=one.reason.english, reason_zh=one.reason.chinese)


def of_costs(prediction: Prediction, threshold: float | None) -> Iterator[Flag]:
    """That handing over costs less than an answer that is no surer than this."""
    if threshold is None or prediction.probability > threshold:
        return
    sure, least = f"{100 * prediction.probability:.1f} %", f"{100 * threshold:.1f} %"
    yield Flag(
        guard=COSTS,
        action="hand over",
        reason=f"The answer is {sure} sure; up to {least} handing over costs less, by the cost table that was signed.",
        reason_zh=f"这个答案的把握是 {sure}；按签字认可的代价表，不超过 {least} 时转交给人代价更低。",
    )
