"""The web console: pages made on the server, in English and Chinese. It holds no rules of its own."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from beside.console import (
    account,
    committee,
    compress,
    evidence,
    home,
    judge,
    people,
    persons,
    protect,
    retention,
    review,
    sign_in,
    statements,
    train,
    try_it,
    waiting,
)
from beside.console.language import NAMES, catalogue
from beside.console.page import STATIC
from beside.console.trouble import TroublePages
from beside.store.workspace import Workspace


def mount(app: FastAPI, workspace: Workspace) -> None:
    """Adds the console to the API: pages, static files, sign-in, errors as pages.

    Args:
        app: made by `api.app.create_app`.
        workspace: the one that the pages show.
    """
    app.state.workspace = workspace
    for code in NAMES:
        catalogue(code)  # a broken catalogue must stop the start, not the first Chinese reader
    own = (sign_in, account, people, persons, retention)
    for part in (home, protect, train, try_it, evidence, compress, review, judge, committee, statements, waiting, *own):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(TroublePages)
