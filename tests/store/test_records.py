"""Every query, over SQLite and over PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta

import pytest

from beside.core.errors import BadInput, Busy, NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store import ledger, tables
from beside.store.records import Records


def test_what_was_stored_comes_back_equal(records, fill, owner, loop):
    fill(records)
    assert records.corpora(owner) == [loop.corpus]
    assert records.corpus(owner, "corpus-1") == records.corpus(owner, "支持") == loop.corpus
    assert records.runs(owner) == records.runs(owner, "corpus-1") == [loop.run] == [records.run(owner, "run-1")]
    assert records.findings(owner) == records.findings(owner, "run-1") == [loop.finding]
    assert records.skipped(owner, "run-1") == [loop.skipped]
    assert records.releases(owner) == [loop.release] == [records.release(owner, "release-1")]
    assert records.predictions(owner, "release-1") == [loop.prediction] == [records.prediction(owner, "prediction-1")]
    assert records.answers(owner) == records.answers(owner, "release-1") == [(loop.prediction, loop.answer)]
    assert records.comparisons(owner) == [loop.comparison]


def test_times_come_back_with_their_zone(records, fill, owner, loop):
    fill(records)
    for value in (records.corpora(owner)[0], records.runs(owner)[0], records.prediction(owner, "prediction-1")):
        assert value.made_at.utcoffset() == timedelta(0)
    assert records.ledger(owner)[0].at.tzinfo is UTC
    assert records.corpora(owner)[0].made_at == loop.corpus.made_at


def test_a_time_without_a_zone_is_refused(records, owner, loop):
    with pytest.raises(BadInput, match="no time zone"):
        records.add_corpus(owner, loop.corpus.model_copy(update={"made_at": loop.corpus.made_at.replace(tzinfo=None)}))
    assert records.corpora(owner) == [] == records.ledger(owner)


def test_someone_without_a_role_reads_nothing(records, fill, stranger):
    fill(records)
    assert records.corpora(stranger) == records.runs(stranger) == records.runs(stranger, "corpus-1") == []
    assert records.findings(stranger) == records.findings(stranger, "run-1") == records.skipped(stranger, "run-1") == []
    assert records.releases(stranger) == records.predictions(stranger, "release-1") == records.comparisons(stranger) == []
    assert records.answers(stranger) == records.answers(stranger, "release-1") == records.ledger(stranger) == []
    singles = [(records.corpus, "支持"), (records.run, "run-1"), (records.release, "release-1"), (records.test_uses, "corpus-1")]
    for single, id in [*singles, (records.prediction, "prediction-1"), (records.run, "no such run")]:
        with pytest.raises(NotPermitted, match="nobody"):
            single(stranger, id)


def test_writing_needs_the_right_role(records, fill, owner, loop, stranger):
    fill(records)
    caller = Actor(name="carl", roles=("user",))
    for actor in (caller, stranger):
        for write, value in [
            (records.add_corpus, loop.corpus),
            (records.add_run, loop.run),
            (records.add_findings, [loop.finding]),
            (records.add_release, loop.release),
            (records.save_release, loop.release),
            (records.add_comparison, loop.comparison),
        ]:
            with pytest.raises(NotPermitted) as refusal:
                write(actor, value)
            assert "admin, builder" in refusal.value.hint
        with pytest.raises(NotPermitted):
            records.count_test_use(actor, "corpus-1", "run-1", "audit")
    with pytest.raises(NotPermitted):
        records.add_predictions(stranger, [loop.prediction])
    records.add_predictions(caller, [loop.prediction.model_copy(update={"id": "prediction-2"})])
    own = {"id": "answer-2", "who": "carl", "prediction_id": "prediction-2"}
    records.add_answer(caller, loop.answer.model_copy(update=own))
    assert [answer.id for _, answer in records.answers(caller)] == ["answer-2"]  # of others' a user sees nothing


def test_nobody_answers_in_another_name(records, fill, loop):
    fill(records)
    with pytest.raises(NotPermitted, match="may not answer as 'olga'"):
        records.add_answer(Actor(name="carl", roles=("user",)), loop.answer)


def test_an_unknown_id_is_answered_with_a_close_one(records, fill, owner):
    fill(records)
    with pytest.raises(UnknownName, match="There is no run 'run-2'") as refusal:
        records.run(owner, "run-2")
    assert "Did you mean 'run-1'?" in refusal.value.hint
    for ask in (
        lambda: records.corpus(owner, "支"),
        lambda: records.runs(owner, "corpus-x"),
        lambda: records.findings(owner, "run-x"),
        lambda: records.release(owner, "release-x"),
        lambda: records.predictions(owner, "release-x"),
        lambda: records.answers(owner, "release-x"),
        lambda: records.prediction(owner, "prediction-x"),
        lambda: records.test_uses(owner, "corpus-x"),
        lambda: records.count_test_use(owner, "corpus-1", "run-x", "audit"),
    ):
        with pytest.raises(UnknownName):
            ask()
    with pytest.raises(UnknownName) as refusal:
        records.corpus(owner, "支持x")
    assert "支持" in refusal.value.hint


def test_the_error_for_an_unknown_id_stays_short_among_many(records, fill, owner, loop):
    fill(records)
    records.add_predictions(owner, [loop.prediction.model_copy(update={"id": f"prediction-{k:05}"}) for k in range(600)])
    with pytest.raises(UnknownName) as refusal:
        records.prediction(owner, "prediction-00042x")
    assert "Did you mean 'prediction-00042'" in refusal.value.hint
    assert len(refusal.value.hint) < 400


def test_a_value_that_names_something_missing_is_refused(records, owner, loop):
    with pytest.raises(UnknownName, match="no corpus 'corpus-1'"):
        records.add_run(owner, loop.run)
    with pytest.raises(UnknownName, match="no prediction 'prediction-1'"):
        records.add_answer(owner, loop.answer)
    assert records.ledger(owner) == []


def test_the_same_twice_is_stored_once(records, fill, owner, loop):
    fill(records)
    rows = len(records.ledger(owner))
    fill(records)
    records.add_run(owner, loop.run.model_copy(update={"seconds": 9.0, "made_at": loop.run.made_at + timedelta(hours=1)}))
    assert records.runs(owner) == [loop.run]
    assert len(records.findings(owner)) == len(records.comparisons(owner)) == len(records.answers(owner)) == 1
    assert len(records.ledger(owner)) == rows


def test_the_same_value_twice_in_one_call_is_stored_once(records, fill, owner, loop):
    fill(records)
    new = loop.finding.model_copy(update={"id": "finding-2"})
    records.add_findings(owner, [new, new])
    assert [finding.id for finding in records.findings(owner)] == ["finding-1", "finding-2"]


def test_another_content_under_the_same_id_is_refused(records, fill, owner, loop):
    fill(records)
    with pytest.raises(BadInput, match="Another run 'run-1'"):
        records.add_run(owner, loop.run.model_copy(update={"truncated": 7}))
    twins = [loop.finding.model_copy(update={"id": "finding-2", "value": value}) for value in (0.1, 0.2)]
    with pytest.raises(BadInput, match="Another finding 'finding-2'"):
        records.add_findings(owner, twins)
    assert [finding.id for finding in records.findings(owner)] == ["finding-1"]


def test_lists_are_newest_first_and_a_name_means_the_newest(records, owner, loop):
    for k in range(3):
        records.add_corpus(owner, loop.corpus.model_copy(update={"id": f"corpus-{k}", "splits": {"train": k}}))
    assert [corpus.id for corpus in records.corpora(owner)] == ["corpus-2", "corpus-1", "corpus-0"]
    assert records.corpus(owner, "支持").id == "corpus-2"


def test_findings_are_stored_all_or_not_at_all(records, fill, owner, loop):
    fill(records)
    lost = loop.finding.model_copy(update={"id": "finding-3", "run_id": "run-x"})
    with pytest.raises(UnknownName):
        records.add_findings(owner, [loop.finding.model_copy(update={"id": "finding-2"}), lost])
    assert [finding.id for finding in records.findings(owner)] == ["finding-1"]


def test_nan_is_refused(records, fill, owner, loop):
    fill(records)
    with pytest.raises(BadInput, match="NaN"):
        records.add_findings(owner, [loop.finding.model_copy(update={"id": "finding-2", "value": float("nan")})])
    assert len(records.findings(owner)) == 1


def test_the_newest_reason_for_a_skipped_check_counts(records, fill, owner, loop):
    fill(records)
    records.add_findings(owner, [loop.skipped.model_copy(update={"why": "too few rows"})])
    assert [skip.why for skip in records.skipped(owner)] == ["too few rows"]


def test_signatures_are_added_one_after_the_other(records, fill, owner, loop, sign):
    fill(records)
    rita = Actor(name="rita", roles=("reviewer",))
    signed = loop.release.model_copy(update={"signatures": (sign("rita"),), "state": "approved"})
    records.save_release(rita, signed)
    assert records.release(owner, "release-1") == signed
    assert records.ledger(owner)[0].detail["signatures"][0]["who"] == "rita"

    late = loop.release.model_copy(update={"signatures": (sign("olga"),), "state": "rejected"})
    with pytest.raises(Busy, match="Somebody else signed"):
        records.save_release(owner, late)
    records.save_release(owner, signed.model_copy(update={"signatures": (*signed.signatures, sign("olga"))}))
    assert [signature.who for signature in records.release(owner, "release-1").signatures] == ["rita", "olga"]
    records.add_release(owner, loop.release)  # released again: what people signed stays
    assert len(records.release(owner, "release-1").signatures) == 2


def test_nobody_signs_for_another_or_changes_what_was_sealed(records, fill, owner, loop, sign):
    fill(records)
    with pytest.raises(NotPermitted, match="may not sign as 'rita'"):
        records.save_release(owner, loop.release.model_copy(update={"signatures": (sign("rita"),)}))
    with pytest.raises(BadInput, match="More than signatures and state"):
        records.save_release(owner, loop.release.model_copy(update={"seal": "d" * 64}))
    with pytest.raises(UnknownName):
        records.save_release(owner, loop.release.model_copy(update={"id": "release-x"}))
    assert records.release(owner, "release-1") == loop.release


def test_uses_of_test_rows_are_counted(records, fill, owner):
    fill(records)
    assert records.test_uses(owner, "corpus-1") == 0
    assert [records.count_test_use(owner, "corpus-1", "run-1", verb) for verb in ("audit", "compare")] == [1, 2]
    assert records.test_uses(owner, "corpus-1") == 2


def test_predictions_are_limited_to_the_newest(records, fill, owner, loop):
    fill(records)
    many = [loop.prediction.model_copy(update={"id": f"p{k:04}"}) for k in range(1200)]
    records.add_predictions(owner, many)
    records.add_predictions(owner, many)
    assert [prediction.id for prediction in records.predictions(owner, "release-1", limit=2)] == ["p1199", "p1198"]
    assert len(records.predictions(owner, "release-1", limit=5000)) == 1201


def test_the_ledger_tells_who_did_what_to_which_content(records, fill, owner, loop):
    fill(records)
    acts = [(entry.who, entry.verb, entry.subject) for entry in records.ledger(owner)]
    assert acts[::-1][:3] == [("olga", "add corpus", "corpus-1"), ("olga", "add run", "run-1"), ("olga", "add findings", "run-1")]
    assert records.ledger(owner, limit=1)[0].number == 7
    by_verb = {entry.verb: entry.detail for entry in records.ledger(owner)}
    assert by_verb["add run"]["sha256"] == ledger.digest([records.run(owner, "run-1")])
    assert ledger.check(records.database.engine) == 7


def test_writers_in_many_threads_keep_one_chain(records, fill, owner, loop):
    fill(records)

    def work(name: str) -> None:
        for k in range(5):
            records.add_predictions(owner, [loop.prediction.model_copy(update={"id": f"{name}-{k}"})])

    threads = [threading.Thread(target=work, args=(f"t{k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.check(records.database.engine) == 7 + 20
    assert len(records.predictions(owner, "release-1", limit=100)) == 21


def test_text_that_a_database_cannot_hold_is_refused_whole(records, fill, owner, loop):
    fill(records)
    odd = loop.prediction.model_copy(update={"id": "p-nul", "text": "before\0after"})
    if records.database.engine.dialect.name == "sqlite":  # which can hold it
        records.add_predictions(owner, [odd])
        assert records.prediction(owner, "p-nul") == odd
        return
    with pytest.raises(BadInput) as refusal:
        records.add_predictions(owner, [odd])
    assert "NUL" in refusal.value.hint
    assert len(records.predictions(owner, "release-1")) == 1


def test_every_column_is_called_as_the_field_it_holds():
    for kind, table in tables.TABLES.items():
        # who asked is no field: it decides who may read the row
        assert set(table.__table__.columns.keys()) - {"id", "number", "asked_by"} == set(kind.model_fields) - {"id"}


def test_opening_again_finds_everything(url, fill, owner, loop):
    first = Records(url)
    fill(first)
    first.close()
    second = Records(url)
    assert second.runs(owner) == [loop.run]
    second.close()
