"""A round whose updates the coordinator adds up without seeing any: four questions to each site (`engine/secret_sum.py`)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from beside.core.errors import BadInput
from beside.core.federation import Sites
from beside.engine.messages import Message, pack, unpack
from beside.engine.secret_sum import Member, summed
from beside.engine.shared import Added, Update

MASKED = "masked"
BESIDE = 2  # numbers after the update's: the weight, and the weight times the loss


def secret_round(
    sites: Sites, chosen: Sequence[str], weights: Update, number: int, fewest: int, say: Callable[[str], None]
) -> Added | None:
    """The sites' weighed sum of updates over the sum of weights, as `Added`; None when too few were left at any of the questions.

    Args:
        chosen: the sites of the round.
        weights: those that the round begins with.
        number: of the round.
        fewest: sites that are enough, and without which no mask is opened.
    """
    title, threshold = secrets.token_hex(8), max(fewest, len(chosen) // 2 + 1)

    def ask(kind: str, facts: Mapping[str, Mapping[str, Any]], tensors: Update | None = None) -> dict[str, Message]:
        told = {"kind": kind, "round": number, "sum": title}
        replies = sites.ask({name: pack({**told, **own}, tensors) for name, own in facts.items()})
        found = {}
        for name, content in replies.items():
            try:
                found[name] = unpack(content)
            except BadInput as error:
                say(f"The answer of {name} was left out: {error}")
        return found

    try:
        keys = {name: keys_in(reply) for name, reply in ask("keys", {name: {} for name in chosen}).items()}
        if len(keys) < threshold:
            return None
        shown = {name: [key.hex() for key in pair] for name, pair in keys.items()}
        given = ask("shares", {name: {"keys": shown, "threshold": threshold} for name in keys})
        if len(given) < threshold:
            return None
        sealed = {name: {by: reply.facts["shares"][name] for by, reply in given.items()} for name in given}
        trained = ask("train", {name: {"sealed": own} for name, own in sealed.items()}, weights)
        count = sum(tensor.size for tensor in weights.values()) + BESIDE
        hidden = {
            name: vector
            for name, reply in trained.items()
            if (vector := reply.tensors.get(MASKED)) is not None and fits(vector, count)
        }
        if len(hidden) < threshold:
            return None
        opened = ask("open", {name: {"came": sorted(hidden)} for name in hidden})
        if len(opened) < threshold:
            return None
        shares = {name: {of: bytes.fromhex(share) for of, share in reply.facts["shares"].items()} for name, reply in opened.items()}
        return added(summed(hidden, shares, keys, title), weights, tuple(sorted(hidden)))
    except (KeyError, TypeError, ValueError) as error:  # a site that answers with something else
        say(f"The round is asked for again: an answer cannot be read ({error!r}).")
        return None


def keys_in(reply: Message) -> tuple[bytes, bytes]:
    """The two public keys of a site."""
    first, second = reply.facts["keys"]
    return bytes.fromhex(first), bytes.fromhex(second)


def fits(vector: np.ndarray, count: int) -> bool:
    """Whether a masked vector is one; what is in it nobody can look at."""
    return vector.dtype == np.uint64 and vector.shape == (count,)


def added(total: np.ndarray, weights: Update, names: tuple[str, ...]) -> Added:
    """The sum of updates, as tensors, over the sum of weights."""
    weight, loss = float(total[-2]), float(total[-1])
    if not weight > 0:
        raise ValueError("the weights add up to nothing")
    parts, place = {}, 0
    for name, tensor in weights.items():
        parts[name] = (total[place : place + tensor.size] / weight).astype(np.float32).reshape(tensor.shape)
        place += tensor.size
    return Added(update=parts, sites=names, rows=round(weight), loss=loss / weight if loss else None, weight=weight)


class Secret:
    """A site's part in secret sums.

    Args:
        name: of the site.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.member = Member(name, "")

    def answer(self, asked: Message) -> dict[str, Any]:
        """The facts that answer to `keys`, `shares` or `open`. Raises as `Member` does, and BadInput for another sum."""
        kind, facts = asked.facts["kind"], asked.facts
        if kind == "keys":
            self.member = Member(self.name, str(facts["sum"]))
            return {"keys": [key.hex() for key in self.member.public()]}
        if facts["sum"] != self.member.sum:
            raise BadInput("The coordinator asks for a sum that was not begun here.", "The round begins anew.")
        if kind == "shares":
            keys = {name: (bytes.fromhex(pair[0]), bytes.fromhex(pair[1])) for name, pair in facts["keys"].items()}
            return {"shares": {name: one.hex() for name, one in self.member.give(keys, int(facts["threshold"])).items()}}
        return {"shares": {name: share.hex() for name, share in self.member.open(facts["came"]).items()}}

    def masked(self, asked: Message, update: Update, weight: float, loss: float) -> np.ndarray:
        """The weighed update with all masks. Raises as `answer` does."""
        if asked.facts.get("sum") != self.member.sum:
            raise BadInput("The coordinator asks for a sum that was not begun here.", "The round begins anew.")
        self.member.take({by: bytes.fromhex(one) for by, one in asked.facts["sealed"].items()})
        flat = np.concatenate(
            [*(tensor.ravel().astype(np.float64) * weight for tensor in update.values()), [weight, weight * loss]]
        )
        return self.member.mask(flat)
