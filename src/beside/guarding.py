"""Guards around the answers of a release: what they notice, whom an answer is handed over to. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from beside.core.cleaning import BETWEEN
from beside.core.guarding import COSTS, Noticed, Reason, flagged, must_pass
from beside.core.interfaces import Guard, Subject
from beside.core.protecting import plan_of
from beside.core.registry import load, names
from beside.core.scope import fitted
from beside.core.types import Corpus, Explanation, Finding, Prediction, Run, Splits
from beside.part import Part
from beside.protection.acting import Protector
from beside.stages.serve import Served

SCOPE = "scope/out_of_scope"  # the check that says which score tells best


class Guarding(Part):
    """Part of `Loop`: asks the guards before the model, and says when a person should answer instead of it."""

    corpus_of: Callable[[str], Corpus]
    protector: Callable[..., Protector]
    subject: Callable[[Run], Subject]

    def guarded(self, served: Served, texts: Sequence[str]) -> list[Prediction]:
        """Answers of a release with what the guards noticed.

        Personal data stays outside of them where the workspace says so, and outside of what is stored: texts are treated as the
        corpus was, else every value is replaced by its kind.

        Raises:
            TextRefused: a guard refuses one of the texts; none was answered.
        """
        protector = None
        if self.workspace.settings.serving.personal_data == "protect":
            protector = self.protector(plan_of(self.corpus_of(served.release.id).protections))
            texts = [BETWEEN.join(protector.text(half).text for half in text.split(BETWEEN)) for text in texts]
        noticed: list[list[Noticed]] = []

        def look(asked: Sequence[str]) -> None:
            noticed.extend(self.noticed(served.subject, asked))
            must_pass(noticed)

        answers = served.predict(texts, self.clock(), look)
        if protector and served.writes:
            answers = [without(answer, protector) for answer in answers]
        threshold = served.threshold if self.workspace.settings.serving.hand_over == "signed" else None
        return [flagged(answer, found, threshold) for answer, found in zip(answers, noticed, strict=True)]

    def explained(self, served: Served, text: str) -> Explanation:
        """Why a model answers as it does; a text that may not be asked is not explained either. Raises as `guarded`."""
        served.must_answer(text, self.clock())
        must_pass(self.noticed(served.subject, [text]))
        return served.explain(text, self.clock())

    def noticed(self, subject: Subject, texts: Sequence[str]) -> list[list[Noticed]]:
        """What the guards say of each text; a guard that was asked for and cannot look says so of every text."""
        found: list[list[Noticed]] = [[] for _ in texts]
        chosen = self.workspace.settings.serving.guards
        for name in names("guards") if texts else ():
            guard: Guard = load("guards", name)
            action = chosen.get(name, guard.default)
            if action == "off" or not guard.applies(subject):
                continue
            if missing := guard.why_not(subject):
                said: Sequence[Reason | None] = [missing] * len(texts) if name in chosen else [None] * len(texts)
                action = "flag"
            else:
                said = guard.judge(subject, texts)
            for list_, reason in zip(found, said, strict=True):
                if reason is not None:
                    list_.append(Noticed(name, action, reason))
        return found

    def threshold_of(self, findings: Sequence[Finding]) -> float | None:
        """The probability up to which handing over costs less, as people signed it; None where the audit did not ask."""
        told = (self.artifacts.read_json(one.evidence) for one in findings if one.check == COSTS and one.evidence)
        return next((float(one["threshold"]) for one in told if one.get("threshold") is not None), None)

    def kept_with(self, run: Run, findings: Sequence[Finding], splits: Splits) -> dict[str, bytes]:
        """Files beside the model of a release: what its guard tells texts out of scope by, where the audit found such a score."""
        from beside.engine.scope import FILE, as_bytes

        told = (self.artifacts.read_json(one.evidence) for one in findings if one.check == SCOPE and one.evidence)
        if (name := next((one["kept"] for one in told if "kept" in one), None)) is None:
            return {}
        self.progress.say("Fits the level below which a text is out of scope, on tune rows.")
        scope = fitted(name, self.subject(run), splits.train, splits.tune)
        return {FILE: as_bytes(scope)} if scope else {}


def without(answer: Prediction, protector: Protector) -> Prediction:
    """A written answer without the personal data that is found in it."""
    return answer.model_copy(update={"label": protector.text(answer.label).text, "answer": reworded(answer.answer, protector)})


def reworded(value: Any, protector: Protector) -> Any:
    """Plain data, every text in it protected."""
    if isinstance(value, str):
        return protector.text(value).text
    if isinstance(value, dict):
        return {key: reworded(inner, protector) for key, inner in value.items()}
    return [reworded(inner, protector) for inner in value] if isinstance(value, list | tuple) else value
