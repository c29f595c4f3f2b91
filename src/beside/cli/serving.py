"""Puts API and console on one address and tells the owner how to sign in."""

from __future__ import annotations

import socket
import ssl
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import uvicorn

from beside.api.app import UVICORN, create_app
from beside.console import mount
from beside.core.errors import BadOption
from beside.core.types import Actor
from beside.store.transport import SOON, Tls, certificate
from beside.store.workspace import Workspace


def serve(workspace: Workspace, host: str, port: int, owner: str, tls: Tls | None = None) -> None:
    """Serves until Ctrl-C.

    Args:
        tls: certificate and key; None = those of beside.toml, and without them plain HTTP.

    Raises:
        BadOption: the address is taken or not ours, or there is no such certificate or key.
        KeyUnusable: the key is locked, or others may read it.
    """
    tls = tls or workspace.settings.tls
    if tls and (left := certificate(tls, datetime.now(UTC)).days) < SOON:
        sys.stderr.write(f"The certificate '{tls.cert}' ends in {left} days. Renew it.\n")
    must_be_free(host, port)
    app = create_app(workspace, host=host, port=port, scheme="https" if tls else "http")
    mount(app, workspace)
    # whoever starts the server owns the folder anyway; the keys they may have stay what they were
    key = workspace.people.sessions.link(Actor(name=owner, roles=("admin",)))
    address = f"{'https' if tls else 'http'}://{'[' + host + ']' if ':' in host else host}:{port}"
    link = f"Sign in as {owner}, once, within 12 hours: {address}/sign-in?key={key}"
    sys.stderr.write(f"\nBeside serves at {address}  (Ctrl-C ends it)\n{link}\nAPI: {address}/docs\n\n")
    with suppress(KeyboardInterrupt):  # it ends in peace, and raises again what ended it
        uvicorn.Server(listening(app, host, port, tls)).run()


def listening(app: Any, host: str, port: int, tls: Tls | None) -> uvicorn.Config:
    """How the server listens; with TLS of 1.2 at least (RFC 9325)."""
    files: dict[str, Any] = {"ssl_certfile": tls.cert, "ssl_keyfile": str(tls.key)} if tls else {}
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", **files, **UVICORN)
    config.load()
    if config.ssl:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


def must_be_free(host: str, port: int) -> None:
    """Asks the system for the address before a model is loaded."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise BadOption(
            f"Cannot serve at {host}:{port}: {error.strerror or error}.", "Choose another: beside serve --port 8400"
        ) from error
