"""Synonyms: the files they come from, and which words may be replaced."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from beside.core.errors import BadInput
from beside.perturbations._thesaurus import thesaurus
from beside.perturbations.synonyms import PLACE, Synonyms, bases, fits

LMF = """<?xml version="1.0" encoding="UTF-8"?>
<LexicalResource><Lexicon id="oewn">
<LexicalEntry id="a"><Lemma writtenForm="purchase" partOfSpeech="v"/><Sense id="1" synset="s1"/></LexicalEntry>
<LexicalEntry id="b"><Lemma writtenForm="buy" partOfSpeech="v"/><Sense id="2" synset="s1"/></LexicalEntry>
<Synset id="s1" ili="i1"/></Lexicon></LexicalResource>"""
FILES = {
    "cilin.txt": "Aa01A01= 采购 购买\nAa01A02# 土豆 汽车\nAa01A03@ 独一\n",
    "noun.act.json": '{"00001-v": {"members": ["buy", "purchase"], "partOfSpeech": "v"}, "00002-n": {"members": ["alone"]}}',
    "words.jsonl": '{"relation": "synonym", "words": ["buy", "purchase"]}\n{"relation": "related", "words": ["buy", "shop"]}\n',
    "own.csv": "buy,purchase\n\n",
    "own.tsv": "buy\tpurchase\tget hold of\n",
    "oewn.xml": LMF,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_kind_of_file_is_read(tmp_path: Path, name: str, packed: bool) -> None:
    file = tmp_path / (f"{name}.gz" if packed else name)
    content = FILES[name].encode()
    file.write_bytes(gzip.compress(content) if packed else content)
    found = thesaurus(str(file))
    first = "购买" if name.startswith("cilin") else "purchase"
    assert len(found[first]) == 1
    assert not {"土豆", "shop", "alone", "独一"} & set(found)


def test_cilin_is_read_in_its_usual_encoding_and_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cilin.txt").write_bytes(FILES["cilin.txt"].encode("gb18030"))
    assert thesaurus(str(tmp_path))["采购"] == (("采购", "购买"),)


@pytest.mark.parametrize(
    "name, content, told",
    [
        ("none.txt", None, "There is no thesaurus"),
        ("bad.json", "{", "Cannot read"),
        ("bad.xml", "<a>", "Cannot read"),
        ("empty.txt", "\n", "no group"),
    ],
)
def test_a_file_that_is_no_thesaurus_is_refused(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        thesaurus(str(tmp_path / name))


@pytest.fixture
def resource(tmp_path: Path) -> str:
    file = tmp_path / "own.csv"
    rows = [
        "purchase,buying",
        "client,customer,不满",
        "apple,orchard apple",
        "bank,depository",
        "bank,shore",
        "采购,购买",
        "happy,unhappy",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    return str(file)


def edited(text: str, seed: int = 0, **options: object) -> str:
    return Synonyms(**options).edit(text, np.random.default_rng(seed))  # type: ignore[arg-type]


def test_a_word_is_replaced_and_its_article_follows(resource: str) -> None:
    assert edited("a purchase", resource=resource) == "a buying"
    assert edited("an apple", resource=resource) == "an orchard apple"
    assert edited("Client", resource=resource) == "Customer"
    assert edited("我要采购", resource=resource) == "我要购买"


def test_words_of_several_senses_names_negations_and_opposites_stay(resource: str) -> None:
    for text in ("the bank", "I like Apple", "happy", "not 250", "不满"):
        assert edited(text, resource=resource) == text
    assert edited("the bank", senses=2, resource=resource) != "the bank"


def test_the_environment_names_the_thesaurus(resource: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert edited("a purchase") == "a purchase"
    monkeypatch.setenv(PLACE, resource)
    assert edited("a purchase") == "a buying"


def test_only_words_of_the_vocabulary_come_in(resource: str) -> None:
    assert edited("a purchase", resource=resource, vocabulary=frozenset({"payment"})) == "a purchase"
    assert edited("a purchase", resource=resource, vocabulary=frozenset({"buying"})) == "a buying"


def test_a_table_of_neighbours_is_used_instead_of_a_thesaurus() -> None:
    assert edited("lost wallet", neighbours={"wallet": ("purse",)}) == "lost purse"


def test_an_inflected_word_is_known_by_its_base() -> None:
    assert {"bone"} <= set(bases("bones")) and "stop" in bases("stopped") and "try" in bases("tries") and "make" in bases("making")


@pytest.mark.parametrize(
    "word, other", [("happy", "unhappy"), ("回来", "回去"), ("满意", "不满意"), ("card", "kein"), ("buy", "Paris")]
)
def test_opposites_and_names_do_not_fit(word: str, other: str) -> None:
    assert fits(word, other) is (other == "kein")
