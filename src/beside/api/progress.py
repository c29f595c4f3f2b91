"""How far the work in this workspace is, as a stream of events (text/event-stream)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from anyio import sleep
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from beside.api.actor import Caller
from beside.api.errors import MEANING, ErrorAnswer
from beside.store.workspace import Workspace

PERIOD = 0.5  # seconds between two looks
HEARTBEAT = 10.0  # seconds of silence after which a comment tells that the line still stands
# errors come as JSON here, too, though the stream itself is no JSON
SHAPE = {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}
REFUSED = {"description": MEANING[401], "content": {"application/json": SHAPE}}
router = APIRouter(prefix="/v1", tags=["server"], responses={401: REFUSED})


@router.get("/progress", response_class=EventSourceResponse)
async def progress(request: Request, actor: Caller) -> AsyncIterator[ServerSentEvent]:
    """Each event's data is what runs now, {"stage", "done", "total", "note"}, or null when nothing runs.

    The first event comes at once, the next ones whenever something changed. The stream ends with the server.
    """
    workspace: Workspace = request.app.state.workspace
    told: Any = ...  # nothing yet: the first state is always told
    silence = 0.0
    while not request.app.state.serving.ending:  # else the end of the server would wait for it
        state = await run_sync(workspace.progress)
        if state != told:
            told, silence = state, 0.0
            yield ServerSentEvent(data=state) if state is not None else ServerSentEvent(raw_data="null")
        elif silence >= HEARTBEAT:
            silence = 0.0
            yield ServerSentEvent(comment="still here")
        await sleep(PERIOD)
        silence += PERIOD
