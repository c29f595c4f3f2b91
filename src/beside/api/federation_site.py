"""A site's end of a federation over HTTPS (`core/federation.py`, Coordinator): it calls, nobody calls it."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from contextlib import suppress

from beside.api.federation import BEAT, NAME, NUMBER, POLL, SESSION, SLOW
from beside.core.errors import BadInput, BadOption
from beside.core.federation import Forgotten
from beside.core.interfaces import Progress

PAUSE = 1.0  # seconds between two attempts to reach the coordinator


class Line:
    """The way to a coordinator.

    Args:
        name: of this site; with TLS the coordinator goes by the certificate instead.
        context: of TLS, with this site's certificate; None = without, to this very machine.
        patience: seconds that an unreachable coordinator is waited for.
    """

    def __init__(
        self, host: str, port: int, name: str, context: ssl.SSLContext | None, progress: Progress, patience: float = 600.0
    ) -> None:
        self.host, self.port, self.name, self.context = host, port, name, context
        self.progress, self.patience = progress, patience
        self.session, self.ended = "", threading.Event()
        threading.Thread(target=self.beating, daemon=True).start()

    def join(self) -> bytes:
        """The plan.

        Raises:
            BadInput: the coordinator cannot be reached, or does not let this site in.
        """
        status, headers, body = self.call("join")
        if status != 200:
            raise BadInput(f"The coordinator at {self.host}:{self.port} answers {status}.", "Is that address a coordinator's?")
        self.session = headers[SESSION]
        return body

    def next(self) -> tuple[int, bytes] | None:
        """The next question, or None when all is over. Raises Forgotten, and as `join` does."""
        while True:
            status, headers, body = self.call("next")
            if status == 200:
                return int(headers[NUMBER]), body
            if status == 410:
                self.close()
                return None
            if status != 204:
                raise Forgotten

    def answer(self, number: int, message: bytes) -> None:
        """Sends what was asked for; too late for a question is said. Raises Forgotten, and as `join` does."""
        status, _, _ = self.call("answer", message, number)
        if status == 208:
            self.progress.say("The coordinator went on without this answer: it came too late.")
        elif status != 200:
            raise Forgotten

    def close(self) -> None:
        """No more signs of life."""
        self.ended.set()

    def call(self, what: str, body: bytes = b"", number: int = 0) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and content of an answer; a coordinator that is away is waited for. Raises as `join` does."""
        end, told = time.monotonic() + self.patience, False
        while True:
            try:
                return self.post(what, body, number, POLL + SLOW)
            except ssl.SSLCertVerificationError as error:
                raise BadOption(
                    f"The coordinator at {self.host} is not the one of these certificates: {error.verify_message}.",
                    "Give the address that `beside federate certificates --host` was given.",
                ) from error
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, ssl.SSLError) and "ALERT" in str(error.reason or "").upper():
                    raise BadOption(
                        "The coordinator does not accept this site's certificate.", "Use one that its authority issued."
                    ) from error
                if time.monotonic() > end:
                    raise BadInput(
                        f"The coordinator at {self.host}:{self.port} cannot be reached: {error}.", "Is it running? Try again."
                    ) from error
                if not told:
                    self.progress.say(f"The coordinator at {self.host}:{self.port} is away; waiting for it.")
                    told = True
                time.sleep(PAUSE)

    def post(self, what: str, body: bytes, number: int, timeout: float) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One call, on a connection of its own."""
        if self.context:
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self.context
            )
        else:
            line = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            headers = {NAME: self.name, SESSION: self.session, NUMBER: str(number)}
            line.request("POST", f"/federation/{what}", body, headers)
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            line.close()

    def beating(self) -> None:
        """Signs of life while the site works."""
        while not self.ended.wait(BEAT):
            if self.session:
                with suppress(OSError, http.client.HTTPException):
                    self.post("beat", b"", 0, BEAT * 5)
