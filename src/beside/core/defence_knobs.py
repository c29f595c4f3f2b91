"""The knobs of what training shall withstand: attacks on words, noise, wrong sureness, forgetting (`defences/`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from beside.core.knobs import knob

R_DROP = "Set defence=rdrop, and rdrop_weight for its weight."

# knob -> the defences that heed it
OWN = {
    "defence_epsilon": ("fgm", "pgd", "freelb", "smart"),
    "defence_steps": ("pgd", "freelb"),
    "defence_step_size": ("pgd", "freelb"),
    "adversarial_weight": ("fgm", "pgd"),
    "rdrop_weight": ("rdrop",),
    "smart_weight": ("smart",),
    "smart_proximal": ("smart",),
    "smart_momentum": ("smart",),
    "mixup_alpha": ("mixup",),
    "attacked_share": ("adversarial_examples",),
    "attack_edits": ("adversarial_examples", "near_words"),
    "attack_words": ("adversarial_examples", "near_words"),
    "attack_queries": ("adversarial_examples",),
    "exchange_weight": ("near_words",),
    "ewc_strength": ("ewc",),
    "ewc_rows": ("ewc",),
    "replay_share": ("replay",),
}


class DefenceKnobs(BaseModel):
    """What a training defends against, and how strongly."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    OLD: ClassVar[dict[str, str]] = {"r_drop": R_DROP}

    defence: str | None = knob(
        None,
        "names",
        "what training shall withstand, one name of `defences` or several with commas between them; None = nothing beyond the rows",
    )
    defence_epsilon: float = knob(
        0.1,
        "share",
        "of fgm, pgd, freelb and smart: how far word vectors are moved, in lengths of the row's own; a share fits every base",
        gt=0,
        le=10,
    )
    defence_steps: int = knob(
        3, "passes", "of pgd and freelb: ascent steps, each about as dear as a plain step; 3 do nearly what more do", ge=1, le=50
    )
    defence_step_size: float | None = knob(
        None, "share", "of pgd and freelb: of the radius in each ascent step; None = 2.5 / steps (Madry et al. 2018)", gt=0, le=10
    )
    adversarial_weight: float = knob(
        1.0, "weight", "of fgm and pgd: of the loss where it is worst, beside the plain one (Miyato et al. 2017)", gt=0, le=100
    )
    rdrop_weight: float = knob(
        1.0,
        "weight",
        "of rdrop: how much two passes with different dropout shall agree (Liang et al. 2021); 1 to 5 is usual",
        gt=0,
        le=100,
    )
    smart_weight: float = knob(
        1.0, "weight", "of smart: how little answers may change near a row (Jiang et al. 2020, lambda)", gt=0, le=100
    )
    smart_proximal: float = knob(
        1.0,
        "weight",
        "of smart: how near answers stay to those of the averaged weights (Jiang et al. 2020, mu); 0 = off",
        ge=0,
        le=100,
    )
    smart_momentum: float = knob(
        0.99, "share", "of smart: of the averaged weights that stays in each step (their beta)", ge=0, lt=1
    )
    mixup_alpha: float = knob(
        1.0,
        "shape",
        "of mixup: of the Beta distribution of shares; 1 = any share alike (Guo et al. 2019), 0.2 = mostly one text",
        gt=0,
        le=100,
    )

    attacked_share: float = knob(
        0.25,
        "share",
        "of adversarial_examples: of the rows, attacked before each epoch and learned along (Yoo & Qi 2021)",
        gt=0,
        le=1,
    )
    attack_edits: str = knob(
        "synonyms",
        "names",
        "of adversarial_examples and near_words: perturbations that say what may stand where, several with commas between them; "
        "synonyms needs no file, for lack of a thesaurus it takes near words of the rows",
    )
    attack_words: float = knob(
        0.3,
        "share",
        "of adversarial_examples and near_words: of a text's words that may be edited, at least one; more changes the meaning",
        gt=0,
        le=1,
    )
    attack_queries: int = knob(
        80,
        "texts",
        "of adversarial_examples: that the model is asked for one row at most; most rows are turned by fewer",
        ge=2,
        le=10_000,
    )
    exchange_weight: float = knob(
        2.0,
        "weight",
        "of near_words: how much the answer to a text with exchanged words shall be that to the text itself (Zhang et al. 2019)",
        gt=0,
        le=100,
    )
    ewc_strength: float = knob(
        100_000.0,
        "weight",
        "of ewc: how much weights that old rows depend on are held where they were (Kirkpatrick et al. 2017, lambda); on dev rows "
        "1,000 still forgot, 100,000 did not and learned the new rows as well",
        gt=0,
        le=1e9,
    )
    ewc_rows: int = knob(
        256, "rows", "of ewc: old rows on which it is measured what each weight matters; each costs a pass", ge=1, le=100_000
    )
    replay_share: float = knob(
        0.5, "old rows per new row", "of replay: learned along with the new ones, drawn by the seed", gt=0, le=100
    )

    @model_validator(mode="before")
    @classmethod
    def of_before(cls, values: Any) -> Any:
        """Reads `r_drop`, as recipes were written before it was a defence."""
        if not isinstance(values, Mapping) or "r_drop" not in values:
            return values
        kept = {key: value for key, value in values.items() if key != "r_drop"}
        weight = float(values["r_drop"])
        return {"defence": "rdrop", "rdrop_weight": weight, **kept} if weight else kept
