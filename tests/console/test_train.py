"""The form that trains is the recipe itself: every knob once, with its reason, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from beside.core import registry
from beside.core.recipe import Recipe
from beside.core.types import Actor


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was started, instead of starting it."""
    calls: list[Any] = []

    def start(workspace: Any, actor: Any, verb: str, words: list[str]) -> int:
        calls.append((actor.name, verb, words))
        return 1

    monkeypatch.setattr("beside.api.starting.start", start)
    return calls


def corpus_of(shown: Any) -> str:
    return str(shown.workspace.records.corpora(Actor(name="olga", roles=("admin",)))[0].id)


def test_every_knob_of_the_recipe_is_a_field_once(draft: Any) -> None:
    page = draft.visit().get("/train").text
    fields = re.findall(r'<(?:input|select) id="(\w+)" name="\w+"', page)
    assert sorted(fields) == sorted(Recipe.model_fields)


def test_every_method_may_be_chosen(draft: Any) -> None:
    page = draft.visit().get("/train").text
    chosen = page[page.index('<select id="method"') :]
    assert {name for name in registry.names("methods") if f'<option value="{name}">' in chosen} == set(registry.names("methods"))


def test_reasons_and_units_are_chinese_on_the_chinese_page(draft: Any) -> None:
    page = draft.visit(language="zh").get("/train").text
    reasons = re.findall(r'<td class="reason">(.*?)</td>', page)
    assert len(reasons) == len(Recipe.model_fields)
    assert [reason for reason in reasons if not re.search(r"[\u4e00-\u9fff]", reason)] == []


def test_what_was_typed_is_what_is_trained(draft: Any, started: list[Any]) -> None:
    answer = draft.visit("builder").post("/train", data={"corpus": corpus_of(draft), "method": "probe", "epochs": "3", "seed": ""})
    assert started == [("the builder", "train", [corpus_of(draft), "--set=method=probe", "--set=epochs=3"])]
    assert "The training has begun." in answer.text


def test_a_value_that_cannot_be_is_refused_with_what_may_be_and_keeps_what_was_typed(draft: Any, started: list[Any]) -> None:
    answer = draft.visit("builder").post("/train", data={"corpus": corpus_of(draft), "epochs": "many", "dropout": "0.3"})
    assert answer.status_code == 422
    assert started == []
    assert 'value="many"' in answer.text
    assert 'value="0.3"' in answer.text
    assert "epochs" in answer.text[answer.text.index('role="alert"') :]


@pytest.mark.parametrize("role", ["reviewer", "user"])
def test_only_a_builder_or_an_owner_trains(draft: Any, started: list[Any], role: str) -> None:
    visit = draft.visit(role)
    assert 'type="submit">Start the training' not in visit.get("/train").text
    assert visit.post("/train", data={"corpus": corpus_of(draft)}).status_code == 403
    assert started == []


def test_a_corpus_that_is_not_there_is_refused(draft: Any, started: list[Any]) -> None:
    assert draft.visit("builder").post("/train", data={"corpus": "nothing"}).status_code == 404
    assert started == []
