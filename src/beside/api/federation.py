"""The coordinator's end of a federation over HTTPS: sites call, are asked in what they get back, and answer.

No site has to be reachable from outside: it asks for its next question and waits. Who a site is, its certificate says. A site that
was not heard for a while is lost until it joins again, and one that joins again is asked nothing of what it was asked before.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any

from beside.core.errors import BadOption

BEAT = 2.0  # seconds between a site's signs of life
LOST = 20.0  # seconds without one after which a site is lost
POLL = 10.0  # seconds that a site's call for its next question is kept waiting
FAREWELL = 5.0  # seconds that sites have to hear that all is over
SLOW = 120.0  # seconds that a connection may stand still
NAME, SESSION, NUMBER = "X-Beside-Site", "X-Beside-Session", "X-Beside-Question"


@dataclass
class Seat:
    """A site that joined."""

    session: str
    heard: float
    number: int = 0  # of the question it has; 0 = none
    question: bytes = b""
    answer: bytes | None = None


@dataclass
class Meeting:
    """Who is here and who was asked what (`core/federation.py`, Sites). Threads of the server and the coordinator meet in it.

    Args:
        lost_after: seconds without a sign of life after which a site is lost.
    """

    lost_after: float = LOST
    plan: bytes = b""
    limit: int = 1 << 20
    number: int = 0
    over: bool = False
    seats: dict[str, Seat] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    # what the coordinator does

    def open(self, plan: bytes, limit: int) -> None:
        """Lets sites join from now on."""
        with self.changed:
            self.plan, self.limit = plan, limit
            self.changed.notify_all()

    def gathered(self, fewest: int) -> list[str]:
        """The names of those that are here, once they are so many."""
        with self.changed:
            while len(self.here()) < fewest:
                self.changed.wait(0.5)
            return self.here()

    def here(self) -> list[str]:
        """Sites heard of late, sorted; the lock is held."""
        now = time.monotonic()
        return sorted(name for name, seat in self.seats.items() if now - seat.heard < self.lost_after)

    def ask(self, messages: Mapping[str, bytes]) -> dict[str, bytes]:
        """What those sites answer that are not lost before they do."""
        with self.changed:
            self.number += 1
            asked = {name: self.seats[name] for name in messages if name in self.here()}
            for name, seat in asked.items():
                seat.number, seat.question, seat.answer = self.number, messages[name], None
            self.changed.notify_all()
            while any(seat.answer is None and name in self.here() and self.seats[name] is seat for name, seat in asked.items()):
                self.changed.wait(0.5)
            found = {name: seat.answer for name, seat in asked.items() if seat.answer is not None}
            for seat in asked.values():  # an answer that comes later is not taken
                seat.number, seat.question, seat.answer = 0, b"", None
        return found

    # what sites do

    def join(self, name: str) -> tuple[str, bytes]:
        """A new seat, in place of any older one of this name: its session, and the plan."""
        with self.changed:
            while not self.plan:
                self.changed.wait()
            self.seats[name] = Seat(session=token_urlsafe(), heard=time.monotonic())
            self.changed.notify_all()
            return self.seats[name].session, self.plan

    def beat(self, name: str, session: str) -> bool:
        """A sign of life; whether the site is known."""
        with self.changed:
            seat = self.seats.get(name)
            if seat is None or seat.session != session:
                return False
            seat.heard = time.monotonic()
            return True

    def question(self, name: str, session: str) -> tuple[int, bytes] | None:
        """The next question; None when there is none yet, and 0 with nothing when all is over. KeyError: who is that?"""
        end = time.monotonic() + POLL
        with self.changed:
            while True:
                if not self.beat(name, session):
                    raise KeyError(name)
                seat = self.seats[name]
                if self.over:
                    del self.seats[name]
                    self.changed.notify_all()
                    return 0, b""
                if seat.number and seat.answer is None:
                    return seat.number, seat.question
                if (left := end - time.monotonic()) <= 0:
                    return None
                self.changed.wait(min(left, BEAT))

    def take(self, name: str, session: str, number: int, answer: bytes) -> bool:
        """Whether the answer is one to a question that still stands. KeyError: who is that?"""
        with self.changed:
            if not self.beat(name, session):
                raise KeyError(name)
            seat = self.seats[name]
            stands = bool(number) and seat.number == number and seat.answer is None
            if stands:
                seat.answer = answer
                self.changed.notify_all()
            return stands

    def end(self) -> None:
        """Tells whoever calls that all is over, and waits a little until those who are here have heard it."""
        with self.changed:
            self.over = True
            self.changed.notify_all()
            end = time.monotonic() + FAREWELL
            while self.here() and time.monotonic() < end:
                self.changed.wait(0.2)


class Server(ThreadingHTTPServer):
    """A meeting on an address.

    Args:
        context: of TLS, with sites' certificates demanded; None = without, for sites on this very machine.
    """

    daemon_threads, request_queue_size = True, 64

    def __init__(self, host: str, port: int, meeting: Meeting, context: ssl.SSLContext | None) -> None:
        self.meeting, self.secure = meeting, context is not None
        super().__init__((host, port), Call)
        if context:  # the handshake is the thread's of the call: a slow caller must not keep others out
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken or refused connection is the caller's affair."""


class Call(BaseHTTPRequestHandler):
    """One call of a site."""

    protocol_version, timeout = "HTTP/1.1", SLOW
    server: Server

    def setup(self) -> None:
        """TLS first, within the time."""
        super().setup()
        if self.server.secure:
            self.request.do_handshake()

    @property
    def site(self) -> str:
        """Who calls: the name in the certificate, or without TLS the one that is said."""
        if not self.server.secure:
            return self.headers.get(NAME, "")
        subject = dict(pair for part in self.request.getpeercert()["subject"] for pair in part)
        return str(subject.get("commonName", ""))

    def do_POST(self) -> None:
        """/join, /beat, /next and /answer."""
        length, meeting = int(self.headers.get("Content-Length", "0") or 0), self.server.meeting
        if not 0 <= length <= meeting.limit:
            self.close_connection = True
            return self.reply(413)
        body, session = self.rfile.read(length), self.headers.get(SESSION, "")
        number = self.headers.get(NUMBER, "0")
        if not self.site or not number.isdigit():
            return self.reply(400)
        try:
            if self.path == "/federation/join":
                given, plan = meeting.join(self.site)
                return self.reply(200, plan, {SESSION: given})
            if self.path == "/federation/beat":
                return self.reply(200 if meeting.beat(self.site, session) else 409)
            if self.path == "/federation/next":
                found = meeting.question(self.site, session)
                if found is None:
                    return self.reply(204)
                return self.reply(200 if found[0] else 410, found[1], {NUMBER: str(found[0])})
            if self.path == "/federation/answer":
                return self.reply(200 if meeting.take(self.site, session, int(number), body) else 208)
        except KeyError:
            return self.reply(409)
        self.reply(404)

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Sends an answer whole."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            if status != 204 or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what matters the coordinator tells."""


def listening(host: str, port: int, meeting: Meeting, context: ssl.SSLContext | None) -> Server:
    """A server that answers in threads of its own; `shutdown` ends it.

    Raises:
        BadOption: the address is taken or not ours; or it is open to others and without TLS.
    """
    if context is None and host not in ("127.0.0.1", "::1", "localhost"):
        raise BadOption(f"Cannot listen at {host} without TLS.", "Give --certificates, or listen at 127.0.0.1.")
    try:
        server = Server(host, port, meeting, context)
    except OSError as error:
        raise BadOption(f"Cannot listen at {host}:{port}: {error.strerror or error}.", "Choose another --port.") from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
