"""Looking for drift at what a release was asked: planted shifts are found, told and acted on; the rest stays quiet."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.core.errors import BadInput, BadOption, NotEnoughData, NotPermitted
from beside.core.policy import Policy
from beside.core.types import Actor, Example, Prediction
from beside.drifting import MONITOR
from beside.loop import Loop
from beside.store.settings import read_settings
from beside.store.workspace import Workspace

TEXTS = {
    "cancel": "please cancel my order number {} today",
    "deliver": "where is my parcel number {} now",
    "refund": "refund the money of order {} please",
}
OTHER = "the quick fox {} jumps over seven lazy dogs and runs into the deep dark forest at night"


def rows_of(rng, n):
    labels = rng.choice(list(TEXTS), n)
    return [(TEXTS[label].format(rng.integers(1000)), str(label)) for label in labels]


@pytest.fixture
def asked(make_approved, tmp_path, monkeypatch):
    """`asked(texts, toml=..., on_drift=...)`: a loop over a release that was asked these texts, with 120 tune rows to compare."""

    def made(texts, toml="", on_drift="tell"):
        given = make_approved(tmp_path, policy=Policy(name="toy", on_drift=on_drift))
        (tmp_path / "beside.toml").write_text(toml, encoding="utf-8")
        loop = Loop(Workspace.open(tmp_path), given.owner)
        tune = [
            Example(id=f"t{at}", text=text, target=label) for at, (text, label) in enumerate(rows_of(np.random.default_rng(0), 120))
        ]
        monkeypatch.setattr(Loop, "tune_rows", lambda self, corpus: tune)
        served = loop.serve(given.release.id)
        for start in range(0, len(texts), 64):
            loop.predict(served, texts[start : start + 64])
        loop.name = given.release.id
        later = loop.clock() + timedelta(days=10)
        loop.clock = lambda: later
        return loop

    return made


def usual(seed=1, n=120):
    return [text for text, _ in rows_of(np.random.default_rng(seed), n)]


def foreign(n=60):
    return [OTHER.format(at) for at in range(n)]


def test_texts_like_the_tune_rows_raise_no_alarm_and_accuracy_is_estimated(asked):
    look = asked(usual()).drift_of()
    assert look.alarms == () and {one.aspect for one in look.shifts} == {
        "predictions", "confidence", "embeddings", "vocabulary", "language", "length",
    }  # fmt: skip
    assert (look.n, look.tune, look.skipped) == (120, 120, {})
    sure, atc = look.accuracy
    assert sure.low <= sure.value <= sure.high and atc.low <= atc.value <= atc.high
    assert abs(atc.value - look.tune_accuracy) < 0.1 > sure.value - 0.65  # the toy is right far oftener than it is sure


def test_other_texts_are_noticed_by_what_they_differ_in(asked):
    look = asked(usual(n=60) + foreign()).drift_of()
    assert {"embeddings", "vocabulary", "length"} <= set(look.alarms)


def test_another_mix_of_the_same_texts_moves_predictions_and_not_the_language(asked):
    rng = np.random.default_rng(3)
    look = asked([TEXTS["cancel"].format(rng.integers(1000)) for _ in range(100)]).drift_of()
    assert "predictions" in look.alarms and "language" not in look.alarms


def test_a_look_right_after_another_spends_nothing_and_is_refused(asked):
    loop = asked(usual())
    first = loop.drift_of()
    with pytest.raises(BadInput, match="short ago"):
        loop.drift_of()
    assert loop.looks(loop.name) == (first,)
    at = loop.clock() + timedelta(days=1)
    loop.clock = lambda: at
    assert loop.drift_of().shifts[0].alpha == pytest.approx(1 / 30 / 6)


def test_the_first_day_is_given_in_advance_and_paid_back(asked):
    loop = asked(usual())
    made = loop.records.release(loop.actor, loop.name).made_at
    at = made + timedelta(hours=1)
    loop.clock = lambda: at
    assert loop.drift_of().days == 1.0
    for hours, days in ((12, None), (49, 25 / 24), (61, 0.5)):
        at = made + timedelta(hours=hours)
        if days is None:
            with pytest.raises(BadInput, match="short ago"):
                loop.drift_of()
        else:
            assert loop.drift_of().days == pytest.approx(days)


def test_too_few_answers_prove_nothing(asked):
    with pytest.raises(NotEnoughData, match="29 stored answers"):
        asked(usual(n=29)).drift_of()


def test_an_approval_is_suspended_where_the_policy_says_so_and_only_once(asked):
    loop = asked(usual(n=40) + foreign(), on_drift="suspend")
    assert loop.drift_of().suspended
    [halt] = loop.standing(loop.name).suspensions
    assert halt.cause == f"monitor {MONITOR}" and "embeddings" in halt.reason and "fox" not in halt.reason
    assert loop.records.release(loop.actor, loop.name).state == "suspended"
    at = loop.clock() + timedelta(days=3)
    loop.clock = lambda: at
    again = loop.drift_of()
    assert again.alarms and not again.suspended and len(loop.standing(loop.name).suspensions) == 1


def test_an_alarm_alone_leaves_the_approval_where_the_policy_does_not_say_so(asked):
    loop = asked(usual(n=40) + foreign())
    assert loop.drift_of().alarms and loop.records.release(loop.actor, loop.name).state == "approved"


def test_personal_data_is_taken_out_of_the_tune_rows_where_it_is_out_of_what_is_asked(make_approved, tmp_path):
    given = make_approved(tmp_path)
    (tmp_path / "beside.toml").write_text('[serving]\npersonal_data = "protect"\n')
    loop = Loop(Workspace.open(tmp_path), given.owner)
    corpus = loop.corpus_of(given.release.id)
    loop.rows_at = lambda corpus: None
    import beside.drifting as module

    rows = [Example(id="a", text="write to anna@example.com", target="cancel")]
    read, module.read_rows = module.read_rows, lambda path, split: rows
    try:
        assert [row.text for row in loop.tune_rows(corpus)] == ["write to <EMAIL>"]
    finally:
        module.read_rows = read


def test_only_the_staff_sees_it(asked, make_approved):
    loop = asked(usual())
    anna = Loop(loop.workspace, Actor(name="anna", roles=("user",)))
    for act in (lambda: anna.drift(loop.name), lambda: anna.looks(loop.name)):
        with pytest.raises(NotPermitted):
            act()


def test_what_was_erased_since_is_not_compared(asked):
    loop = asked(usual(n=40))
    with loop.records.database.write() as session:
        from beside.store import tables

        for row in session.query(tables.Predictions).limit(5):
            session.delete(row)
    assert loop.drift_of().n == 35


@contextmanager
def webhook(status=200):
    """A local server that keeps what is posted to it."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers.get("Authorization"), json.loads(body)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook?team=1", got
    server.shutdown()
    server.server_close()


