"""Smaller and faster: a form made from the compressors' own options, and what a compression brought and cost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from beside.core import registry
from beside.core.compressing import FAMILY
from beside.core.options import options

FORM, RESULT = "/evidence/compress", "/evidence/compressed?run=run-small"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was started, instead of starting it."""
    calls: list[Any] = []

    def start(workspace: Any, actor: Any, verb: str, words: list[str]) -> int:
        calls.append((actor.name, verb, words))
        return 1

    monkeypatch.setattr("beside.api.starting.start", start)
    return calls


def test_every_option_of_every_compressor_is_a_field_once(full: Any) -> None:
    page = full.visit().get(f"{FORM}?run=run-toy").text
    fields = re.findall(r'<(?:input|select) id="(\w+\.\w+)"', page)
    there = [f"{name}.{option}" for name in registry.names(FAMILY) for option in options(registry.load(FAMILY, name))]
    assert sorted(fields) == sorted(there)


def test_reasons_are_chinese_on_the_chinese_page(full: Any) -> None:
    page = full.visit(language="zh").get(f"{FORM}?run=run-toy").text
    reasons = re.findall(r'<td class="reason">(.*?)</td>', page)
    assert reasons and [reason for reason in reasons if not re.search(r"[\u4e00-\u9fff]", reason)] == []


def test_a_link_to_a_usual_chain_fills_in_the_steps(full: Any) -> None:
    page = full.visit().get(f"{FORM}?run=run-toy&with=distill,quantize").text
    assert re.findall(r'value="(\w+)" selected', page) == ["distill", "quantize"]


def test_what_was_chosen_is_what_is_started_and_only_what_was_changed_is_set(draft: Any, started: list[Any]) -> None:
    chosen = {"run": "run-toy", "step-1": "distill", "step-2": "", "step-3": "quantize", "quantize.flips": "0.005"}
    answer = draft.visit("builder").post(FORM, data={**chosen, "quantize.loss": "0.01", "distill.states": "false"})
    set_ = ["--set=distill.states=false", "--set=quantize.flips=0.005"]
    assert started == [("the builder", "compress", ["run-toy", "--with=distill,quantize", *set_])]
    assert "It has begun." in answer.text


@pytest.mark.parametrize(
    "chosen, said",
    [
        ({"step-1": "quantize", "step-2": "prune"}, "Nothing can follow quantize"),
        ({"step-1": ""}, "No compressor was named."),
        ({"step-1": "prune", "step-2": "prune"}, "named twice"),
        ({"step-1": "prune", "quantize.flips": "0.005"}, "has no effect without quantize"),
        ({"step-1": "quantize", "quantize.flips": "many"}, "cannot be"),
        ({"step-1": "quantize", "quantize.flips": "7"}, "does not take"),
    ],
)
def test_a_chain_that_cannot_be_is_refused_in_both_languages_and_keeps_what_was_typed(
    full: Any, started: list[Any], chosen: dict[str, str], said: str
) -> None:
    for language in ("en", "zh"):
        page = full.visit("builder", language).post(FORM, data={"run": "run-toy", **chosen})
        told = page.text[page.text.index('role="alert"') :].partition("</div>")[0]
        assert page.status_code == 422
        assert said in told or language == "zh"
        assert 'lang="en"' not in told
        for name, value in chosen.items():
            assert f'value="{value}"' in page.text or not value, name
    assert started == []


def test_a_final_form_is_not_compressed_again(full: Any, started: list[Any]) -> None:
    assert '<form method="post" action="/evidence/compress"' not in full.visit("admin").get(f"{FORM}?run=run-small").text
    assert full.visit("admin").post(FORM, data={"run": "run-small", "step-1": "prune"}).status_code == 422
    assert started == []


@pytest.mark.parametrize("role", ["reviewer", "user"])
def test_only_a_builder_or_an_owner_compresses(full: Any, started: list[Any], role: str) -> None:
    visit = full.visit(role)
    assert 'type="submit">Start the compression' not in visit.get(f"{FORM}?run=run-toy").text
    assert visit.post(FORM, data={"run": "run-toy", "step-1": "quantize"}).status_code == 403
    assert started == []


def test_the_result_names_every_form_with_its_figures_and_why(full: Any) -> None:
    page = full.visit().get(RESULT).text
    for figure in ("91.0", "24.1", "3.78 times smaller", "3.80 times as fast", "−0.004", "0.6%"):
        assert figure in page
    assert page.index("onnx") < page.index("keeps the limits, is slower") < page.index("the fastest that keeps the limits")
    assert "4.00% of rows are answered otherwise (limit 1.00%)" in page


@pytest.mark.parametrize("path", [RESULT, f"{FORM}?run=run-toy"])
def test_what_was_done_and_refused_is_chinese_on_the_chinese_page(full: Any, path: str) -> None:
    assert '<span lang="en"' not in full.visit(language="zh").get(path).text


def test_a_run_and_what_was_made_of_it_lead_to_each_other(full: Any) -> None:
    visit = full.visit()
    assert 'href="/evidence/compress?run=run-toy">1 run made from it' in visit.get("/evidence?run=run-toy").text
    assert 'href="/evidence/compressed?run=run-small"' in visit.get(f"{FORM}?run=run-toy").text
    for page in (visit.get(RESULT).text, visit.get("/evidence?run=run-small").text):
        assert 'href="/evidence?run=run-toy"' in page
    assert 'href="/evidence/compressed?run=run-small"' in visit.get("/evidence?run=run-small").text


def test_the_picture_is_drawn_in_the_language_of_the_page(full: Any) -> None:
    for language, word in (("en", "times as fast as the parent"), ("zh", "速度是原模型的几倍")):
        answer = full.visit(language=language).get("/evidence/compressed/run-small.svg")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert word in answer.text


@pytest.mark.parametrize("path", ["/evidence/compressed?run=run-toy", "/evidence/compressed/run-toy.svg", f"{FORM}?run=nothing"])
def test_a_run_that_was_not_compressed_has_no_such_page(full: Any, path: str) -> None:
    assert full.visit().get(path).status_code == 404
