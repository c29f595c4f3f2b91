"""A person is planted, a real model is trained on their rows, served and corrected; then they are erased, and searched for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

WORDS = ("zylphonia", "quarxwell")  # of one person alone


@pytest.fixture(scope="module")
def erased(beside, messages, tmp_path_factory):
    """Everything that the commands said on the way."""
    home = tmp_path_factory.mktemp("erase") / "bank"
    home.mkdir()
    rows = [(text, label, f"customer {place % 20}") for place, (text, label) in enumerate(messages(120))]
    rows += [(f"zylphonia quarxwell {place} wants refund of KX-99-{place}7", "refund", "Zylphonia Quarxwell") for place in range(4)]
    source = home.parent / "inbox.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "label", "who"), *rows])

    def run(*args: object, code: int = 0):
        ended = beside(*args, "--workspace", home, "--json", cwd=home.parent)
        assert ended.code == code, ended.err
        return ended.json

    run("import", source, "--name", "inbox", "--person", "who")
    trained = run("train", "inbox", "--base", "scratch", "--method", "probe", "--set", "max_length=16")
    run("audit", trained["id"], "--policy", "sandbox", "--check", "data/label_quality", "--check", "utility/report")
    release = run("release", trained["id"], "--policy", "sandbox")
    run("review", release["id"], "approve", "--reason", "read by a person")
    [asked] = run("predict", release["id"], "where is zylphonia quarxwell and her parcel")
    run("statement", "contact", "Ask Zylphonia Quarxwell at the desk.")
    held = {path.relative_to(home).parts[1] for path in files(home) if holds(path)}
    before = run("erase", "Zylphonia Quarxwell", "--text", "zylphonia", "--text", "quarxwell")
    done = run("erase", "Zylphonia Quarxwell", "--text", "zylphonia", "--text", "quarxwell", "--yes", "--retrain")
    return {"home": home, "run": run, "held": held, "before": before, "done": done, "release": release, "asked": asked}


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def holds(path: Path) -> bool:
    content = path.read_bytes().lower()
    return any(word.encode() in content for word in WORDS)


def test_the_person_had_been_in_database_artifacts_and_the_vocabulary_of_the_release(erased):
    assert {"artifacts", "releases"} < erased["held"] and any("records.sqlite" in name for name in erased["held"])
    assert {"corpus", "run", "release", "prediction", "statement", "file"} <= {one["kind"] for one in erased["before"]["holders"]}


def test_a_byte_search_finds_the_person_nowhere_in_the_workspace(erased):
    assert [path for path in files(erased["home"]) if holds(path)] == []
    assert erased["done"]["remaining"] == []
    assert erased["done"]["searched"]["files"] > 10


def test_a_model_trained_again_stands_in_for_the_retired_one(erased):
    stones = {one["thing"]: one for one in erased["done"]["tombstones"]}
    again = next(one for one in erased["run"]("list", "runs") if one["id"] == stones["run"]["successor"])
    assert again["corpus_id"] == stones["corpus"]["successor"]
    ended = erased["run"]("predict", erased["release"]["id"], "hello", code=1)
    assert "trained on rows of a person" in ended["error"]["message"]


def test_few_rows_make_no_membership_test_and_the_certificate_says_so(erased):
    told = erased["done"]["membership"]
    assert [one["when"] for one in told] == ["before", "after"]
    assert all(one["value"] is None and "Not enough data" in one["why_not"] for one in told)


def test_the_certificate_is_a_file_that_names_nobody(erased):
    file = erased["home"] / ".beside" / "erasures" / f"{erased['done']['id']}.json"
    told = json.loads(file.read_bytes())
    assert told["id"] == erased["done"]["id"] and len(told["person"]) == 64
    assert not holds(file)
