"""Customer service: an incoming message gets its intent and a reply that a person may send."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "support"


class Support:
    """A retail bank's inbox with built-in sample data in English and Chinese."""

    task = "classify"
    examples = (
        "i think my card fell out on the bus, what do i do??",
        "Why was I charged 12 pounds for going one day over?",
        "手机银行一直收不到验证码，登不上去",
    )

    def data(self, language: str) -> str:
        """Path of the sample messages in `en` or `zh`: columns text, label."""
        return str(DATA / f"{language}.csv")

    def reply(self, label: str, language: str) -> str | None:
        """The suggested answer to an intent, or None for a label of the team's own."""
        return replies(language).get(label)


@cache
def replies(language: str) -> dict[str, str]:
    """Answer text per intent."""
    with (DATA / f"answers_{language}.csv").open(encoding="utf-8", newline="") as rows:
        return {row["label"]: row["answer"] for row in csv.DictReader(rows)}


application = Support()
