"""Which defences go together, and with what: everything else is refused in words, with a way on."""

from __future__ import annotations

from typing import Any

import pytest

from beside.core.defence_knobs import OWN, DefenceKnobs
from beside.core.defending import asked, must_defend, must_go_together, names_of, without_old
from beside.core.errors import BadOption, UnknownName
from beside.core.federation import must_federate
from beside.core.recipe import Recipe, read_recipe
from beside.core.registry import load, names


def task(name: str = "classify", **knobs: Any) -> Any:
    return load("tasks", name).configured(Recipe(**knobs))


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"defence": "fgm,pgd"}, "do not go together"),
        ({"defence": "fgm,fgm"}, "named twice"),
        ({"defence": " , "}, "names nothing"),
        ({"defence_epsilon": 0.2}, "defence_epsilon has no effect"),
        ({"defence": "rdrop", "defence_steps": 5}, "defence_steps has no effect"),
        ({"defence": "fgm", "mixup_alpha": 0.5}, "mixup_alpha has no effect"),
        ({"defence": "fgm", "method": "best"}, "method=best"),
        ({"defence": "fgm", "epsilon": 3.0}, "cannot be clipped and noised"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_way_on(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOption, match=said) as refused:
        must_go_together(Recipe(**settings))
    assert refused.value.hint


def test_a_defence_that_there_is_not_is_refused_with_a_close_name() -> None:
    with pytest.raises(UnknownName, match="There is no defence 'freelib'") as refused:
        must_go_together(Recipe(defence="freelib"))
    assert "Did you mean 'freelb'?" in refused.value.hint


def test_what_goes_together_passes() -> None:
    must_go_together(Recipe())
    must_go_together(Recipe(defence="rdrop", epsilon=3.0))
    must_go_together(read_recipe(settings=["defence=freelb", "defence_steps=5", "defence_epsilon=0.2"]))
    assert names_of(Recipe(defence=" fgm , rdrop ")) == ["fgm", "rdrop"]


@pytest.mark.parametrize(
    "defence, name, method, said",
    [
        ("fgm", "classify", "probe", "takes no gradient step"),
        ("fgm", "classify", "contrastive", "compares rows with each other"),
        ("pgd", "rank", "full", "compares rows with each other"),
        ("freelb", "generate", "full", "a model that writes"),
        ("rdrop", "grade", "full", "no divergence"),
        ("smart", "tag", "full", "no divergence"),
        ("mixup", "tag", "full", "no places in common"),
    ],
)
def test_a_task_or_method_that_it_does_not_suit_is_refused_with_the_reason(defence: str, name: str, method: str, said: str) -> None:
    recipe = Recipe(defence=defence, method=method)
    with pytest.raises(BadOption, match=said):
        must_defend(recipe, task(name), name, steps=method != "probe", by_pairs=method == "contrastive")


def test_in_a_federation_those_that_remember_nothing_may_be_used() -> None:
    assert must_federate(Recipe(defence="fgm")).defence == "fgm"
    with pytest.raises(BadOption, match="Cannot defend with smart in a federation"):
        must_federate(Recipe(defence="smart"))
    with pytest.raises(BadOption, match="do not go together"):
        must_federate(Recipe(defence="fgm,pgd"))


def test_every_knob_belongs_to_a_defence_that_heeds_it() -> None:
    assert set(OWN) == set(DefenceKnobs.model_fields) - {"defence"}
    for knob, defences in OWN.items():
        assert set(defences) <= set(names("defences"))
        default = Recipe.model_fields[knob].default
        other: Any = "typos" if isinstance(default, str) else 7 if isinstance(default, int) else 0.37
        for defence in defences:
            plain, changed = Recipe(defence=defence), Recipe(defence=defence, **{knob: other})
            assert asked(plain) != asked(changed), f"{defence} does not heed {knob}"


def test_r_drop_as_a_setting_says_what_to_write_instead() -> None:
    with pytest.raises(BadOption, match="'r_drop' was renamed") as refused:
        read_recipe(settings=["r_drop=1"])
    assert "defence=rdrop" in refused.value.hint


def test_where_old_rows_are_not_at_hand_the_other_defences_stay() -> None:
    assert without_old(Recipe(defence="fgm,replay,ewc")).defence == "fgm"
    assert without_old(Recipe(defence="replay")).defence is None
    assert without_old(Recipe()) == Recipe()
