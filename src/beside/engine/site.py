"""A site of a federation: it trains the common model on rows that never leave it, and answers with what the model learned.

FedAvg (McMahan et al. 2017): the weights that the round begins with come in; what some passes over the own rows change in them goes
out. FedProx (Li et al. 2020) holds the change small. For a promise of privacy per site the change is cut to a length.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from beside.core.errors import BadInput, NotEnoughData
from beside.core.interfaces import Guide, Progress
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.descending import rows_of
from beside.engine.fit import Fit
from beside.engine.messages import Message, pack, unpack
from beside.engine.proximal import Proximal
from beside.engine.secret_rounds import MASKED, Secret
from beside.engine.shared import checked, numbers, of_round, put, shared
from beside.engine.team import Alone


class Site:
    """One site, from the plan to the end.

    Args:
        name: as the coordinator knows it.
        plan: what the coordinator answers to whoever joins.
        examples: this site's rows, each with its answer.
        folder: where a training under way is kept.

    Raises:
        BadInput: the rows have labels that the common model does not know, or the base here is another one.
        BadOption, UnreadableText: the plan cannot be followed here.
    """

    def __init__(self, name: str, plan: bytes, examples: Sequence[Example], folder: Path, progress: Progress) -> None:
        facts = unpack(plan).facts
        self.name, self.folder, self.progress = name, folder, progress
        self.recipe, self.labels = Recipe(**facts["recipe"]), tuple(facts["labels"])
        texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
        if not texts:
            raise NotEnoughData("This site has no training row with an answer.", "Import a corpus with labels.")
        self.shared = shared(texts, targets, self.labels, facts["task"], self.recipe, folder, progress)
        must_know(self.labels, {label for target in targets for label in self.shared.task.members(target)})
        if self.shared.base != facts["base"] or list(self.shared.names) != facts["names"]:
            raise BadInput(
                f"The base '{self.recipe.base}' is another one here than at the coordinator.",
                "Every site needs the very same files; both ends must run the same version.",
            )
        self.secret = Secret(name)
        self.rows = rows_of(self.shared.subject, examples, progress, Alone())

    def answer(self, content: bytes) -> bytes:
        """What the coordinator asked for.

        Raises:
            BadInput: it asks for what is not in the plan, or the training failed.
        """
        asked = unpack(content)
        kind, secret = asked.facts.get("kind"), self.recipe.secure_aggregation
        if secret and kind in ("keys", "shares", "open"):
            return pack(self.secret.answer(asked))
        if kind != "train" or secret != ("sealed" in asked.facts):
            raise BadInput(f"The coordinator asks for '{kind}', which is not in the plan.", "Both ends must run the same version.")
        update, loss = self.train(asked)
        noisy, rows = bool(self.recipe.site_noise), len(self.rows.targets)
        if secret:
            return pack({}, {MASKED: self.secret.masked(asked, update, *((1.0, 0.0) if noisy else (rows, loss)))})
        # where privacy is promised per site, nothing leaves without noise but the update, which gets it at the coordinator
        return pack({} if noisy else {"rows": rows, "loss": loss}, update)

    def train(self, asked: Message) -> tuple[dict[str, np.ndarray], float]:
        """What this site's rows change in the weights of the round, and the mean loss per row on the way, in nats."""
        begun = checked(asked.tensors, numbers(self.shared.subject.model, self.shared.names), "the coordinator")
        put(self.shared.subject.model, begun)
        recipe = of_round(self.recipe, int(asked.facts["round"]), self.name)
        filled = recipe.model_copy(update={"precision": self.shared.recipe.precision, "device": self.shared.recipe.device})
        torch.manual_seed(filled.seed)
        checkpoint = Checkpoint(self.folder / "round")
        fit = Fit(
            self.shared.subject.model,
            list(self.shared.names),
            self.rows,
            task=self.shared.task,
            labels=self.labels,
            weights_K=None,
            evaluate=None,
            recipe=filled,
            checkpoint=checkpoint,
            progress=self.progress,
            guide=self.held,
        )
        fitted = fit.run(resume=False)
        checkpoint.clear()
        now = numbers(self.shared.subject.model, self.shared.names)
        return clipped({name: now[name] - begun[name] for name in now}, self.recipe.site_clip), fitted.history[-1]["loss"]

    def held(self, steps: int) -> Guide | None:
        """What holds the weights near those of the round, if the plan wants it."""
        if not self.recipe.proximal_mu:
            return None
        there = dict(self.shared.subject.model.named_parameters())
        return Proximal([there[name] for name in self.shared.names], self.recipe.proximal_mu)


def must_know(labels: Sequence[str], own: set[str]) -> None:
    """Does nothing when the common model knows all labels of a site.

    Raises:
        BadInput: it does not.
    """
    if unknown := sorted(own - set(labels)):
        raise BadInput(
            f"The federation has no label {', '.join(map(repr, unknown[:5]))}. Its labels: {', '.join(labels)}.",
            "Agree on the names of labels first: the coordinator's corpus has to have them all.",
        )


def length_of(update: dict[str, np.ndarray]) -> float:
    """Euclidean norm of all numbers together."""
    return float(np.sqrt(sum(float(np.square(tensor, dtype=np.float64).sum()) for tensor in update.values())))


def clipped(update: dict[str, np.ndarray], longest: float) -> dict[str, np.ndarray]:
    """The update, shortened to a norm of `longest` where it is longer; 0 = as it is."""
    length = length_of(update)
    if not longest or length <= longest:
        return update
    return {name: tensor * np.float32(longest / length) for name, tensor in update.items()}
