"""Texts that no label fits: told apart where they differ, by chance where they do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.checks.scope._texts import LANGUAGES, built_in, main_language, read
from beside.checks.scope.out_of_scope import check, let_through
from beside.core.errors import BadInput
from beside.core.scope import SCORES, known


def measure(subject: Any, splits: Any, with_check: Any = check) -> dict[str, Any]:
    return {one.metric: one for one in with_check.measure(subject, splits, np.random.default_rng(0))}


def rows(n: int = 120) -> list[tuple[str, str]]:
    return [(f"please refund the payment number {place}", ("refund", "lost")[place % 2]) for place in range(n)]


def test_a_model_that_is_unsure_of_foreign_texts_notices_all_of_them(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [8, 0] if "payment number" in text else [0.1, 0])
    found = measure(subject, make_splits(rows()))
    assert found["oos_auroc"].value == 1
    assert found["oos_fpr95"].value == 0
    assert found["oos_auroc"].evidence["kept"]


def test_a_model_that_cannot_tell_is_shown_to_guess(toy_subject: Any, make_splits: Any, tmp_path: Path) -> None:
    luck = np.random.default_rng(3)
    foreign = tmp_path / "foreign.txt"
    foreign.write_text("\n".join(f"foreign {place}" for place in range(120)), encoding="utf-8")
    blind = toy_subject(lambda text: [luck.random() * 4, 0])
    blind.__class__ = type("Blind", (type(blind),), {"embed": lambda self, texts: luck.random((len(texts), 4))})
    found = measure(blind, make_splits(rows()), replace(check, texts=str(foreign)))
    assert found["oos_auroc"].low < 0.5 < found["oos_auroc"].high
    assert found["oos_fpr95"].value > 0.7


def test_the_score_that_tells_best_is_kept_and_all_four_are_shown(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [1.0, 0.0])  # only the embedding tells: the built-in texts use other characters
    found = measure(subject, make_splits(rows()))
    told = found["oos_auroc"].evidence
    assert told["kept"] in ("Mahalanobis distance", "nearest training rows")
    assert found["oos_auroc"].value == 1
    assert {line["name"] for line in told["lines"]} == {*SCORES, "by chance"}
    assert told["lines"][0]["name"] == told["kept"]
    assert next(line["value"] for line in told["lines"] if line["name"] == "energy") == 0.5
    assert [row["name"] for row in found["oos_fpr95"].evidence["rows"]] == [line["name"] for line in told["lines"][:4]]


def test_the_score_is_chosen_on_tune_rows_where_there_are_enough(toy_subject: Any, make_splits: Any) -> None:
    subject = toy_subject(lambda text: [8, 0] if "payment number" in text else [0.1, 0])
    splits = make_splits(rows(120))
    assert measure(subject, splits)["oos_auroc"].n == 30  # of 60 built-in texts
    few = make_splits(rows(40))
    assert measure(subject, few)["oos_auroc"].n == 20  # half of the test rows had to choose
    assert measure(subject, few._replace(tune=splits.test[:60]))["oos_auroc"].n == 30


@pytest.mark.parametrize(
    "texts, language",
    [
        (["please refund the card", "card gone", "lost it?", "when will my parcel be here"], "English"),
        (["我要退款", "卡丢了", "help me with it"], "Chinese"),
        (["где моя карта", "верните деньги"], "Cyrillic letters"),
        (["où est ma carte et le code", "je veux que vous la bloquiez"], "French"),
    ],
)
def test_the_language_of_most_rows_decides_which_texts_are_asked(texts: list[str], language: str) -> None:
    assert main_language(texts) == language
    assert (built_in(language) is None) == (language not in LANGUAGES)


def test_a_language_without_texts_is_told_with_what_to_do(toy_subject: Any, make_splits: Any, tmp_path: Path) -> None:
    splits = make_splits([("где моя карта", "lost"), ("верните деньги", "refund")])
    assert "'Cyrillic letters'; give a file" in str(check.why_not(toy_subject(lambda text: [0, 1]), splits))
    assert replace(check, texts="some.txt").why_not(toy_subject(lambda text: [0, 1]), splits) is None


def test_texts_that_are_within_scope_are_left_out_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "foreign.csv"
    file.write_text('id,text\n1,"a, b"\n2,lost card\n3,c\n4,d\n5,e\n6,e\n', encoding="utf-8-sig")
    assert read(file, {"lost card"}) == ["a, b", "c", "d", "e"]


@pytest.mark.parametrize("content", ["", "only one\n", "text\nonly one\n"])
def test_a_file_with_too_few_texts_is_refused_with_its_count(content: str, tmp_path: Path) -> None:
    file = tmp_path / "foreign.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"holds [01] texts"):
        read(file, set())


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Cannot read"):
        read(tmp_path / "none.txt", set())


def test_the_four_scores_are_higher_within_scope() -> None:
    luck = np.random.default_rng(0)
    vectors = np.concatenate([luck.normal((1, 0, 0), 0.1, (40, 3)), luck.normal((0, 1, 0), 0.1, (40, 3))])
    reference = known(vectors, ["a"] * 40 + ["b"] * 40)
    logits, asked = np.array([[9.0, 0.0], [0.3, 0.0]]), np.array([[1.0, 0.0, 0.0], [-1.0, -1.0, 1.0]])
    for name in SCORES:
        inside, outside = reference.score(name, logits, asked)
        assert inside > outside, name


def test_mahalanobis_is_the_distance_under_the_shared_covariance() -> None:
    luck = np.random.default_rng(0)
    vectors, labels = luck.normal(size=(200, 4)) @ luck.normal(size=(4, 4)), np.array(["a", "b"] * 100)
    means = np.stack([vectors[labels == name].mean(axis=0) for name in "ab"])
    around = vectors - means[(labels == "b").astype(int)]
    covariance = around.T @ around / 200
    inverse = np.linalg.inv(0.9 * covariance + 0.1 * np.trace(covariance) / 4 * np.eye(4))
    asked = luck.normal(size=(7, 4))
    expected = [-min((one - mean) @ inverse @ (one - mean) for mean in means) for one in asked]
    assert known(vectors, labels.tolist()).mahalanobis(asked) == pytest.approx(expected)


def test_the_share_let_through_holds_the_truth_about_as_often_as_it_says() -> None:
    luck = np.random.default_rng(0)
    truth, held = 0.74, 0  # of two normals of unit variance one unit apart
    for _ in range(150):
        found = let_through(luck.normal(1, 1, 200), luck.normal(0, 1, 30), luck)
        held += found.low <= truth <= found.high
    assert held >= 138
