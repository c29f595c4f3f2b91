"""Puts API and console on one address and tells the owner how to sign in."""

from __future__ import annotations

import gc
import os
import signal
import socket
import ssl
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from beside.api.app import UVICORN, create_app, warm_up
from beside.api.logs import log_as_json
from beside.api.metrics import forget_worker
from beside.api.serving import Serving
from beside.cli.workers import Workers, address
from beside.console import mount
from beside.core.types import Actor
from beside.store.transport import SOON, Tls, certificate
from beside.store.workspace import Workspace

PATIENCE = 5  # seconds beyond the longest request until the end is no longer waited for


def serve(workspace: Workspace, host: str, port: int, owner: str, tls: Tls | None = None, workers: int = 1) -> None:
    """Serves until Ctrl-C, or until SIGTERM, which lets what was asked be answered first.

    Args:
        tls: certificate and key; None = those of beside.toml, and without them plain HTTP.
        workers: processes that answer; from two on they are watched, and one that dies is replaced.

    Raises:
        BadOption: the address is taken or not ours, or there is no such certificate or key.
        KeyUnusable: the key is locked, or others may read it.
    """
    tls = tls or workspace.settings.tls
    if tls and (left := certificate(tls, datetime.now(UTC)).days) < SOON:
        sys.stderr.write(f"The certificate '{tls.cert}' ends in {left} days. Renew it.\n")
    with address(host, port) as opened:
        # whoever starts the server owns the folder anyway; the keys they may have stay what they were
        key = workspace.people.sessions.link(Actor(name=owner, roles=("admin",)))
        site = f"{'https' if tls else 'http'}://{'[' + host + ']' if ':' in host else host}:{port}"
        link = f"Sign in as {owner}, once, within 12 hours: {site}/sign-in?key={key}"
        sys.stderr.write(f"\nBeside serves at {site}  (Ctrl-C ends it)\n{link}\nAPI: {site}/docs\n\n")
        answer = partial(work, host=host, port=port, tls=tls, opened=opened, workers=workers)
        if workers == 1:
            answer(workspace)
            return
        workspace.close()  # no connection to the database may live in two processes
        Workers(workers, lambda: answer(Workspace.open(workspace.folder, create=False)), told).run()


def work(workspace: Workspace, *, host: str, port: int, tls: Tls | None, opened: socket.socket, workers: int) -> None:
    """What one process does: it answers who comes to the open address."""
    if workers > 1:  # each reads with its part of the processor
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    app = create_app(workspace, host=host, port=port, scheme="https" if tls else "http", workers=workers)
    mount(app, workspace)
    app.state.serving.releases.settled = set_apart
    settings = workspace.settings.serving
    config = listening(app, host, port, tls, timeout_graceful_shutdown=int(settings.deadline) + PATIENCE)
    if settings.log == "json":
        log_as_json(sys.stderr)
    if workers > 1:  # until its model is warm the other ones answer
        warm_up(app.state.serving)
    with suppress(KeyboardInterrupt):  # it ends in peace, and raises again what ended it
        Server(config, app.state.serving, settings.drain).run(sockets=[opened])


def set_apart() -> None:
    """Takes what is loaded by now, and stays, out of the garbage collector's sight: going through it holds up every answer.

    That took a third of a second every few seconds. What was set apart before is looked at once more, for a model may have gone.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Server(uvicorn.Server):
    """A server that first tells a load balancer, at /readyz, that it is about to end, and answers meanwhile.

    Args:
        serving: is told that it ends.
        drain: seconds from SIGTERM until nobody new is let in; Ctrl-C does not wait.
    """

    def __init__(self, config: uvicorn.Config, serving: Serving, drain: float) -> None:
        super().__init__(config)
        self.serving, self.drain = serving, drain
        self.ends_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.serving.ending = True
        if sig == signal.SIGTERM and self.ends_at is None:
            self.ends_at = time.monotonic() + self.drain
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        self.should_exit |= self.ends_at is not None and time.monotonic() >= self.ends_at
        return await super().on_tick(counter)


def told(number: int, code: int) -> None:
    """A worker ended that should not: its part of the numbers is forgotten, and the owner reads of it."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    sys.stderr.write(f"Worker {number} {how}; another one takes its place.\n")
    forget_worker(number)


def listening(app: Any, host: str, port: int, tls: Tls | None, **more: Any) -> uvicorn.Config:
    """How the server listens; with TLS of 1.2 at least (RFC 9325)."""
    files: dict[str, Any] = {"ssl_certfile": tls.cert, "ssl_keyfile": str(tls.key)} if tls else {}
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", **files, **{**UVICORN, **more})
    config.load()
    if config.ssl:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config
