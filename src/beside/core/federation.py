"""Federated training, seen from both ends: a coordinator that asks, sites that answer, and the knobs that go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from beside.core.defending import asked, must_go_together
from beside.core.errors import BadOption
from beside.core.recipe import Recipe

METHODS = ("full", "probe", "lora")  # what they train can be averaged: weights that mean the same at every site
KNOBS = ("proximal_mu", "secure_aggregation", "site_clip", "site_noise", "site_share")  # say nothing where `rounds` is 0
LEAST_NOISE = 0.1  # clips
FEWEST_FOR_A_SUM = 3  # with two sites each would learn the other's part of a secret sum from the sum


class Sites(Protocol):
    """The sites of a federation, as its coordinator sees them. How messages travel is this one's affair."""

    def open(self, plan: bytes, limit: int) -> None:
        """Lets sites join from now on. `plan`: what they are told; `limit`: bytes that no message is longer than."""

    def gathered(self, fewest: int) -> list[str]:
        """The names of those that are here, sorted; waits until they are so many."""

    def ask(self, messages: Mapping[str, bytes]) -> dict[str, bytes]:
        """What those sites answer that are not lost before they do."""


class Coordinator(Protocol):
    """The coordinator, as a site sees it."""

    def join(self) -> bytes:
        """The plan: what a site must know before it is asked anything."""

    def next(self) -> tuple[int, bytes] | None:
        """The number of the next question, and the question; None when all is over.

        Raises:
            Forgotten: the coordinator began anew, so the site has to join again.
        """

    def answer(self, number: int, message: bytes) -> None:
        """Sends what was asked for. Raises as `next` does."""


class Forgotten(Exception):
    """The coordinator does not know this site any more: it was restarted, or held the site for lost."""


def must_federate(recipe: Recipe) -> Recipe:
    """The recipe as a federation trains it, with the method filled in.

    Raises:
        BadOption: it cannot be trained like this.
    """
    method = recipe.method or "full"
    if method not in METHODS:
        raise BadOption(
            f"Cannot train the method '{method}' in a federation.", f"Choose one of {', '.join(METHODS)}: --method full."
        )
    if recipe.base == "scratch":
        raise BadOption(
            "Cannot train the base 'scratch' in a federation: its words are learned from the text, which stays where it is.",
            "Use --base embedded, or a folder or model that every site has.",
        )
    for knob, usual in {
        "class_weights": ("none",),
        "label_names": (None, False),
        "patience": (None,),
        "processes": (1,),
        "epsilon": (None,),
        "augment": (None,),
        "canaries": (0,),
    }.items():
        if getattr(recipe, knob) not in usual:
            raise BadOption(f"Setting {knob} has no meaning in a federation, where no place sees all rows.", f"Leave {knob} out.")
    must_go_together(recipe)
    if far := [name for name, one in asked(recipe).items() if not one.local]:
        raise BadOption(
            f"Cannot defend with {far[0]} in a federation: it remembers more than one round.", "Leave defence out, or set another."
        )
    if bool(recipe.site_noise) != bool(recipe.site_clip):
        raise BadOption(
            f"Cannot set site_noise={recipe.site_noise} with site_clip={recipe.site_clip}: a promise of privacy takes both.",
            "Set both above 0, for example site_clip=0.5 and site_noise=1; or neither.",
        )
    if 0 < recipe.site_noise < LEAST_NOISE:
        raise BadOption(f"So little noise promises nothing: site_noise={recipe.site_noise}.", f"Set it to {LEAST_NOISE} or more.")
    if recipe.site_share < 1 and not recipe.site_noise:
        raise BadOption("Setting site_share has no effect without site_noise.", "Set site_noise and site_clip, or site_share=1.")
    if recipe.site_share < 1 and recipe.secure_aggregation:
        raise BadOption(
            "Cannot draw sites by chance (site_share) and add them up in secret: a round may draw one site alone.",
            "Set site_share=1, or secure_aggregation=no.",
        )
    filled = {"method": method, "rounds": recipe.rounds or 10, "label_names": False}
    recipe = recipe.model_copy(update=filled)
    return recipe.model_copy(update={"epochs": recipe.rounds * recipe.local_epochs})


def must_be_here(recipe: Recipe) -> None:
    """Does nothing when the recipe is for training in one place.

    Raises:
        BadOption: it is for a federation.
    """
    for knob in ("rounds", *KNOBS):
        if getattr(recipe, knob) != Recipe.model_fields[knob].default:
            raise BadOption(
                f"Setting {knob} has no effect here: it is for training across sites.", "Use: beside federate coordinate CORPUS"
            )
