"""The server itself: alive, ready, in numbers, described."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import JSONResponse, Response

from beside.api import documentation
from beside.api.actor import Caller
from beside.api.errors import document
from beside.core.types import Actor
from beside.store.drift import newest

router = APIRouter(tags=["server"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers. Needs no key."""
    return {"status": "ok"}


@router.get("/readyz", responses=document(503, 507))
def readyz(request: Request) -> dict[str, str]:
    """The model is loaded and warm, the server is not about to end, and the database answers. Needs no key."""
    request.app.state.workspace.records.releases(Actor(name="server"))
    request.app.state.serving.must_be_ready()
    return {"status": "ready"}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **document(401)})
def metrics(request: Request, actor: Caller) -> Response:
    """Requests, times, answers per label, how many wait, what the last looks for drift found: for Prometheus."""
    request.app.state.metrics.drifted(newest(request.app.state.workspace.state))
    page: Response = request.app.state.metrics.page()
    return page


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, actor: Caller) -> JSONResponse:
    """The OpenAPI document."""
    described: dict[str, Any] = request.app.openapi()
    return JSONResponse(described)


@router.get("/docs", include_in_schema=False)
def docs(request: Request, actor: Caller) -> HTMLResponse:
    """The same for people."""
    return HTMLResponse(documentation.page(request.app.openapi(), str(request.base_url).rstrip("/")))


@router.get("/docs/documentation.css", include_in_schema=False)
def style() -> FileResponse:
    """How the page looks."""
    return FileResponse(documentation.STYLE, media_type="text/css")
