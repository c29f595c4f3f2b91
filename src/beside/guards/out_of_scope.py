"""The text is unlike everything that the model was trained for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from beside.core.applies import task_of
from beside.core.guarding import Action, Reason
from beside.core.interfaces import Subject
from beside.core.scope import KEPT, Scope

CHINESE = {
    "energy": "能量",
    "maximum softmax": "最大 softmax 概率",
    "Mahalanobis distance": "马氏距离",
    "nearest training rows": "最近训练行",
}


class OutOfScope:
    """Asks the score that the check `scope/out_of_scope` kept, against a threshold that was fitted on tune rows and sealed.

    Off unless beside.toml says otherwise: it asks the model a second time for each text, and sets one ordinary text in twenty
    apart.
    """

    zh: ClassVar[str] = "文字与模型学过的一切都不相像。"
    default: ClassVar[Action] = "off"

    def applies(self, subject: Subject) -> bool:
        task = task_of(subject)
        return (task is None or task.single) and not getattr(subject, "pairs", False)

    def why_not(self, subject: Subject) -> Reason | None:
        if getattr(subject, "scope", None) is not None:
            return None
        return Reason(
            "Nothing is kept with this release to tell texts out of scope by: audit with scope/out_of_scope, then release again. "
            "It takes 30 labelled tune rows.",
            "这个发布没有保存判断范围的依据：请用 scope/out_of_scope 审计后重新发布。需要 30 行有标签的调参数据。",
        )

    def judge(self, subject: Subject, texts: Sequence[str]) -> list[Reason | None]:
        scope: Scope = subject.scope  # type: ignore[attr-defined]  # `why_not` has looked
        return [self.reason(scope) if score < scope.threshold else None for score in scope.scores(subject, texts).tolist()]

    def reason(self, scope: Scope) -> Reason:
        """Where the level comes from."""
        return Reason(
            f"It lies outside of what the model was trained for: its score ({scope.name}) is below the level that "
            f"{KEPT:.0%} of {scope.n:,} tune rows reach.",
            f"它在模型的适用范围之外：其分数（{CHINESE[scope.name]}）低于 {scope.n:,} 行调参数据中 {KEPT:.0%} 所达到的水平。",
        )


guard = OutOfScope()