@contextmanager
def mail_server():
    """A local SMTP server, as much of one as takes a message; the lines that it was told."""
    got: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener.accept()[0] as peer, peer.makefile("rwb") as lines:

            def say(line):
                lines.write(line.encode() + b"\r\n")
                lines.flush()

            say("220 here")
            within = False
            for raw in lines:
                line = raw.decode().rstrip("\r\n")
                got.append(line)
                if within:
                    within = line != "."
                    if not within:
                        say("250 taken")
                elif line.upper() == "DATA":
                    within = True
                    say("354 go on")
                else:
                    say("221 bye" if line.upper() == "QUIT" else "250 ok")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], got
    thread.join(5)
    listener.close()


def test_an_alarm_goes_to_the_webhook_and_by_mail_and_holds_no_word_of_a_text(asked, monkeypatch):
    monkeypatch.setenv("BESIDE_WEBHOOK_TOKEN", "secret-token")
    with webhook() as (address, posted), mail_server() as (port, mailed):
        toml = (
            f'[alerts]\nwebhook = "{address}"\n[alerts.email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            'sender = "beside@example.com"\nto = ["anna@example.com", "bert@example.com"]\n'
        )
        look = asked(usual(n=40) + foreign(), toml).drift_of()
    assert [(one.way, one.sent) for one in look.told] == [("webhook", True), ("email", True)]
    [(path, token, body)] = posted
    assert (path, token) == ("/hook?team=1", "Bearer secret-token") and body["look"]["alarms"] == list(look.alarms)
    assert "rcpt TO:<bert@example.com>" in "\n".join(mailed) and any("drifted" in line for line in mailed)
    assert not any(word in json.dumps(body) + "".join(mailed) for word in ("fox", "parcel"))


