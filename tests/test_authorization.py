"""Who may call what: one table of every route and every role, tried for real. Run as a program it writes docs/security.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from beside.api import progress
from beside.api.app import create_app
from beside.console import mount
from beside.store.permission import ROLES
from beside.store.workspace import Workspace

PAGE = Path(__file__).parent.parent / "docs" / "security.md"
BEGIN, END = "<!-- authorization: begin -->\n", "<!-- authorization: end -->\n"
WHO = ("somebody elsewhere without a key", "somebody at this machine without a key", *reversed(ROLES))

# one character for each of WHO: y = may; 1 = must sign in first (401); 3 = may not (403)
#             elsewhere, here, user, privacy officer, reviewer, annotator, builder, admin
PUBLIC, ASK, NAMED, STAFF = "yyyyyyyy", "1yyyyyyy", "11yyyyyy", "133yyyyy"
REVIEW, MANAGE, SEE_PEOPLE = "1333y33y", "113333" + "3y", "113y333y"
JUDGE = "1333yyyy"
SIGN, STOP, RESOLVE, WRITE, TRAIN = "1333y33y", "113yy33y", "1133y33y", "133y33yy", "133333yy"
NEEDS_PROVIDER = "33333333"  # in this test no identity provider is configured, and nobody gets through

TABLE: dict[str, str] = {
    # asking and answering
    "POST /v1/predict": ASK,
    "POST /v1/explain": ASK,
    "POST /v1/what_if": ASK,
    "POST /v1/neighbours": STAFF,
    "POST /v1/feedback": ASK,
    "GET /v1/waiting": ASK,
    "GET /waiting": ASK,
    "POST /v1/protect": ASK,
    "POST /": ASK,
    "POST /models/{release}": ASK,
    "POST /v1/chat/completions": ASK,
    "POST /models/{release}/v1/chat/completions": ASK,
    **{f"POST {path}": ASK for path in ("/v1/rerank", "/v2/rerank", "/rerank")},
    "GET /try": ASK,
    "POST /try": ASK,
    "GET /try/{prediction_id}": ASK,
    "POST /try/{prediction_id}": ASK,
    # personal data in texts and in rows
    "GET /protect": ASK,
    "POST /protect": ASK,
    "GET /protect/{corpus_id}": STAFF,
    "GET /protect/{corpus_id}/next": STAFF,
    "POST /protect/{corpus_id}": STAFF,
    "GET /persons": SEE_PEOPLE,
    **{f"POST /persons{end}": SEE_PEOPLE for end in ("", "/access", "/erase", "/resume")},
    "GET /persons/certificate/{file}": SEE_PEOPLE,
    "GET /persons/retention": SEE_PEOPLE,
    "POST /persons/retention": SEE_PEOPLE,
    "GET /v1/documents/{name}": "133y333y",
    # training
    "GET /train": ASK,
    "POST /train": TRAIN,
    "POST /v1/runs/{id}/compress": TRAIN,
    "GET /v1/runs/{id}/compression": ASK,
    "POST /evidence/compress": TRAIN,
    **{f"GET /evidence/compress{end}": ASK for end in ("", "ed", "ed/{run_id}.svg")},
    # evidence: figures for everybody, quoted rows for the staff
    **{f"GET /v1/{what}": ASK for what in ("corpora", "corpora/{id}", "runs", "runs/{id}", "findings", "skipped")},
    "GET /": ASK,
    "GET /evidence": ASK,
    "GET /evidence/picture/{artifact}.svg": ASK,
    # releases and the committee
    "GET /v1/releases": ASK,
    "GET /v1/releases/{id}/drift": STAFF,
    "GET /v1/releases/{id}": ASK,
    "GET /v1/releases/{id}/standing": ASK,
    "GET /v1/releases/{id}/checklist": ASK,
    "GET /v1/releases/{id}/conditions": ASK,
    "GET /v1/releases/{id}/comments": ASK,
    "GET /v1/releases/{id}/incidents": ASK,
    "GET /v1/releases/{id}/dossier/{name}": ASK,
    "GET /review": ASK,
    "GET /review/{release_id}": ASK,
    "GET /review/{release_id}/{name}.html": ASK,
    "GET /v1/statements": ASK,
    "GET /statements": ASK,
    "POST /v1/releases/{id}/reviews": SIGN,
    "POST /review/{release_id}": SIGN,
    "POST /review/{release_id}/comment": NAMED,
    "POST /review/{release_id}/incident": NAMED,
    "POST /review/{release_id}/stop": STOP,
    "POST /review/{release_id}/resolve": RESOLVE,
    "POST /v1/releases/{id}/comments": NAMED,
    "POST /v1/releases/{id}/incidents": NAMED,
    "POST /v1/releases/{id}/stop": STOP,
    "POST /v1/releases/{id}/resume": RESOLVE,
    "POST /v1/releases/{id}/conditions/{condition}": RESOLVE,
    "PUT /v1/statements": WRITE,
    "POST /statements": WRITE,
    # attacked rows
    "GET /v1/releases/{id}/attacked": STAFF,
    "GET /v1/releases/{id}/attacked/rates": STAFF,
    "POST /v1/releases/{id}/attacked": STAFF,
    "POST /v1/releases/{id}/attacked/{row}": JUDGE,
    "GET /judge/{release_id}": STAFF,
    "POST /judge/{release_id}": JUDGE,
    "POST /judge/{release_id}/attack": STAFF,
    "POST /v1/releases/{id}/improve": REVIEW,
    "POST /improve/{release_id}": REVIEW,
    # the server
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": ASK,
    "GET /openapi.json": ASK,
    "GET /docs": ASK,
    "GET /docs/documentation.css": PUBLIC,
    "GET /v1/progress": ASK,
    "GET /static": PUBLIC,
    # signing in and one's own account
    "GET /sign-in": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": PUBLIC,
    "GET /sign-in/code": PUBLIC,
    "POST /sign-in/code": PUBLIC,
    "GET /sign-in/oidc": NEEDS_PROVIDER,
    "GET /sign-in/oidc/back": NEEDS_PROVIDER,
    "GET /account": NAMED,
    **{f"POST /account/{end}": NAMED for end in ("password", "tokens", "tokens/revoke", "sessions/end", "sign-out-everywhere")},
    # people
    "GET /people": SEE_PEOPLE,
    "GET /people/one": SEE_PEOPLE,
    **{f"POST /people{end}": MANAGE for end in ("", "/roles", "/code", "/disable", "/enable", "/sign-out", "/revoke")},
}
SENT: dict[str, dict[str, Any]] = {
    **{key: {"text": "where is my parcel"} for key in ("POST /v1/predict", "POST /v1/explain", "POST /try")},
    "POST /v1/what_if": {"text": "where is my parcel", "edited": "where is my money"},
    "POST /v1/neighbours": {"text": "where is my parcel"},
    "POST /v1/feedback": {"prediction_id": "nothing", "correct": True},
    **{key: {"text": "call me at 13800138000"} for key in ("POST /v1/protect", "POST /protect")},
    **{key: {"inputs": "where is my parcel"} for key in ("POST /", "POST /models/{release}")},
    **{key: {"query": "where is my parcel", "documents": ["It is on its way."]} for key in ("POST /v1/rerank", "POST /v2/rerank")},
    "POST /rerank": {"query": "where is my parcel", "texts": ["It is on its way."]},
    "POST /protect/{corpus_id}": {"row": "1"},
    **{f"POST /persons{end}": {"words": "nobody at all", "sure": "yes"} for end in ("", "/access", "/erase")},
    "POST /train": {"corpus": "nothing"},
    "POST /v1/runs/{id}/compress": {"compressors": ["quantize"]},
    "POST /evidence/compress": {"run": "run-toy", "step-1": ""},
    **{
        key: {"decision": "approve", "reason": "The numbers hold."}
        for key in ("POST /v1/releases/{id}/reviews", "POST /review/{release_id}")
    },
    **{key: {"text": "A word on it."} for key in ("POST /v1/releases/{id}/comments", "POST /review/{release_id}/comment")},
    **{
        key: {"severity": "low", "text": "A wrong answer."}
        for key in ("POST /v1/releases/{id}/incidents", "POST /review/{release_id}/incident")
    },
    "POST /review/{release_id}/stop": {"reason": "It answers nonsense.", "sure": "yes"},
    "POST /review/{release_id}/resolve": {"about": "condition-nothing", "reason": "It was done."},
    "POST /v1/releases/{id}/stop": {"reason": "It answers nonsense."},
    "POST /v1/releases/{id}/resume": {"reason": "It was repaired."},
    "POST /v1/releases/{id}/conditions/{condition}": {"reason": "It was done."},
    **{
        key: {"key": "intended_purpose", "text": "To sort messages.", "language": "en"}
        for key in ("PUT /v1/statements", "POST /statements")
    },
    "POST /v1/releases/{id}/attacked": {"rows": 10},
    "POST /v1/releases/{id}/attacked/{row}": {"meaning": "kept"},
    "POST /judge/{release_id}": {"row": "nothing", "meaning": "kept"},
}


@pytest.fixture(scope="module")
def made(make_approved: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_approved(tmp_path_factory.mktemp("authorization"))


@pytest.fixture(scope="module")
def callers(made: Any) -> list[TestClient]:
    """A client for each of WHO."""
    people = made.workspace.people
    here, open_to_all = served(made.workspace), served(made.workspace, host="0.0.0.0")
    keys = [people.add(made.owner, f"one-{role}", [role]) for role in WHO[2:]]
    people.add(made.owner, "spare", ["user"])
    return [
        client_of(open_to_all, "beside.example", "192.0.2.7"),
        client_of(here, "127.0.0.1:8321", "127.0.0.1"),
        *(client_of(here, "127.0.0.1:8321", "127.0.0.1", Authorization=f"Bearer {key}") for key in keys),
    ]


def served(workspace: Workspace, **where: Any) -> FastAPI:
    app = create_app(workspace, **where)
    mount(app, workspace)
    return app


def client_of(app: FastAPI, at: str, address: str, **headers: str) -> TestClient:
    return TestClient(
        app,
        base_url=f"http://{at}",
        client=(address, 50_000),
        headers=headers,
        raise_server_exceptions=False,
        follow_redirects=False,
    )


def routes_of(routes: Any) -> Iterator[str]:
    """`METHOD /path` of every route, those of included routers too."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes)
        else:
            yield from (
                f"{method} {route.path}" for method in sorted(getattr(route, "methods", None) or ["GET"]) if method != "HEAD"
            )


