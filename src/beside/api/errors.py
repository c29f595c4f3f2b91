"""One JSON shape for everything that goes wrong: {"error": {"code", "message", "hint"}}."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from beside.core.errors import BadInput, BesideError, NotReady

RETRY_AFTER = "1"  # seconds
GIVEN_UP = {429, 499, 503, 504}  # for want of room or time


class Trouble(BaseModel):
    """What went wrong, and what to do."""

    code: str = Field(description="short name that programs may rely on", examples=["unknown_name"])
    message: str = Field(description="what was given and why it cannot be taken", examples=["There is no release 'release-1'."])
    hint: str = Field(description="what is allowed, or what to do next", examples=["There are: release-3f9a1c20b4de."])


class ErrorAnswer(BaseModel):
    """The shape of every error."""

    error: Trouble


MEANING = {
    401: "Nobody is signed in, or the key is wrong.",
    403: "This person may not do this, or the request comes from another site.",
    404: "There is nothing of that name.",
    409: "Busy, altered, or held back by the gate.",
    413: "The body is larger than 2 MB.",
    422: "The input cannot be read as what it should be.",
    429: "This caller has more waiting, or asks faster, than its share; the header Retry-After says when to try again.",
    500: "Something unexpected; the server's log has the details.",
    503: "The line is full, or the server is not ready; the header Retry-After says when to try again.",
    504: "No answer by the time until which the caller, or the server, waits.",
    507: "The disk does not take the write.",
}

# starlette's own refusals: code, message, hint
PLAIN = {
    400: ("bad_input", "The body cannot be read.", "Send JSON in UTF-8 with `Content-Type: application/json`."),
    404: ("unknown_address", "There is nothing at this address.", "The addresses are listed at /docs."),
    405: ("method_not_allowed", "This address does not take that method.", "The header Allow says which; see /docs."),
    413: ("too_large", "The body is larger than 2 MB.", "Send the texts in several calls."),
}


def document(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Errors of a route for its OpenAPI description."""
    return {status: {"model": ErrorAnswer, "description": MEANING[status]} for status in statuses}


def register(app: FastAPI) -> None:
    """Gives the application the one error shape."""
    app.add_exception_handler(BesideError, on_beside)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)


async def on_beside(request: Request, error: Exception) -> JSONResponse:
    """An error that Beside raised on purpose."""
    assert isinstance(error, BesideError)
    if error.status in GIVEN_UP and not isinstance(error, NotReady):
        request.app.state.metrics.refused.labels(error.code).inc()
    return shaped(error)


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """An error of the framework: no such address, no such method, a body that is too large or unreadable."""
    assert isinstance(error, HTTPException)
    code, message, hint = PLAIN.get(error.status_code, ("error", str(error.detail), "See /docs."))
    return answer(error.status_code, code, message, hint, dict(error.headers or {}))


async def on_validation(request: Request, error: Exception) -> JSONResponse:
    """A body or query that does not have the shape it should have."""
    assert isinstance(error, RequestValidationError)
    return shaped(explained(request, error.errors()[0]))


def explained(request: Request, first: dict[str, Any]) -> BadInput:
    """The first thing wrong, in words. The input itself is not repeated: it may be confidential, and long."""
    place, *path = [str(part) for part in first["loc"]]
    where = ".".join(path) or place
    if first["type"] == "extra_forbidden":
        known = keys_of(request, path[:-1])
        close = get_close_matches(path[-1], known, n=1, cutoff=0.5)
        guess = f" Did you mean '{close[0]}'?" if close else ""
        return BadInput(f"Unknown key '{where}'.", f"Known keys: {', '.join(known)}.{guess}")
    if first["type"] == "missing":
        return BadInput(f"'{where}' is missing.", "Its shape is described at /docs.")
    if place == "body" and not is_json(request):
        return BadInput("The body is not JSON.", PLAIN[400][2])
    if place == "body" and not path:
        return BadInput("The body is not a JSON object.", f"Known keys: {', '.join(keys_of(request, []))}.")
    if first["type"] == "json_invalid":
        return BadInput(f"The body is not JSON: {first['ctx']['error']} at character {path[-1]}.", PLAIN[400][2])
    why = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return BadInput(f"'{where}' cannot be taken: {why}.", "Its shape is described at /docs.")


def keys_of(request: Request, path: list[str]) -> list[str]:
    """The keys that an object inside this route's body may have."""
    field = getattr(request.scope.get("route"), "body_field", None)
    model: Any = field.field_info.annotation if field else None
    for name in path:
        inner = getattr(model, "model_fields", {}).get(name)
        kinds = get_args(inner.annotation) or (inner.annotation,) if inner else ()  # of `HubParameters | None` the model
        model = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
    return list(getattr(model, "model_fields", {}))


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json")


def shaped(error: BesideError) -> JSONResponse:
    """The answer to an error of Beside."""
    wait = str(getattr(error, "seconds", RETRY_AFTER))
    again = {"Retry-After": wait}
    headers = {429: again, 503: again, 401: {"WWW-Authenticate": "Bearer"}}.get(error.status, {})
    return answer(error.status, error.code, error.message, error.hint, headers)


def answer(status: int, code: str, message: str, hint: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The one shape; what was given may hold half characters that UTF-8 cannot write."""
    trouble = {"code": code, "message": message, "hint": hint}
    plain = {name: text.encode("utf-8", "backslashreplace").decode() for name, text in trouble.items()}
    return JSONResponse({"error": plain}, status_code=status, headers=headers)
