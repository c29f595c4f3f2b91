"""Several processes that serve at one address, watched: one that ends, or is killed, is replaced.

The watcher itself loads no model and answers nothing. It opens the address, and each worker takes connections from it. One that
dies takes the answers with it that it was giving: their callers see a broken connection. Nothing that was acknowledged is lost.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from beside.core.errors import BadOption

ENDS = (signal.SIGTERM, signal.SIGINT)
SHORT = 5.0  # a worker that lives no longer than so many seconds is not replaced at once
LONGEST_REST = 30.0  # seconds before a worker that cannot live is tried again


class Workers:
    """Keeps so many workers alive until it is told to end.

    Args:
        count: how many.
        work: what a worker does, until SIGTERM; called in a process of its own, which ends with it.
        told: is called with the number of the process and how it ended, when a worker ends that should not.
    """

    def __init__(self, count: int, work: Callable[[], None], told: Callable[[int, int], None]) -> None:
        self.count, self.work, self.told = count, work, told
        self.began: dict[int, float] = {}
        self.ending = False
        self.short = 0  # workers in a row that lived shortly

    def run(self) -> None:
        """Starts the workers and watches them. SIGTERM and SIGINT end them, each when it has answered what it took."""
        for one in ENDS:
            signal.signal(one, self.end)
        while not self.ending or self.began:
            while not self.ending and len(self.began) < self.count:
                self.start()
            if self.began:  # none was begun when it was told to end while it rested
                self.wait()

    def start(self) -> None:
        """One more worker."""
        if self.short:
            self.rest(min(2.0 ** (self.short - 1), LONGEST_REST))
            if self.ending:
                return
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # a signal waits until it is clear who is who
        number = os.fork()
        if not number:
            self.be()
        self.began[number] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)

    def be(self) -> NoReturn:
        """The life of a worker; nothing of the watcher's runs in it."""
        code = 1
        try:
            for one in ENDS:
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
            self.work()
            code = 0
        except BaseException as error:
            sys.stderr.write(f"A worker could not go on: {type(error).__name__}: {error}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def wait(self) -> None:
        """Waits for the next worker that ends."""
        try:
            number, status = os.waitpid(-1, 0)
        except ChildProcessError:
            self.began.clear()
            return
        began = self.began.pop(number, None)
        if began is None or self.ending:
            return
        self.short = self.short + 1 if time.monotonic() - began < SHORT else 0
        self.told(number, os.waitstatus_to_exitcode(status))

    def rest(self, seconds: float) -> None:
        """Waits before the next try, unless it is told to end."""
        until = time.monotonic() + seconds
        while not self.ending and time.monotonic() < until:
            time.sleep(0.05)

    def end(self, *_: object) -> None:
        """Tells every worker to end in peace."""
        self.ending = True
        for number in list(self.began):
            os.kill(number, signal.SIGTERM)


@contextmanager
def address(host: str, port: int) -> Iterator[socket.socket]:
    """The address, open for all workers.

    Raises:
        BadOption: it is taken, or not ours.
    """
    hint = "Choose another: beside serve --port 8400"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms an answer
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(2048)
    except OSError as error:
        raise BadOption(f"Cannot serve at {host}:{port}: {error.strerror or error}.", hint) from error
    with opened:
        yield opened
