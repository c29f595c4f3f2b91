"""What the rest of the product calls things, said in the person's language: metrics, checks, verdicts, sentences of the gate.

The English sentences are made where the knowledge is (a check says why it does not apply, the gate says what it objects to).
Here their shapes are known, so that they can be said again in Chinese; a shape that is not known stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from beside.charts.paper import named, saying
from beside.console import terms
from beside.console.language import Language
from beside.console.rights_sentences import HOLDERS, KEPT
from beside.console.sentences import NOTES, SENTENCES
from beside.core import naming
from beside.core.compressing import Compression


class Words:
    """The product's names and sentences in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def of(self, table: dict[str, str], name: str) -> str:
        """The word for a name; a name that has none is shown with spaces for underscores."""
        return self.language.say(table[name]) if name in table else name.replace("_", " ")

    def metric(self, name: str) -> str:
        """The words of the check that measures it, or of a column of its table."""
        return self.of(terms.SCORES, name) if name in terms.SCORES else naming.metric(name, self.language.code)

    def unit(self, name: str) -> str:
        return self.of(terms.UNITS, name)

    def aspect(self, check: str) -> str:
        """The aspect that a check belongs to: the folder it lies in."""
        return self.of(terms.ASPECTS, check.split("/")[0])

    def verdict(self, verdict: str) -> str:
        return self.of(terms.VERDICTS, verdict)

    def sign(self, verdict: str) -> str:
        """A sign beside the word, so that a verdict never speaks by colour alone."""
        return terms.SIGNS.get(verdict, "")

    def stand(self, stand: str) -> str:
        return self.of(terms.STANDS, stand)

    def state(self, state: str) -> str:
        return self.of(terms.STATES, state)

    def severity(self, severity: str) -> str:
        return self.of(terms.SEVERITIES, severity)

    def reply(self, reply: str) -> str:
        return self.of(terms.REPLIES, reply)

    def decision(self, decision: str) -> str:
        return self.of(terms.DECISIONS, decision)

    def winner(self, verdict: str) -> str:
        return self.of(terms.WINNERS, verdict)

    def side(self, verdict: str) -> str:
        """The verdict of a finding that reads like this verdict of a comparison."""
        return terms.SIDES[verdict]

    def columns(self, row: dict[str, Any]) -> list[str]:
        """The columns of an example row in the order a person reads them, unknown ones last."""
        return [name for name in terms.COLUMNS if name in row] + [name for name in row if name not in terms.COLUMNS]

    def column(self, name: str) -> str:
        return self.of(terms.COLUMNS, name)

    def personal(self, kind: str) -> str:
        """A kind of personal data."""
        return self.of(terms.PERSONAL, kind)

    def action(self, action: str) -> str:
        """What is done with personal data."""
        return self.of(terms.ACTIONS, action)

    def holder(self, kind: str) -> str:
        """What may hold a person."""
        return self.of(HOLDERS, kind)

    def kept(self, kind: str) -> str:
        """What has a period of its own."""
        return self.of(KEPT, kind)

    def error(self, code: str) -> str:
        """The frame of an error: what kind of thing went wrong."""
        return self.language.say(terms.ERRORS[code]) if code in terms.ERRORS else self.language.say("Something went wrong")

    def role(self, role: str) -> str:
        return self.of(terms.ROLES, role)

    def roles(self, roles: Sequence[str]) -> str:
        return self.language.say(", ").join(self.role(role) for role in roles)

    def stage(self, progress: dict[str, Any]) -> str:
        """What is at work, from a progress report."""
        return self.of(terms.STAGES, str(progress.get("stage", "")))

    def note(self, progress: dict[str, Any]) -> str:
        """What the work says of itself; nothing when its shape is not known."""
        note = str(progress.get("note", ""))
        found = ((re.fullmatch(shape, note), message) for shape, message in NOTES)
        return next((self.language.say(message, **match.groupdict()) for match, message in found if match), "")

    def stages(self) -> dict[str, str]:
        """All that may be at work, for the script that shows progress."""
        return {name: self.language.say(word) for name, word in terms.STAGES.items()}

    def notes(self) -> list[tuple[str, str]]:
        """Shapes of what work in progress says of itself, as JavaScript writes them, and how to say it."""
        return [(shape.replace("(?P<", "(?<"), self.language.raw(message)) for shape, message in NOTES]

    def signed(self, value: float, digits: int = 3) -> str:
        """A number with its sign, for gaps; what rounds to nothing has none."""
        shown = round(value, digits)
        return f"{'+' if shown > 0 else '−' if shown < 0 else ''}{self.language.fixed(abs(shown), digits)}"

    def range(self, low: float, high: float, digits: int = 3) -> str:
        """The two ends of an interval."""
        ends = {"low": self.language.fixed(low, digits), "high": self.language.fixed(high, digits)}
        return self.language.say("%(low)s to %(high)s", **ends)

    def two(self, value: float) -> str:
        """A number with two digits behind the point."""
        return self.language.fixed(value, 2)

    def compression(self, told: Compression) -> str:
        """The picture of a compression in words."""
        one, say = told.against_parent, self.language.say
        size = {"before": self.two(told.parent_size / 1e6), "now": self.two(one.size / 1e6)}
        score = {"high": self.two(told.parent_score.value), "low": self.two(one.score.value), "times": self.two(one.faster.value)}
        return say(
            "From %(before)s to %(now)s MB, %(times)s times as fast, score %(high)s before and %(low)s now.", **size, **score
        )

    def limit(self, limit: float, better: str) -> str:
        """A limit with the side that is good."""
        return f"{'≥' if better == 'higher' else '≤'} {self.language.number(limit)}".replace("-", "−")

    def summary(self, check: str) -> str:
        """What a check asks, from its own first line; nothing for a check that this installation no longer has."""
        return naming.asks(check, self.language.code)

    def plain(self, sentence: str) -> Markup:
        """A sentence of the product in this language, or as it was written, marked as English."""
        said = self.known(sentence) if sentence else ""
        return escape(said) if said is not None else Markup('<span lang="en" translate="no">{}</span>').format(sentence)

    def known(self, sentence: str) -> str | None:
        """A sentence in this language; None for one whose shape is not known."""
        for shape, message in SENTENCES:
            if found := re.fullmatch(shape, sentence, re.DOTALL):
                return self.language.say(message, **{name: self.part(name, value) for name, value in found.groupdict().items()})
        return self.language.raw(sentence) if self.language.knows(sentence) else None

    def part(self, name: str, value: str) -> str:
        """A part of a sentence: a metric, role or state by its own word, several sentences one by one, anything else as it is."""
        if name == "metric":
            return self.metric(value)
        if name in ("roles", "held"):
            return self.language.say(" or ").join(self.role(role) for role in re.split(" or |, ", value))
        if name == "state":
            return self.state(value)
        if name == "language":
            return self.drawn(value)
        if name == "kind":
            return self.of(terms.KINDS, value)
        if name == "reasons":
            return " ".join(self.known(one) or one for one in re.split(r"(?<=[.?!]) (?=[A-Z\d])", value))
        return value

    def exhibit(self, kind: str, metric: str, content: dict[str, Any]) -> str:
        """The title of a piece of evidence."""
        title = content.get("title", "")
        if title in terms.TITLES:
            return self.language.say(terms.TITLES[title])
        if kind in terms.EXHIBITS:
            return self.language.say(terms.EXHIBITS[kind])
        return self.metric(metric)

    def drawn(self, text: str) -> str:
        """What a picture calls something."""
        return saying(self.language.code)(text)

    def line(self, line: dict[str, Any]) -> str:
        """A line of a curve in words: its height at some places from left to right, and its value where it has one."""
        name = named(line, self.drawn)
        if "value" in line:
            name = f"{name} {self.language.fixed(line['value'])}"
        left = ([tuple(point) for point in line["points"] if point[0] <= place] for place in (0.05, 0.25, 0.5, 1.0))
        reached = dict.fromkeys(max(points) for points in left if points)
        steps = "; ".join(f"{self.language.fixed(across, 2)}: {self.language.fixed(up, 2)}" for across, up in reached)
        return self.language.say("%(name)s: %(steps)s.", name=name, steps=steps)

    def picture(self, kind: str, content: dict[str, Any]) -> str:
        """A picture in words, for those who do not see it."""
        say = self.language.say
        if kind == "confusion":
            matrix = content["matrix"]
            right, n = sum(matrix[place][place] for place in range(len(matrix))), sum(map(sum, matrix))
            told = {"n": n, "right": right, "labels": len(matrix)}
            return say("Of %(n)s rows %(right)s got their right answer, out of %(labels)s labels.", **told)
        if kind == "reliability":
            return say("Accuracy against confidence in %(bins)s groups of rows.", bins=len(content["bins"]))
        if kind == "bars":
            rows = "; ".join(f"{named(row, self.drawn)} {self.language.fixed(row['value'])}" for row in content["rows"])
            return say("Bars with intervals: %(rows)s.", rows=rows)
        if kind == "curve":
            across = say("From left to right: %(name)s.", name=self.drawn(content["x"]))
            return " ".join((across, *map(self.line, content["lines"])))
        return say("Loss and score after each pass over the data.")