def test_the_table_has_a_line_for_every_route_and_no_other(callers: list[TestClient]) -> None:
    there = list(routes_of(callers[0].app.routes))  # type: ignore[attr-defined]
    assert {*there} - TABLE.keys() == set(), "say in TABLE who may call this"
    assert TABLE.keys() - {*there} == set(), "this is not there any more"


@pytest.mark.parametrize("line", TABLE)
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    line: str, made: Any, callers: list[TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "sleep", stop_watching)
    heard = []
    for who, client in zip(WHO, callers, strict=True):
        if line.endswith("/resume"):  # there must be something to resume
            callers[-1].post(f"/v1/releases/{made.release.id}/incidents", json={"severity": "high", "text": "It went wrong."})
        status = call(line, client, made)
        assert status < 500 or line == "GET /v1/progress", f"{line} for {who}: {status}"
        heard.append({401: "1", 403: "3"}.get(status, "y"))
    assert "".join(heard) == TABLE[line], dict(zip(WHO, heard, strict=True))


async def stop_watching(seconds: float) -> None:
    raise ConnectionError("the stream has no end; here it has one")


def call(line: str, client: TestClient, made: Any) -> int:
    """The status of one call, with real ids where there are such."""
    method, path = line.split(" ")
    people, ids = made.workspace.people, {"id": made.release.id, "release": made.release.id, "release_id": made.release.id}
    if "/improve" in path or (method == "POST" and path.endswith(("/attacked", "/attack"))):
        ids = dict.fromkeys(ids, "nothing")  # nobody should start a training or an attack here
    if path.startswith(("/v1/corpora", "/v1/runs")):
        ids["id"] = "corpus-toy" if "corpora" in path else "run-toy"
    ids["corpus_id"] = "corpus-toy"
    if path.endswith("/compress"):
        ids["id"] = "nothing"  # nor a compression
    for name in ("prediction_id", "artifact", "name", "condition", "file", "run_id", "row"):
        ids[name] = "nothing"
    address = path.format(**ids) + {"/people/one": "?name=spare", "/static": "/console.css"}.get(path, "")
    body: dict[str, Any] = {"name": "spare", **SENT.get(line, {})}
    if line == "POST /sign-in":
        body = {"key": people.add(made.owner, "spare", ["user"])}
    if line == "POST /sign-in/code":  # too short: the code stays good, and nothing is signed in
        body = {"code": people.signing_in.make_code(made.owner, "spare"), "password": "short", "again": "short"}
    as_json = path.startswith("/v1/") or path in ("/", "/models/{release}")
    sent = {} if method == "GET" else {"json": SENT.get(line, {})} if as_json else {"data": body}
    answer = client.request(method, address, headers={"accept": "application/json"}, **sent)
    client.cookies.clear()
    return answer.status_code


def in_words(line: str) -> str:
    """Who may, as a person reads it."""
    known = {
        PUBLIC: "everybody",
        ASK: "everybody at this machine; elsewhere everybody with an account",
        NAMED: "everybody with an account",
        NEEDS_PROVIDER: "everybody, once an identity provider is configured",
    }
    may = [who.replace("_", " ") for who, sign in zip(WHO, TABLE[line], strict=True) if sign == "y"]
    return known.get(TABLE[line], ", ".join(reversed(may)))


def table_in_words() -> str:
    """The table as Markdown."""
    rows = "".join(f"| `{line}` | {in_words(line)} |\n" for line in TABLE)
    return f"| route | who may call it |\n|---|---|\n{rows}"


def test_the_documentation_has_the_same_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table_in_words(), "run: python tests/test_authorization.py"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table_in_words() + END + rest.partition(END)[2], encoding="utf-8")
    sys.stdout.write(f"{len(TABLE)} lines written to {PAGE}\n")
