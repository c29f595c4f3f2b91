"""Who reads and writes what: decided in the query, for every table, by role and by whose a row is."""

from __future__ import annotations

import pytest

from beside.core.errors import NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store import tables
from beside.store.permission import OWNERS, READERS, ROLES, WRITERS, readable, reads_examples
from beside.store.tables import Table

CARL, DORA = Actor(name="carl", roles=("user",)), Actor(name="dora", roles=("user",))
LOCAL = Actor(name="local", roles=("user",))


def test_every_table_says_who_reads_it_and_every_role_exists():
    there = {mapper.class_ for mapper in Table.registry.mappers}
    assert there - READERS.keys() == set(), "say in READERS who may read this"
    assert {role for roles in [*READERS.values(), *WRITERS.values()] for role in roles} <= set(ROLES)
    assert all(hasattr(table, column) for table, column in OWNERS.items())


def test_without_a_role_no_table_can_be_read_and_an_admin_reads_all():
    for table in READERS:
        assert str(readable(Actor(name="nobody"), table)) == "false"
        assert str(readable(Actor(name="olga", roles=("admin",)), table)) == "true"


def test_users_read_their_own_predictions_and_answers_only(records, fill, owner, loop):
    fill(records)
    mine = loop.prediction.model_copy(update={"id": "prediction-2", "text": "carl asks"})
    records.add_predictions(CARL, [mine])
    said = loop.answer.model_copy(update={"id": "answer-2", "prediction_id": "prediction-2", "who": "carl"})
    records.add_answer(CARL, said)
    assert records.predictions(CARL, "release-1") == [mine]
    assert records.answers(CARL, "release-1") == [(mine, said)]
    assert records.predictions(DORA, "release-1") == records.answers(DORA) == records.predictions(LOCAL, "release-1") == []
    for stranger in (DORA, LOCAL):
        with pytest.raises(UnknownName) as refusal:
            records.prediction(stranger, "prediction-2")
        assert "prediction-1" not in refusal.value.hint
        with pytest.raises(UnknownName):
            records.add_answer(stranger, said.model_copy(update={"id": "answer-3", "who": stranger.name}))
    assert len(records.predictions(Actor(name="ann", roles=("annotator",)), "release-1")) == 2


def test_predictions_from_before_it_was_kept_who_asked_are_for_the_staff(records, fill, loop):
    fill(records)
    with records.database.write() as session:
        session.query(tables.Predictions).update({"asked_by": None})
    assert records.predictions(Actor(name="olga", roles=("user",)), "release-1") == []
    assert records.predictions(Actor(name="rita", roles=("reviewer",)), "release-1") == [loop.prediction]


@pytest.mark.parametrize("role, may", [(role, role != "user") for role in ROLES])
def test_rows_that_evidence_quotes_are_not_for_users(records, fill, role, may):
    fill(records)
    actor = Actor(name="somebody", roles=(role,))
    assert reads_examples(actor) is may
    assert bool(records.comparisons(actor)) is may
    assert records.corpora(actor) and records.findings(actor)  # the figures are for everybody


@pytest.mark.parametrize("role", ROLES)
def test_the_ledger_is_for_those_who_answer_for_it(records, fill, role):
    fill(records)
    assert bool(records.ledger(Actor(name="x", roles=(role,)))) is (role in ("admin", "reviewer", "privacy_officer"))


def test_annotators_answer_but_change_no_corpus(records, fill, loop):
    fill(records)
    ann = Actor(name="ann", roles=("annotator",))
    records.add_answer(ann, loop.answer.model_copy(update={"id": "answer-9", "who": "ann"}))
    for add, value in [(records.add_corpus, loop.corpus), (records.add_run, loop.run), (records.add_release, loop.release)]:
        with pytest.raises(NotPermitted):
            add(ann, value)
