"""What every page shares: who is asking, in which language, and how a template becomes an answer."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from beside.api.actor import LOCAL, caller
from beside.console import words
from beside.console.language import COOKIE, NAMES, Language, catalogue, chosen
from beside.core.errors import NotSignedIn
from beside.core.types import Actor
from beside.documents import documents_of
from beside.store.workspace import Workspace

HERE = Path(__file__).parent
STATIC = HERE / "static"
YEAR = 365 * 24 * 3600  # seconds


def workspace_of(request: Request) -> Workspace:
    """The workspace that this server shows."""
    workspace: Workspace = request.app.state.workspace
    return workspace


def language_of(request: Request) -> Language:
    """The language of this request."""
    return Language(chosen(request, workspace_of(request).settings.language))


def visitor(request: Request) -> Actor | None:
    """Who is asking; None when nobody is signed in and the address is not this machine's own."""
    try:
        return caller(request)
    except NotSignedIn:
        return None


def signed_in(actor: Actor | None) -> bool:
    """Whether this is a person with a name, and not just somebody at this machine."""
    return actor is not None and actor != LOCAL


def render(request: Request, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """The page as HTML in the person's language; remembers a language that was asked for in the address."""
    language = language_of(request)
    actor = visitor(request)
    page = environment(language.code).get_template(template)
    html = page.render(
        language=language,
        words=words.Words(language),
        actor=actor,
        signed_in=signed_in(actor),
        path=request.url.path,
        switch={code: (name, address(request, code)) for code, name in NAMES.items()},
        workspace=workspace_of(request).folder.resolve().name,
        **facts,
    )
    answer = HTMLResponse(html, status_code=status)
    if request.query_params.get("lang") in NAMES:
        answer.set_cookie(COOKIE, language.code, max_age=YEAR, samesite="lax", httponly=True, secure=request.url.scheme == "https")
    return answer


def address(request: Request, code: str) -> str:
    """This page's address in another language: the same path and query, only `lang` differs."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in {"lang", "key"}]
    return f"{request.url.path}?{urlencode([*query, ('lang', code)])}"


@cache
def environment(code: str) -> Environment:
    """Jinja2 with escaping on, undefined names refused and one language's words installed."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogue(code), newstyle=True)  # type: ignore[attr-defined]
    made.globals["static"] = static
    made.globals["documents"] = documents_of
    return made


@cache
def static(name: str) -> str:
    """Address of a static file; its content is in the address, so that a browser may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
