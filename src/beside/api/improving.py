"""Starts an improvement as a process of its own: training must not slow the server down, nor end with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

from beside.api.actor import must_hold
from beside.core.types import Actor
from beside.store.workspace import Workspace

LOG = "improve.log"  # in the workspace's state: what the process said last
ROLES = ("reviewer",)
log = logging.getLogger("beside.api")


def start_improving(workspace: Workspace, actor: Actor, release_id: str) -> int:
    """Starts `beside improve` for a release; the number of the process. Its progress shows at /v1/progress.

    Raises:
        NotPermitted: only a reviewer or an owner may.
        UnknownName: there is no such release.
        Busy: something else works in this workspace.
    """
    must_hold(actor, ROLES, "improve a release")
    release = workspace.records.release(actor, release_id)
    with workspace.lock("improve"):  # somebody who waits for an answer is told at once; the process itself locks again
        pass
    command = [
        sys.executable,
        "-P",
        "-m",
        "beside",
        "improve",
        release.id,
        "--workspace",
        str(workspace.folder),
        f"--as={actor.name}",
    ]
    output = os.open(workspace.state / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=workspace.folder, start_new_session=True
        )
    finally:
        os.close(output)
    threading.Thread(target=follow, args=(process, workspace), daemon=True).start()
    return process.pid


def follow(process: subprocess.Popen[bytes], workspace: Workspace) -> None:
    """Waits for the end of an improvement, so that no zombie stays, and tells when it failed."""
    if code := process.wait():
        log.warning("The improvement in process %s ended with exit code %s; see '%s'.", process.pid, code, workspace.state / LOG)
