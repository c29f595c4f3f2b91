"""Behavioural cases: the table that people write, and subjects that are known to pass or fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.checks._cases import BUILT_IN, built_in, read_cases
from beside.checks.behaviour.cases import check
from beside.core.errors import BadInput, BadOption

HEAD = "kind,capability,text,edited,label,direction\n"
CSV = HEAD + (
    'MFT,negation,"no refund, the card is lost",,lost,\n'
    "INV,names,Emily wants a refund,Fatima wants a refund,,\n"
    "DIR,more evidence,my card,my card was lost,lost,up\n"
    "DIR,less evidence,my card was lost,my card,lost,down\n"
)
TOML = """
[[case]]
kind = "mft"
text = "my card is lost"
label = "lost"

[[case]]
kind = "INV"
capability = "names"
text = "Emily wants a refund"
edited = "Fatima wants a refund"
"""


def table(tmp_path: Path, content: str, name: str = "cases.csv") -> Path:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return file


def measured(file: Path, subject: Any, splits: Any) -> dict[str, Any]:
    found = replace(check, cases=str(file)).measure(subject, splits, np.random.default_rng(0))
    return {one.metric: one for one in found}


def test_a_subject_that_understands_passes_every_case(tmp_path: Path, toy_subject: Any, make_splits: Any) -> None:
    found = measured(table(tmp_path, CSV), toy_subject(lambda text: [0.0, 2.0 * ("lost" in text)]), make_splits([("a", "lost")]))
    assert (found["cases_passed"].value, found["cases_passed"].n) == (1, 4)
    assert found["cases_passed"].low < 0.6, "four cases prove little"
    assert found["cases_passed"].evidence["kinds"] == {
        "MFT": {"passed": 1, "of": 1}, "INV": {"passed": 1, "of": 1}, "DIR": {"passed": 2, "of": 2},
    }  # fmt: skip
    assert found["cases_passed"].evidence["rows"] == []


def test_a_subject_that_reacts_to_a_name_fails_there_and_is_shown(tmp_path: Path, toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [0.5, 2.0 * ("lost" in text or "Fatima" in text)])
    found = measured(table(tmp_path, CSV), subject, make_splits([("a", "lost")]))
    assert found["cases_passed"].value == 0.75
    failed = found["cases_passed"].evidence["rows"]
    assert [(row["edited"], row["before"], row["after"]) for row in failed] == [("Fatima wants a refund", "refund", "lost")]
    weakest = found["weakest_capability_passed"]
    assert (weakest.value, weakest.evidence["rows"][0]["name"]) == (0, "names")
    assert weakest.high > 0.8, "one case, and the weakest of four was picked"


def test_a_probability_that_does_not_move_fails_unless_it_is_sure(tmp_path: Path, toy_subject: Any, make_splits: Any) -> None:
    file, splits = table(tmp_path, HEAD + "DIR,,a card,a lost card,lost,up\n"), make_splits([("a", "lost")])
    assert measured(file, toy_subject(lambda text: [0.0, 1.0]), splits)["cases_passed"].value == 0
    assert measured(file, toy_subject(lambda text: [0.0, 9.0]), splits)["cases_passed"].value == 1
    assert measured(file, toy_subject(lambda text: [0.0, 9.0 - 9.0 * ("lost" in text)]), splits)["cases_passed"].value == 0


def test_toml_is_read_as_well(tmp_path: Path) -> None:
    cases = read_cases(table(tmp_path, TOML, "cases.toml"))
    assert [(case.kind, case.capability, case.line) for case in cases] == [("MFT", "MFT", 2), ("INV", "names", 7)]


@pytest.mark.parametrize(
    "rows, told",
    [
        ("MFT,a,text,,lost,\nABC,a,text,,lost,\n", "Line 3 of 'cases.csv': there is no kind 'ABC'"),
        ("MFT,a,text,,,\n", "Line 2 of 'cases.csv': MFT needs 'label'"),
        ("INV,a,text,,,\n", "Line 2 of 'cases.csv': INV needs 'edited'"),
        ("INV,a,text,text,,\n", "Line 2 of 'cases.csv': 'edited' is the same as 'text'"),
        ("DIR,a,text,other,lost,sideways\n", "Line 2 of 'cases.csv': there is no direction 'sideways'"),
        ("MFT,a,text, with a comma,,lost,,,\n", "Line 2 of 'cases.csv': more cells than columns"),
        ("", "holds no case"),
        ('MFT,a,"never closed,,lost,\n', "Cannot read"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(tmp_path: Path, rows: str, told: str) -> None:
    with pytest.raises(BadInput) as error:
        read_cases(table(tmp_path, HEAD + rows))
    assert told in error.value.message
    assert error.value.hint


def test_other_files_that_are_no_table_are_refused(tmp_path: Path) -> None:
    for name, content in (
        ("x.csv", "text,answer\na,b\n"),
        ("x.toml", "[[case]\n"),
        ("y.toml", "case = 1\n"),
        ("z.toml", '[[case]]\nkind = "X"\n'),
    ):
        with pytest.raises(BadInput):
            read_cases(table(tmp_path, content, name))
    with pytest.raises(BadInput, match="no table of cases"):
        read_cases(tmp_path / "absent.csv")


def test_a_label_that_the_model_does_not_know_is_refused(tmp_path: Path, toy_subject: Any, make_splits: Any) -> None:
    file = table(tmp_path, HEAD + "MFT,a,text,,greeting,\n")
    with pytest.raises(BadOption, match="Line 2 of .*no label 'greeting'"):
        measured(file, toy_subject(lambda text: [0.0, 1.0]), make_splits([("a", "lost")]))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_built_in_cases_are_many_and_of_every_kind(language: str) -> None:
    cases = read_cases(BUILT_IN / f"cases_{language}.csv")
    counts = Counter(case.kind for case in cases)
    assert len(cases) >= 60 and set(counts) == {"MFT", "INV", "DIR"} and min(counts.values()) >= 8
    assert len({case.label for case in cases if case.label}) == 12
    assert len({case.capability for case in cases}) >= 10
    assert len({(case.text, case.edited) for case in cases}) == len(cases)


def test_the_built_in_cases_are_used_only_where_labels_fit(toy_subject: Any, make_splits: Any) -> None:
    splits = make_splits([("a", "lost")])
    assert built_in(("refund", "lost"), splits) == []
    assert "other labels" in check.why_not(toy_subject(lambda text: [0.0, 1.0]), splits)
    found = built_in(("lost_card", "close_account"), splits)
    assert {case.label for case in found} == {"lost_card", "close_account", ""}
    assert built_in(("lost_card", "close_account"), make_splits([("卡丢了", "lost_card")]))[0].text == "我的银行卡丢了"