def test_without_alarm_or_without_settings_nothing_is_sent(asked):
    with webhook() as (address, posted):
        assert asked(usual(), f'[alerts]\nwebhook = "{address}"\n').drift_of().told == ()
        assert posted == []


def test_the_same_alarm_is_told_once_and_one_that_did_not_leave_again(asked):
    with webhook(status=500) as (address, posted):
        loop = asked(usual(n=40) + foreign(), f'[alerts]\nwebhook = "{address}"\n')
        assert [(one.sent, one.why) for one in loop.drift_of().told] == [(False, "it answered 500")]
        for day, count in ((1, 2), (2, 3)):
            at = loop.clock() + timedelta(days=day)
            loop.clock = lambda at=at: at
            loop.drift_of()
            assert len(posted) == count
    with webhook() as (address, posted):
        port = address.split(":")[2].split("/")[0]
        loop.workspace.settings = loop.workspace.settings.model_copy(
            update={"alerts": loop.workspace.settings.alerts.model_copy(update={"webhook": f"http://127.0.0.1:{port}/"})}
        )
        for day, count in ((3, 1), (4, 1)):
            at = loop.clock() + timedelta(days=day)
            loop.clock = lambda at=at: at
            loop.drift_of()
            assert len(posted) == count


@pytest.mark.parametrize("address", ["ftp://example.com/", "https://user:word@example.com/", "example.com"])
def test_an_address_that_cannot_be_posted_to_is_refused(tmp_path, address):
    (tmp_path / "beside.toml").write_text(f'[alerts]\nwebhook = "{address}"\n')
    with pytest.raises(BadOption, match="HOST/PATH"):
        read_settings(tmp_path)


def test_programs_and_prometheus_read_what_was_found(asked):
    loop = asked(usual(n=40) + foreign())
    look = loop.drift_of()
    key = loop.workspace.people.add(loop.actor, "rita", ["reviewer"])
    here = {"base_url": "http://127.0.0.1:8321", "client": ("127.0.0.1", 50_000), "headers": {"Authorization": f"Bearer {key}"}}
    client = TestClient(create_app(loop.workspace), **here)
    [told] = client.get(f"/v1/releases/{loop.name}/drift").json()
    assert told["alarms"] == list(look.alarms) and told["shifts"][0]["alpha"] == look.shifts[0].alpha
    page = client.get("/metrics").text
    assert f'beside_drift_alarm{{aspect="embeddings",release="{loop.name}"}} 1.0' in page
    assert f'beside_estimated_accuracy{{method="ATC",release="{loop.name}"}}' in page


def test_a_prediction_from_before_there_were_flags_is_read_as_one_without():
    at = "2026-01-01T00:00:00Z"
    old = Prediction(id="p", release_id="r", text="t", label="a", probability=0.5, probabilities={"a": 1.0}, made_at=at)
    assert (old.abstained, old.flags) == (False, ())


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """`loop.drift_of()`: a look at the release of `asked`."""
    monkeypatch.setattr(Loop, "drift_of", lambda self: self.drift(self.name), raising=False)


def test_a_port_that_nobody_listens_on_is_told_and_stops_nothing(asked):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    look = asked(usual(n=40) + foreign(), f'[alerts]\nwebhook = "http://127.0.0.1:{port}/"\n').drift_of()
    assert look.alarms and [one.sent for one in look.told] == [False]
