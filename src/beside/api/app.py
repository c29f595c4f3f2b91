"""Assembly of the HTTP API: routes, doors, one error shape."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from beside import __version__
from beside.api import (
    chat,
    daily,
    errors,
    hub,
    progress,
    rerank,
    routes_ask,
    routes_compress,
    routes_documents,
    routes_judge,
    routes_protect,
    routes_read,
    routes_release,
    routes_server,
)
from beside.api.guard import BodyLimit, Doors, LastNet, SecurityHeaders, is_loopback
from beside.api.metrics import Metrics, Watch
from beside.api.serving import Serving
from beside.api.tracing import tracer_for
from beside.core.errors import BesideError
from beside.store.workspace import Workspace

# For whoever starts the server: uvicorn's own access log would write down sign-in keys, which stand in addresses; Watch writes a
# log without them. Open event streams must not hold up the end.
UVICORN: dict[str, Any] = {"access_log": False, "server_header": False, "timeout_graceful_shutdown": 3}
DESCRIPTION = (
    "Ask released models, say what their answers are worth, read the evidence, sign. "
    "Bodies are JSON in UTF-8, up to 2 MB; a call takes up to 128 texts of 20,000 characters."
)
QUIET: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
log = logging.getLogger("beside.api")


def create_app(
    workspace: Workspace, *, host: str = "127.0.0.1", port: int = 8321, scheme: str = "http", workers: int = 1
) -> FastAPI:
    """The HTTP API of a workspace.

    Args:
        workspace: open.
        host: the address that it will listen on; on a loopback address callers without a key are taken.
        port: the port that it will listen on.
        scheme: https when it speaks TLS.
        workers: processes that serve it at this address.
    """
    app = FastAPI(
        title="Beside",
        version=__version__,
        description=DESCRIPTION,
        # the document and its page are routes of our own, behind the key
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"}] if is_loopback(host) else None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,  # short names in generated clients
        telemetry=QUIET,  # no outbound connection, whatever the environment says
    )
    metrics, tracer = Metrics(), tracer_for(workspace.settings.serving.tracing)
    app.state.workspace = workspace
    app.state.loopback = is_loopback(host)
    app.state.metrics, app.state.tracer = metrics, tracer
    app.state.serving = Serving(workspace, metrics, workers)
    errors.register(app)
    # the one added last is the outermost
    app.add_middleware(BodyLimit)
    app.add_middleware(Doors, loopback=app.state.loopback)
    app.add_middleware(LastNet)
    app.add_middleware(Watch, metrics=metrics, tracer=tracer)
    app.add_middleware(SecurityHeaders)
    answering = (routes_ask, hub, chat, rerank)
    for part in (
        *answering,
        routes_protect,
        routes_read,
        routes_compress,
        routes_release,
        routes_judge,
        routes_documents,
        progress,
        routes_server,
    ):
        app.include_router(part.router)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the server runs: the model that will be asked is loaded beside, and each day goes what was kept long enough."""
    serving: Serving = app.state.serving
    serving.warming = True
    threading.Thread(target=warm_up, args=(serving,), daemon=True).start()
    stop = threading.Event()
    if app.state.workspace.settings.retention.set:
        threading.Thread(target=daily.watch, args=(app.state.workspace, stop), daemon=True).start()
    yield
    stop.set()
    await run_sync(serving.close)
    if app.state.tracer is not None:
        await run_sync(app.state.tracer.close)


def warm_up(serving: Serving) -> None:
    """Loads the newest approved release; whoever asks for it is told what is wrong with it, here it is only logged."""
    try:
        serving.warm_up()
    except BesideError as error:
        log.warning("%s", error.message)
    finally:
        serving.warming = False
