"""One class per way to fail: what was given, what is allowed, what to do.

Every error that a person may meet carries a message, a hint, an HTTP status and an exit code, so that the command line, the
API and the console say the same thing. Exit code 1 means a verdict or a gate said no; 2 means wrong use or bad input.
"""

from __future__ import annotations

from math import ceil
from typing import Self


class BesideError(Exception):
    """Base of every error that Beside raises on purpose.

    Args:
        message: what was given and why it cannot be taken.
        hint: what is allowed, or what to do next.
    """

    code = "error"
    status = 500
    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_json(self) -> dict[str, dict[str, str]]:
        """The one JSON error shape of the product."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


class BadInput(BesideError):
    """A file, a row or a request body that cannot be read as what it should be."""

    code, status = "bad_input", 422


class BadOption(BesideError):
    """An option, recipe key or value that does not exist or is out of range."""

    code, status = "bad_option", 422


class UnknownName(BesideError):
    """A corpus, run, release or capability that is not there."""

    code, status = "unknown_name", 404


class Erased(BesideError):
    """It was here and was erased, at somebody's request or because its time was over."""

    code, status = "erased", 410


class UnreadableText(BesideError):
    """The base model cannot read this text: too many unknown tokens."""

    code, status = "unreadable_text", 422


class TextRefused(BesideError):
    """A guard of this workspace refuses the text; no model answered it and nothing was stored."""

    code, status, exit_code = "text_refused", 422, 1
    guard = ""  # which
    chinese = ""  # the message in Chinese


class NotEnoughData(BesideError):
    """Too few rows or labels for what was asked."""

    code, status = "not_enough_data", 422


class Busy(BesideError):
    """Another process is writing in this workspace."""

    code, status = "busy", 409


class Overloaded(BesideError):
    """This caller has more waiting, or asks faster, than its share; others are still answered."""

    code, status = "overloaded", 429
    seconds = 1  # until it is worth trying again

    @classmethod
    def after(cls, seconds: float, message: str, hint: str) -> Self:
        """The error that says how long to wait, in whole seconds."""
        error = cls(message, hint)
        error.seconds = max(1, ceil(seconds))
        return error


class QueueFull(Overloaded):
    """The server has more waiting than it can answer in time, or is about to end."""

    code, status = "queue_full", 503


class NotReady(BesideError):
    """The server is still loading its model, or is about to end: send requests elsewhere meanwhile."""

    code, status = "not_ready", 503


class DeadlinePassed(BesideError):
    """Nothing was ready by the time until which the caller, or the server, is willing to wait."""

    code, status = "deadline_passed", 504

    @classmethod
    def while_waiting(cls, seconds: float) -> DeadlinePassed:
        """The error of a request whose time was over before it was answered."""
        hint = "Allow more time, send fewer texts at once, or come back when less is going on."
        return cls(f"No answer within {seconds:.1f} seconds.", hint)


class ClientGone(BesideError):
    """Whoever asked has hung up, so nothing was answered."""

    code, status = "client_gone", 499


class StorageFailed(BesideError):
    """The disk is full or does not take the write; what was there before is untouched."""

    code, status = "storage_failed", 507


class WorkerLost(BesideError):
    """A process that shared the work of a training ended before it."""

    code = "worker_lost"


class Altered(BesideError):
    """Bytes on disk are not the bytes whose hash was recorded."""

    code, status = "altered", 409


class KeyUnusable(BesideError):
    """A key, for signing or for encryption, is lost, locked, another one, or not kept safely."""

    code, status = "key_unusable", 409


class NotPermitted(BesideError):
    """This person may not do this."""

    code, status, exit_code = "not_permitted", 403, 1


class NotSignedIn(BesideError):
    """Nobody is signed in, or the key is wrong."""

    code, status, exit_code = "not_signed_in", 401, 1


class TooManyAttempts(BesideError):
    """Too many wrong passwords for a name or from an address; the next one has to wait."""

    code, status, exit_code = "too_many_attempts", 429, 1
    seconds = 1  # until it is worth trying again

    @classmethod
    def after(cls, seconds: float) -> TooManyAttempts:
        """The error that says how long to wait."""
        whole = max(1, ceil(seconds))
        hint = "If you forgot your password, ask an admin for a new code."
        error = cls(f"Too many attempts. Try again in {whole} seconds.", hint)
        error.seconds = whole
        return error


class GateClosed(BesideError):
    """A policy, a signature or a truth test says no."""

    code, status, exit_code = "gate_closed", 409, 1
