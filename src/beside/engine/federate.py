"""The coordinator of a federation: rounds in which sites train and their updates become one step of the common model.

FedAvg (McMahan et al. 2017): updates are weighed by rows. With noise (DP-FedAvg, McMahan et al. 2018) every update is cut to one
length, all weigh alike, and the sum gets Gaussian noise and is divided by the expected number of sites, not by how many came. A
site that is lost in a round is left out of it. After each round everything is saved, so a coordinator that was killed goes on.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beside.core.errors import BadInput
from beside.core.federation import Sites
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.attaching import completed
from beside.engine.checkpoint import State
from beside.engine.keeping import Keeping
from beside.engine.messages import pack, unpack
from beside.engine.scoring import scores_on
from beside.engine.secret_rounds import secret_round
from beside.engine.shared import Added, Shared, Update, checked, for_sites, numbers, put, shared
from beside.engine.site_privacy import spent_by
from beside.engine.snapshot import Fitted, part
from beside.engine.telling import kept_rule, report_trainable, trainable
from beside.engine.training import Trained, finish


def train_across(
    folder: Path,
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    sites: Sites,
    expected: int,
    fewest: int,
    keeping: Keeping,
) -> Trained:
    """Trains across sites and saves the model into `folder`.

    Args:
        examples: the coordinator's own rows; open knobs are chosen from them, none is learned from.
        tune: the coordinator's; the round that does best on them is kept.
        recipe: as `core/federation.py` lets it pass.
        expected: sites that the first round waits for.
        fewest: sites that every later round waits for.

    Raises as `engine/training.py` does.
    """
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    common = shared(texts, targets, labels, task_name, recipe, keeping.checkpoint.folder, keeping.progress)
    report_trainable(common.subject.model, list(common.names), False, keeping.progress)
    learns, there = (
        trainable(common.subject.model, list(common.names)),
        sum(one.numel() for one in common.subject.model.parameters()),
    )
    sites.open(plan(common, labels, task_name), message_limit(common))
    rounds = Rounds(common, sites, tune, expected, fewest, keeping)
    fitted = rounds.run()
    common.subject.facts = completed(common.method, common.subject, texts, keeping.progress)
    scores = finish(folder, common.subject, tune, [example.text for example in tune or examples], keeping.progress)
    return Trained(
        recipe=common.recipe,
        scores=scores,
        history=tuple(fitted.history),
        trainable=learns,
        parameters=there,
        truncated=common.truncated,
        seconds_before=fitted.seconds_before,
        spent=rounds.spent(),
    )


class Rounds:
    """The rounds of one federation. Other arguments as for `train_across`.

    Args:
        common: the model, untrained.
    """

    def __init__(self, common: Shared, sites: Sites, tune: Sequence[Example], expected: int, fewest: int, keeping: Keeping) -> None:
        self.common, self.sites, self.tune, self.recipe = common, sites, tune, common.recipe
        self.expected, self.fewest = expected, fewest
        self.checkpoint, self.progress = keeping.checkpoint, keeping.progress
        self.weights = numbers(common.subject.model, common.names)
        self.best: Update | None = None
        self.best_score = (-float("inf"), -float("inf"))
        self.number = 0  # rounds behind us
        self.joined: dict[str, int] = {}  # site -> rounds that it took part in
        self.fitted = Fitted()
        self.since = time.perf_counter()
        if keeping.resume:
            self.restore()

    def run(self) -> Fitted:
        """All rounds; leaves the kept weights in the model."""
        while self.number < self.recipe.rounds:
            here = self.sites.gathered(self.expected if self.number == 0 else self.fewest)
            if (added := self.one_round(here)) is not None:
                self.take(added)
        put(self.common.subject.model, self.best or self.weights)
        self.progress.say(kept_rule(self.fitted, self.recipe, bool(self.tune)))
        return self.fitted

    def one_round(self, here: Sequence[str]) -> Added | None:
        """What the sites' training gives; None when too few were left."""
        chosen = self.drawn(here)
        if self.recipe.secure_aggregation:
            added = secret_round(self.sites, chosen, self.weights, self.number, self.fewest, self.progress.say)
        else:
            message = pack({"kind": "train", "round": self.number}, self.weights)
            found = self.read(self.sites.ask(dict.fromkeys(chosen, message)))
            added = self.mean(found) if len(found) >= self.fewest or self.recipe.site_noise else None
        for site in sorted(set(chosen) - set(added.sites)) if added else ():
            self.progress.say(f"Round {self.number + 1}: {site} was lost; it may join again.")
        if added is None:
            self.progress.say(f"Round {self.number + 1}: too few of {len(chosen)} sites answered; it is asked for again.")
        return added

    def mean(self, found: Mapping[str, tuple[Update, int, float | None]]) -> Added:
        """The mean of updates, weighed by rows; alike where sites promise their privacy."""
        weights = {site: 1.0 if self.recipe.site_noise else float(found[site][1]) for site in sorted(found)}
        total = sum(weights.values())
        update = {name: np.zeros_like(tensor) for name, tensor in self.weights.items()}
        for site, weight in weights.items():
            for name, tensor in found[site][0].items():
                update[name] += tensor * np.float32(weight / total)
        losses = [weights[site] / total * loss for site, (_, _, loss) in found.items() if loss is not None]
        rows = sum(rows for _, rows, _ in found.values())
        return Added(update=update, sites=tuple(weights), rows=rows, loss=sum(losses) if losses else None, weight=total)

    def drawn(self, here: Sequence[str]) -> list[str]:
        """The sites of a round: all, or each with a probability. What is drawn must not be foreseen, so no seed decides it."""
        if self.recipe.site_share == 1:
            return list(here)
        return [site for site in here if secrets.SystemRandom().random() < self.recipe.site_share]

    def read(self, replies: Mapping[str, bytes]) -> dict[str, tuple[Update, int, float | None]]:
        """Update, rows and loss of each site whose answer can be used."""
        found = {}
        for site, content in replies.items():
            try:
                reply = unpack(content)
                rows, loss = int(reply.facts.get("rows", 1)), reply.facts.get("loss")
                if rows < 1:
                    raise ValueError("it has no rows")
                found[site] = (checked(reply.tensors, self.weights, site), rows, loss)
            except (BadInput, KeyError, TypeError, ValueError) as error:
                self.progress.say(f"Round {self.number + 1}: the answer of {site} was left out: {error}")
        return found

    def take(self, added: Added) -> None:
        """One step of the common model: noise, scores on the tune rows, the best kept, everything saved."""
        noise = np.random.default_rng(secrets.randbits(256))
        # the sum over the sites that were expected: over those that came, one site more or less would change the others' weight
        by = self.recipe.site_share * self.expected
        share = added.weight / by if self.recipe.site_noise else 1.0
        for name, tensor in self.weights.items():
            step = added.update[name] * np.float32(share)
            if self.recipe.site_noise:
                scale = self.recipe.site_noise * self.recipe.site_clip / by
                step = step + noise.normal(0.0, scale, tensor.shape).astype(np.float32)
            self.weights[name] = tensor + step
        for site in added.sites:
            self.joined[site] = self.joined.get(site, 0) + 1
        self.number += 1
        row = {"epoch": float(self.number), "sites": float(len(added.sites))}
        row |= {"loss": added.loss} if added.loss is not None else {}
        row |= self.scored()
        self.fitted.history.append(row)
        told = ", ".join(f"{name} {value:.3f}" for name, value in row.items() if name not in ("epoch", "sites"))
        self.progress.say(f"Round {self.number} of {self.recipe.rounds}: {', '.join(added.sites) or 'no site'}; {told}.")
        if spent := self.spent():
            self.progress.say(f"Promised so far: epsilon {spent['epsilon']:.3g} per site at delta {spent['delta']:g}.")
        self.progress.step("train", self.number, self.recipe.rounds, told)
        self.save()

    def scored(self) -> dict[str, float]:
        """Scores of the common model on the tune rows; the best weights so far are kept."""
        if not self.tune:
            self.fitted.kept_epoch = self.number
            return {}
        put(self.common.subject.model, self.weights)
        scores = scores_on(self.common.subject, self.common.task, self.tune)
        rank = (next(iter(scores.values())), -scores["loss"])
        if rank > self.best_score:
            self.best_score, self.fitted.kept_epoch = rank, self.number
            self.best = {name: tensor.copy() for name, tensor in self.weights.items()}
        return {f"tune_{name}": value for name, value in scores.items()}

    def spent(self) -> dict[str, Any] | None:
        """What was promised to each site, and what it cost so far; None where nothing was."""
        return spent_by(self.recipe, self.joined, self.number)

    def save(self) -> None:
        """Writes everything that decides the rest of the rounds."""
        tensors = {f"now.{name}": torch.from_numpy(tensor) for name, tensor in self.weights.items()}
        tensors |= {f"best.{name}": torch.from_numpy(tensor) for name, tensor in (self.best or {}).items()}
        spent = self.fitted.seconds_before + time.perf_counter() - self.since
        facts = {
            "step": self.number,
            "threads": self.recipe.threads,
            "joined": self.joined,
            "best_score": list(self.best_score) if self.best else None,
            "fitted": {"history": self.fitted.history, "kept_epoch": self.fitted.kept_epoch, "seconds_before": spent},
        }
        self.checkpoint.save(State(tensors=tensors, facts=json.loads(json.dumps(facts))))

    def restore(self) -> None:
        """Puts back what `save` wrote; nothing when no round was over.

        Raises:
            Altered: it is not what was written.
            BadInput: it is of another federation.
        """
        state = self.checkpoint.load()
        if state is None:
            self.progress.say("No round was over: it begins with the first.")
            return
        arrays = {name: tensor.numpy() for name, tensor in state.tensors.items()}
        self.weights = checked(part(arrays, "now."), self.weights, "the checkpoint")
        self.best = part(arrays, "best.") or None
        if state.facts["best_score"]:
            self.best_score = (state.facts["best_score"][0], state.facts["best_score"][1])
        self.number, self.joined = state.facts["step"], state.facts["joined"]
        self.fitted = Fitted(**state.facts["fitted"])
        self.progress.say(f"Resumed after round {self.number} of {self.recipe.rounds}.")


def plan(common: Shared, labels: Sequence[str], task: str) -> bytes:
    """What a site that joins must know; no weights, no text."""
    recipe = for_sites(common.recipe).model_dump(mode="json")
    return pack({"recipe": recipe, "labels": list(labels), "task": task, "base": common.base, "names": list(common.names)})


def message_limit(common: Shared) -> int:
    """Bytes that no message of this federation is longer than."""
    return 16 * sum(tensor.size for tensor in numbers(common.subject.model, common.names).values()) + (1 << 20)
