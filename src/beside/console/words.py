"""What the rest of the product calls things, said in the person's language: metrics, checks, verdicts, sentences of the gate.

The English sentences are made where the knowledge is (a check says why it does not apply, the gate says what it objects to).
Here their shapes are known, so that they can be said again in Chinese; a shape that is not known stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from beside.console.language import Language, N_
from beside.console.sentences import SENTENCES
from beside.core import registry

METRICS = {
    "accuracy": N_("accuracy"),
    "macro_f1": N_("macro-F1"),
    "weighted_f1": N_("weighted F1"),
    "majority_accuracy": N_("accuracy of the most frequent label"),
    "tfidf_accuracy": N_("accuracy of TF-IDF with logistic regression"),
    "gain_over_tfidf": N_("gain over TF-IDF with logistic regression"),
    "ece": N_("expected calibration error (ECE)"),
    "ece_uncalibrated": N_("ECE before temperature scaling"),
    "flip_rate": N_("share of answers that flip"),
    "accuracy_under_typos": N_("accuracy under typos"),
    "precision": N_("precision"),
    "recall": N_("recall"),
    "f1": N_("F1"),
}
UNITS = {"share": N_("share, 0 to 1"), "score": N_("score, 0 to 1"), "probability": N_("probability, 0 to 1")}
ASPECTS = {
    "utility": N_("Utility"),
    "calibration": N_("Calibration"),
    "robustness": N_("Robustness"),
    "privacy": N_("Privacy"),
    "fairness": N_("Fairness"),
    "explanation": N_("Explanation"),
    "memory": N_("Memory"),
}
VERDICTS = {
    "pass": N_("pass"),
    "fail": N_("fail"),
    "inconclusive": N_("cannot tell"),
    "no limit": N_("no limit"),
    "waits": N_("waits"),
}
SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "no limit": "–", "waits": "○"}  # noqa: RUF001
WINNERS = {"challenger": N_("challenger"), "champion": N_("champion"), "cannot tell": N_("cannot tell")}
SIDES = {"challenger": "pass", "champion": "fail", "cannot tell": "inconclusive"}
STANDS = {"done": N_("done"), "now": N_("now"), "later": N_("later"), "stopped": N_("stopped")}
STATES = {"draft": N_("waits for signatures"), "approved": N_("approved"), "rejected": N_("rejected")}
DECISIONS = {"approve": N_("approved"), "reject": N_("rejected")}
ROLES = {"owner": N_("owner"), "builder": N_("builder"), "reviewer": N_("reviewer"), "caller": N_("caller")}
ERRORS = {
    "bad_input": N_("This cannot be taken"),
    "unknown_address": N_("This page is not here"),
    "method_not_allowed": N_("This page does not take that"),
    "too_large": N_("This is too much at once"),
    "unexpected": N_("Something went wrong"),
    "bad_option": N_("There is no such option"),
    "unknown_name": N_("This is not here"),
    "unreadable_text": N_("The model cannot read this text"),
    "not_enough_data": N_("There is not enough data"),
    "busy": N_("Somebody is at work"),
    "overloaded": N_("Too many are asking at once"),
    "storage_failed": N_("The disk does not take it"),
    "altered": N_("Something was altered"),
    "not_permitted": N_("You may not do this"),
    "not_signed_in": N_("Nobody is signed in"),
    "gate_closed": N_("The gate says no"),
}
VERBS = {
    "intake": N_("Reading the text"),
    "train": N_("Training"),
    "audit": N_("Auditing"),
    "release": N_("Sealing the release"),
    "improve": N_("Improving"),
    "compare": N_("Comparing"),
}
KINDS = {
    "release": N_("release"),
    "run": N_("run"),
    "corpus": N_("corpus"),
    "prediction": N_("prediction"),
    "picture": N_("picture"),
}
COLUMNS = {
    "text": N_("text"),
    "edited": N_("edited text"),
    "target": N_("right answer"),
    "before": N_("answer before"),
    "after": N_("answer after"),
}
EXHIBITS = {
    "confusion": N_("Which answer was given for which"),
    "report": N_("Label by label, the weakest first"),
    "bars": N_("Against something simple"),
    "reliability": N_("Do the probabilities mean what they say"),
    "learning": N_("How it learned"),
    "examples": N_("Answers that flipped"),
}
BARS = (N_("this model"), N_("most frequent label"), N_("TF-IDF + logistic regression"))  # names that a check gives its bars


class Words:
    """The product's names and sentences in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def of(self, table: dict[str, str], name: str) -> str:
        """The word for a name; a name that has none is shown with spaces for underscores."""
        return self.language.say(table[name]) if name in table else name.replace("_", " ")

    def metric(self, name: str) -> str:
        return self.of(METRICS, name)

    def unit(self, name: str) -> str:
        return self.of(UNITS, name)

    def aspect(self, check: str) -> str:
        """The aspect that a check belongs to: the folder it lies in."""
        return self.of(ASPECTS, check.split("/")[0])

    def verdict(self, verdict: str) -> str:
        return self.of(VERDICTS, verdict)

    def sign(self, verdict: str) -> str:
        """A sign beside the word, so that a verdict never speaks by colour alone."""
        return SIGNS.get(verdict, "")

    def stand(self, stand: str) -> str:
        return self.of(STANDS, stand)

    def state(self, state: str) -> str:
        return self.of(STATES, state)

    def decision(self, decision: str) -> str:
        return self.of(DECISIONS, decision)

    def winner(self, verdict: str) -> str:
        return self.of(WINNERS, verdict)

    def side(self, verdict: str) -> str:
        """The verdict of a finding that reads like this verdict of a comparison."""
        return SIDES[verdict]

    def columns(self, row: dict[str, Any]) -> list[str]:
        """The columns of an example row in the order a person reads them, unknown ones last."""
        return [name for name in COLUMNS if name in row] + [name for name in row if name not in COLUMNS]

    def column(self, name: str) -> str:
        return self.of(COLUMNS, name)

    def error(self, code: str) -> str:
        """The frame of an error: what kind of thing went wrong."""
        return self.language.say(ERRORS[code]) if code in ERRORS else self.language.say("Something went wrong")

    def role(self, role: str) -> str:
        return self.of(ROLES, role)

    def roles(self, roles: Sequence[str]) -> str:
        return self.language.say(", ").join(self.role(role) for role in roles)

    def stage(self, progress: dict[str, Any]) -> str:
        """What is at work, from a progress report."""
        return self.of(VERBS, str(progress.get("stage", "")))

    def stages(self) -> dict[str, str]:
        """All that may be at work, for the script that shows progress."""
        return {name: self.language.say(word) for name, word in VERBS.items()}

    def signed(self, value: float, digits: int = 3) -> str:
        """A number with its sign, for gaps."""
        return f"{'+' if value > 0 else '−' if value < 0 else '±'}{self.language.fixed(abs(value), digits)}"  # noqa: RUF001

    def range(self, low: float, high: float, digits: int = 3) -> str:
        """The two ends of an interval."""
        return self.language.say("%(low)s to %(high)s", low=self.language.fixed(low, digits), high=self.language.fixed(high, digits))

    def limit(self, limit: float, better: str) -> str:
        """A limit with the side that is good."""
        return f"{'≥' if better == 'higher' else '≤'} {self.language.number(limit)}".replace("-", "−")  # noqa: RUF001

    def summary(self, check: str) -> str:
        """What a check asks, from its own first line; nothing for a check that this installation no longer has."""
        return self.language.raw(registry.summary("checks", check)) if check in registry.names("checks") else ""

    def plain(self, sentence: str) -> Markup:
        """A sentence of the product in this language, or as it was written, marked as English."""
        said = sentence if self.language.code == "en" else self.known(sentence)
        return escape(said) if said is not None else Markup('<span lang="en" translate="no">{}</span>').format(sentence)

    def known(self, sentence: str) -> str | None:
        """A sentence in this language; None for one whose shape is not known."""
        if self.language.knows(sentence):
            return self.language.raw(sentence)
        for shape, message in SENTENCES:
            if found := re.fullmatch(shape, sentence, re.DOTALL):
                return self.language.say(message, **{name: self.part(name, value) for name, value in found.groupdict().items()})
        return None

    def part(self, name: str, value: str) -> str:
        """A part of a sentence: a metric, role or state by its own word, several sentences one by one, anything else as it is."""
        if name == "metric":
            return self.metric(value)
        if name in ("roles", "held"):
            return self.language.say(" or ").join(self.role(role) for role in re.split(" or |, ", value))
        if name == "state":
            return self.state(value)
        if name == "kind":
            return self.of(KINDS, value)
        if name == "reasons":
            return " ".join(self.known(one) or one for one in re.split(r"(?<=[.?!]) (?=[A-Z\d])", value))
        return value

    def exhibit(self, kind: str, metric: str) -> str:
        """The title of a piece of evidence."""
        if kind in EXHIBITS:
            return self.language.say(EXHIBITS[kind])
        return self.metric(metric)

    def picture(self, kind: str, content: dict[str, Any]) -> str:
        """A picture in words, for those who do not see it."""
        say = self.language.say
        if kind == "confusion":
            matrix = content["matrix"]
            right, n = sum(matrix[place][place] for place in range(len(matrix))), sum(map(sum, matrix))
            return say("Of %(n)s rows %(right)s got their right answer, out of %(labels)s labels.", n=n, right=right, labels=len(matrix))
        if kind == "reliability":
            return say("Accuracy against confidence in %(bins)s groups of rows.", bins=len(content["bins"]))
        if kind == "bars":
            rows = "; ".join(f"{self.language.raw(row['name'])} {self.language.fixed(row['value'])}" for row in content["rows"])
            return say("Bars with intervals: %(rows)s.", rows=rows)
        return say("Loss and score after each pass over the data.")
