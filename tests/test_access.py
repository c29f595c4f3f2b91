"""What is handed out of a person, and for what text may be used."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from beside.core.erasure import Asked
from beside.core.errors import BadInput, BadOption, GateClosed, NotPermitted
from beside.core.purposes import Purpose
from beside.core.recipe import Recipe
from beside.core.types import Actor
from beside.loop import Loop
from beside.stages.access import cell

WORDS = "cancel the subscription now"  # a training row of the approved release
ASKED = Asked(words=(WORDS,))


@pytest.fixture
def world(make_approved, tmp_path):
    made = make_approved(tmp_path / "bank")
    loop = Loop(made.workspace, made.owner)
    said = loop.predict(loop.serve(made.release.id), [f"please, {WORDS}", "where is my parcel"])
    loop.listen(said[0].id, False, "refund", note="they were angry")
    loop.comment(made.release.id, f"I looked at '{WORDS}' and it is fine.")
    loop.state("contact", "Ask Olga at the desk.")
    yield loop
    made.workspace.close()


def test_a_person_gets_rows_questions_and_words_about_them_and_what_they_were_used_for(world):
    told = world.access(ASKED)
    assert [row["text"] for row in told["rows"]] == [WORDS]
    [question] = told["questions"]
    assert question["text"] == f"please, {WORDS}" and question["answers"][0]["note"] == "they were angry"
    assert [(one["kind"], WORDS in one["text"]) for one in told["quoted"]] == [("comment", True)]
    assert [run["id"] for run in told["used_for"]["runs"]] == ["run-toy"]
    assert told["processing"]["contact"] == [{"language": "en", "text": "Ask Olga at the desk."}]
    assert "retention" in told["processing"]["not_written"]
    assert world.serve(), "nothing was changed"


def test_access_is_written_down_without_the_words(world):
    world.access(ASKED)
    entry = world.records.ledger(world.actor)[0]
    assert entry.verb == "give access" and entry.detail == {"entries": 3}
    assert WORDS not in json.dumps(entry.model_dump(mode="json"))


def test_a_zip_file_holds_everything_and_a_table_that_spreadsheets_open(world, tmp_path):
    told = world.hand_out(ASKED, tmp_path / "out.zip")
    assert told["entries"] == 3 and (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        assert json.loads(packed.read("everything.json"))["format"] == "beside-access/1"
        [row] = csv.DictReader(io.StringIO(packed.read("rows.csv").decode("utf-8-sig")))
    assert row["text"] == WORDS and row["corpus"] == "toy"


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x"])
def test_a_cell_is_never_a_formula(text):
    assert cell(text) == f"'{text}"


def test_nobody_gets_what_is_kept_of_others(world):
    with pytest.raises(NotPermitted):
        Loop(world.workspace, Actor(name="bo", roles=("builder",))).access(ASKED)
    with pytest.raises(BadInput, match="Nothing is kept"):
        world.access(Asked(person="nobody"))


def test_text_for_one_purpose_is_not_trained_on_for_another(world):
    world.state_purpose("toy", "answering customers", "contract")
    tiny = Recipe(base="scratch", method="probe", epochs=1, max_length=8, seed=3)
    with pytest.raises(GateClosed, match="taken in for 'answering customers', not for 'scoring credit'"):
        world.train("toy", tiny, purpose=Purpose("scoring credit"))
    assert world.records.runs(world.actor)[0].id == "run-toy", "nothing was trained"


def test_a_statement_why_another_purpose_is_compatible_goes_into_the_ledger(world):
    world.state_purpose("toy", "answering customers", "consent")
    corpus = world.records.corpus(world.actor, "toy")
    world.must_be_meant(corpus, Purpose("  Answering   CUSTOMERS "))
    world.must_be_meant(corpus, Purpose("teaching staff", "the terms of June say so"))
    entry = world.records.ledger(world.actor)[0]
    assert entry.verb == "use for another purpose"
    assert entry.detail == {"purpose": "teaching staff", "why": "the terms of June say so"}


def test_the_purpose_of_a_workspace_counts_where_a_training_names_none(world):
    world.state_purpose("toy", "answering customers")
    settings = world.workspace.settings
    world.workspace.settings = settings.model_copy(update={"purpose": "scoring credit"})
    with pytest.raises(GateClosed, match="scoring credit"):
        world.must_be_meant(world.records.corpus(world.actor, "toy"), Purpose())


def test_purpose_and_basis_go_on_with_a_child_and_may_be_said_anew(world):
    assert world.state_purpose("toy", "answering customers", "consent").legal_basis == "consent"
    assert world.state_purpose("toy", legal_basis="contract").purpose == "answering customers"
    child = world.erase(ASKED).tombstones[0].successor
    assert world.records.corpus(world.actor, str(child)).legal_basis == "contract"
    for wrong, error in ((("x", None), BadInput), (("fine", "because"), BadOption)):
        with pytest.raises(error):
            world.state_purpose(str(child), *wrong)
