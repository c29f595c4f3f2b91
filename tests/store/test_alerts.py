"""Alarms reach a webhook and a mail server on this machine, and what does not arrive is told and stops nothing."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from beside.core.drift import Told
from beside.core.errors import BadOption
from beside.store.alerts import Alerts, Email, send
from beside.store.settings import read_settings


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


def test_an_alarm_is_posted_and_mailed(monkeypatch):
    monkeypatch.setenv("BESIDE_WEBHOOK_TOKEN", "secret-token")
    with webhook() as (address, posted), mail_server() as (port, mailed):
        to = ("anna@example.com", "bert@example.com")
        email = Email(host="127.0.0.1", port=port, security="none", sender="beside@example.com", to=to)
        told = list(send(Alerts(webhook=address, email=email), "It drifted 漂移", "Embeddings differ.", {"release": "r"}))
    assert told == [Told(way="webhook", sent=True), Told(way="email", sent=True)]
    assert posted == [("/hook?team=1", "Bearer secret-token", {"text": "It drifted 漂移\nEmbeddings differ.", "release": "r"})]
    assert "rcpt TO:<bert@example.com>" in mailed and "Embeddings differ." in mailed


def test_a_mail_has_a_date_and_an_id_lest_it_is_taken_for_junk():
    with mail_server() as (port, mailed):
        email = Email(host="127.0.0.1", port=port, security="none", sender="护士站 <beside@example.com>", to=("b@example.com",))
        assert [one.sent for one in send(Alerts(email=email), "漂移", "文字", {})] == [True]
    heads = dict(line.split(": ", 1) for line in mailed[: mailed.index("")] if ": " in line)
    assert parsedate_to_datetime(heads["Date"]) and heads["Message-ID"].endswith("@example.com>")
    assert heads["Auto-Submitted"] == "auto-generated"


def test_nothing_is_sent_where_nobody_is_named():
    assert list(send(None, "a", "b", {})) == [] == list(send(Alerts(), "a", "b", {}))


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_answer_that_is_no_success_is_told(status):
    with webhook(status) as (address, posted):
        assert list(send(Alerts(webhook=address), "a", "b", {})) == [Told(way="webhook", sent=False, why=f"it answered {status}")]
    assert len(posted) == 1


def test_a_port_that_nobody_listens_on_is_told():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    email = Email(host="127.0.0.1", port=port, security="tls", sender="a@example.com", to=("b@example.com",))
    told = list(send(Alerts(webhook=f"http://127.0.0.1:{port}/", email=email), "a", "b", {}))
    assert [one.sent for one in told] == [False, False] and all(one.why for one in told)


def test_a_mail_server_without_starttls_gets_no_mail_where_it_is_asked_for():
    with mail_server() as (port, mailed):
        email = Email(host="127.0.0.1", port=port, sender="a@example.com", to=("b@example.com",))
        [told] = send(Alerts(email=email), "a", "secret words", {})
    assert not told.sent and "secret words" not in mailed


@pytest.mark.parametrize("address", ["ftp://example.com/", "https://user:word@example.com/", "example.com"])
def test_an_address_that_cannot_be_posted_to_is_refused(tmp_path, address):
    (tmp_path / "beside.toml").write_text(f'[alerts]\nwebhook = "{address}"\n')
    with pytest.raises(BadOption, match="HOST/PATH"):
        read_settings(tmp_path)
