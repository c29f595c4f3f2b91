"""Nothing is served that is unapproved, expired or different from what was signed; single and batch answer alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.types import Release
from beside.stages.review import sign
from beside.stages.serve import Served, newest_approved, open_release
from beside.store.proof import proof_of

NOW = datetime.now(UTC)


class Fixed:
    """A subject that answers by the length of a text."""

    labels = ("long", "short")
    max_length = 8
    temperature = 1.0

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        share = np.array([min(len(text), 20) / 20 for text in texts], dtype=np.float32)
        return np.stack([share, 1 - share], axis=1)

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        return np.log(self.probabilities(texts) + 1e-9)

    def predict(self, texts: Sequence[str]) -> list[str]:
        return [self.labels[best] for best in self.probabilities(texts).argmax(axis=1)]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]


def opened(given: Any, now: datetime = NOW, **changes: Any) -> Served:
    """The approved release, opened with a subject that needs no model."""
    release = given.release.model_copy(update=changes)
    findings = given.workspace.records.findings(given.owner)
    return open_release(release, findings, load=lambda folder: Fixed(), keys=given.workspace.keys.known, now=now)


def flip(file: Path, keep_time: bool = False) -> None:
    """Changes one byte of a file, as bad memory or a bad person would."""
    told = file.stat()
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    with file.open("r+b") as stream:
        stream.write(content)
    if keep_time:
        os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))


def test_an_approved_release_answers_with_all_labels(approved: Any) -> None:
    [short, long] = opened(approved).predict(["hi", "a text of many words, much longer than the other"], NOW)
    assert (short.label, long.label) == ("short", "long")
    assert short.probabilities == {"long": 0.1, "short": 0.9}
    assert short.probability == 0.9
    assert (short.truncated, long.truncated) == (False, True)
    assert short.release_id == approved.release.id
    assert short.id != long.id


def test_the_same_text_twice_gives_two_predictions_that_can_be_told_apart(approved: Any) -> None:
    first, second = opened(approved).predict(["hi", "hi"], NOW)
    assert first.id != second.id


def test_the_real_model_answers_a_text_alone_as_in_a_batch(approved: Any) -> None:
    from beside.engine.runtime import load_subject

    findings = approved.workspace.records.findings(approved.owner)
    served = open_release(approved.release, findings, load=load_subject, keys=approved.workspace.keys.known, now=NOW)
    texts = ["where is my parcel", "cancel", "i want my money back now please and a parcel too", "嗯"]
    batch = served.predict(texts, NOW)
    for text, together in zip(texts, batch, strict=True):
        [alone] = served.predict([text], NOW)
        assert alone.label == together.label
        assert alone.probabilities == pytest.approx(together.probabilities, abs=2e-6)
    assert [one.label for one in batch[:3]] == ["deliver", "cancel", "refund"]


def test_no_text_gives_no_answer(approved: Any) -> None:
    assert opened(approved).predict([], NOW) == []


@pytest.mark.parametrize("text", ["", "  \n\t", "\u3000", "a\0b"])
def test_a_text_with_nothing_to_read_is_refused(approved: Any, text: str) -> None:
    with pytest.raises(BadInput, match="Text 2 of 2"):
        opened(approved).predict(["fine", text], NOW)


def test_words_are_weighed(approved: Any) -> None:
    explanation = opened(approved).explain("a longer text here", NOW)
    assert [weight.word for weight in explanation.words] == ["a", "longer", "text", "here"]


def test_a_draft_is_not_served(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(GateClosed, match=r"state is 'draft'.*0 of 1 needed approvals"):
        opened(make_approved(tmp_path, approve=False))


def test_a_state_that_nobody_signed_opens_nothing(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(GateClosed, match="0 of 1 needed approvals"):
        opened(make_approved(tmp_path, approve=False), state="approved")


def test_a_rejected_release_is_not_served(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    findings, prove = given.workspace.records.findings(given.owner), partial(proof_of, keys=given.workspace.keys)
    rejected = sign(given.release, findings, given.owner, "reject", "It is unfair to some.", now=NOW, prove=prove)
    with pytest.raises(GateClosed, match="unfair to some"):
        open_release(rejected, findings, load=lambda folder: Fixed(), keys=given.workspace.keys.known, now=NOW)


def test_who_rejects_first_and_approves_later_approves(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path, approve=False)
    findings, prove = given.workspace.records.findings(given.owner), partial(proof_of, keys=given.workspace.keys)
    rejected = sign(given.release, findings, given.owner, "reject", "Not yet.", now=NOW - timedelta(hours=2), prove=prove)
    turned = sign(rejected, findings, given.owner, "approve", "Now it is.", now=NOW - timedelta(hours=1), prove=prove)
    served = open_release(turned, findings, load=lambda folder: Fixed(), keys=given.workspace.keys.known, now=NOW)
    assert served.labels == Fixed.labels


def test_an_approval_expires_while_serving(approved: Any) -> None:
    served = opened(approved)
    with pytest.raises(GateClosed, match="expired"):
        served.predict(["hi"], NOW + timedelta(days=366))
    with pytest.raises(GateClosed, match="expired"):
        opened(approved, NOW + timedelta(days=366))


@pytest.mark.parametrize("keep_time", [False, True])
def test_one_altered_byte_stops_answers_at_once_and_after_a_restart(
    make_approved: Callable[..., Any], tmp_path: Path, keep_time: bool
) -> None:
    given = make_approved(tmp_path)
    served = opened(given)
    assert served.predict(["hi"], NOW)
    flip(given.weights, keep_time)
    for _ in range(2):
        with pytest.raises(Altered, match=r"model/model\.safetensors"):
            served.predict(["hi"], NOW)
    with pytest.raises(Altered, match=r"model/model\.safetensors"):
        opened(given)


@pytest.mark.parametrize("name", ["card.html", "model/tokenizer.json", "model/beside.json", "findings.json", "manifest.json"])
def test_any_altered_file_is_named(make_approved: Callable[..., Any], tmp_path: Path, name: str) -> None:
    given = make_approved(tmp_path)
    flip(Path(given.release.bundle) / name)
    with pytest.raises(Altered, match=name):
        opened(given)


def test_an_added_file_is_named(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    served = opened(given)
    (Path(given.release.bundle) / "model" / "extra.py").write_text("import os")
    with pytest.raises(Altered, match=r"model/extra\.py"):
        served.predict(["hi"], NOW)


def test_a_lost_signature_file_is_named(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    (Path(given.release.bundle) / "signatures.json").unlink()
    with pytest.raises(Altered, match=r"signatures\.json"):
        opened(given)


def test_a_lost_bundle_is_named(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    with pytest.raises(Altered, match="is gone"):
        opened(given, bundle=str(tmp_path / "nowhere"))


def test_a_file_that_is_only_touched_is_hashed_again_and_served(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)
    served = opened(given)
    os.utime(given.weights)
    assert served.predict(["hi"], NOW)


def test_findings_in_the_records_must_be_those_that_were_signed(approved: Any) -> None:
    [finding] = approved.workspace.records.findings(approved.owner)
    better, keys = finding.model_copy(update={"value": 0.99}), approved.workspace.keys.known
    with pytest.raises(Altered, match=r"findings\.json"):
        open_release(approved.release, [better], load=lambda folder: Fixed(), keys=keys, now=NOW)
    with pytest.raises(Altered, match=r"findings\.json"):
        open_release(approved.release, [], load=lambda folder: Fixed(), keys=keys, now=NOW)


def test_a_policy_that_was_softened_in_the_records_is_refused(approved: Any) -> None:
    with pytest.raises(Altered, match="another release or policy"):
        opened(approved, policy=approved.release.policy.model_copy(update={"limits": ()}))


def test_weights_that_change_while_they_are_loaded_are_not_used(make_approved: Callable[..., Any], tmp_path: Path) -> None:
    given = make_approved(tmp_path)

    def swap(folder: Path) -> Fixed:
        flip(folder / "model.safetensors")
        return Fixed()

    with pytest.raises(Altered, match="changed while it was opened"):
        findings, keys = given.workspace.records.findings(given.owner), given.workspace.keys.known
        open_release(given.release, findings, load=swap, keys=keys, now=NOW)


def test_the_newest_approved_release_answers_when_none_is_named(approved: Any) -> None:
    def at(day: int, state: str) -> Release:
        return approved.release.model_copy(update={"id": f"release-{day}", "state": state, "made_at": NOW + timedelta(days=day)})

    assert newest_approved([at(1, "approved"), at(2, "approved"), at(3, "draft")]).id == "release-2"
    with pytest.raises(GateClosed, match="No release is approved"):
        newest_approved([at(1, "draft"), at(2, "rejected")])
