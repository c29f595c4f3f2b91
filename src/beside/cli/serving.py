"""Puts API and console on one address and tells the owner how to sign in."""

from __future__ import annotations

import socket
import sys

import uvicorn

from beside.api.app import UVICORN, create_app
from beside.console import mount
from beside.core.errors import BadOption
from beside.core.types import Actor
from beside.store.workspace import Workspace


def serve(workspace: Workspace, host: str, port: int, owner: str) -> None:
    """Serves until Ctrl-C.

    Raises:
        BadOption: the address is taken or not ours.
    """
    must_be_free(host, port)
    app = create_app(workspace, host=host, port=port)
    mount(app, workspace)
    # whoever starts the server owns the folder anyway; the keys they may have stay what they were
    key = workspace.people.sessions.link(Actor(name=owner, roles=("admin",)))
    address = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    link = f"Sign in as {owner}, once, within 12 hours: {address}/sign-in?key={key}"
    sys.stderr.write(f"\nBeside serves at {address}  (Ctrl-C ends it)\n{link}\nAPI: {address}/docs\n\n")
    uvicorn.run(app, host=host, port=port, log_level="warning", **UVICORN)


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
