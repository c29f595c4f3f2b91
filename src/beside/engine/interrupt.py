"""Ctrl-C waits for the end of the step, so that what is saved is whole; a second one does not wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def patient() -> Iterator[Callable[[], bool]]:
    """Inside the block Ctrl-C only makes the yielded function true; the second one raises KeyboardInterrupt at once.

    Whoever has set a handler of their own keeps it, and so does a process that was started to ignore Ctrl-C.
    """
    asked: list[int] = []

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    ours = threading.current_thread() is threading.main_thread() and (signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    if not ours:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
