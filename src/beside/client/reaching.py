"""How the clients reach a server: its address and key, what it refuses, how long to wait when it asks to."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from beside.core import errors

ADDRESS = "http://127.0.0.1:8321"
NOT_READY = 503
WAITS = (429, NOT_READY)  # statuses that ask to come again
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds, where the server does not say


class Settings:
    """What both clients are told.

    Args:
        address: of the server; without it that of the environment's BESIDE_URL, or of this machine.
        key: personal key; without it that of the environment's BESIDE_KEY, or none.
        tries: how often a call is made at most while the server asks to wait.
        patience: seconds that one call may wait for its turn, all tries together.
        timeout: seconds that one answer may take.
        transport, verify: as httpx takes them.
    """

    def __init__(
        self,
        address: str = "",
        key: str = "",
        *,
        tries: int = 5,
        patience: float = 60.0,
        timeout: float = 60.0,
        transport: Any = None,
        verify: Any = True,
    ) -> None:
        self.tries, self.patience = tries, patience
        key = key or os.environ.get("BESIDE_KEY", "")
        self.asked: dict[str, Any] = {
            "base_url": address or os.environ.get("BESIDE_URL", "") or ADDRESS,
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
            "timeout": timeout,
            "transport": transport,
            "verify": verify,
            "trust_env": False,  # no proxy learns of confidential text because of a variable
        }

    def pause(self, answer: httpx.Response, patient: bool, tried: int, began: float) -> float | None:
        """Seconds until the next try; None when the answer stands, or there is no time left. Raises what the server says."""
        if answer.is_success:
            return None
        wait = pause_after(answer, tried)
        if patient and answer.status_code in WAITS and tried + 1 < self.tries and time.monotonic() - began + wait <= self.patience:
            return wait
        raise error_in(answer)


def error_in(answer: httpx.Response) -> errors.BesideError:
    """The error that an answer tells, as the class of its code; one of another shape as plain BesideError."""
    try:
        given = answer.json()["error"]
        code, message, hint = str(given["code"]), str(given["message"]), str(given["hint"])
    except (ValueError, KeyError, TypeError):
        code, message, hint = "error", f"The server answered {answer.status_code}.", ""
    known = {one.code: one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.BesideError)}
    error = known.get(code, errors.BesideError)(message, hint)
    error.code, error.status = code, answer.status_code
    return error


def pause_after(answer: httpx.Response, tried: int) -> float:
    """Seconds to wait: what Retry-After says, in seconds or as a date; else twice as long each time, drawn by chance."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return min(LONGEST_WAIT, FIRST_WAIT * 2**tried) * random.uniform(0.5, 1.0)
