"""The text is longer than the model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from beside.core.guarding import Action, Reason
from beside.core.interfaces import Subject


class OverLong:
    """Compares tokens before truncation with the sequence length of the model, both in tokens."""

    zh: ClassVar[str] = "文字比模型能读的更长。"
    default: ClassVar[Action] = "flag"

    def applies(self, subject: Subject) -> bool:
        return True

    def why_not(self, subject: Subject) -> Reason | None:
        return None

    def judge(self, subject: Subject, texts: Sequence[str]) -> list[Reason | None]:
        return [self.reason(tokens, subject.max_length) for tokens in subject.token_counts(texts)]

    def reason(self, tokens: int, most: int) -> Reason | None:
        """What is lost, if anything is."""
        if tokens <= most:
            return None
        return Reason(
            f"It has {tokens:,} tokens and the model reads {most:,}; the rest does not count.",
            f"它有 {tokens:,} 个词元，模型只读 {most:,} 个；其余不起作用。",
        )


guard = OverLong()
