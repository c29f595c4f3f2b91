"""Sign in: a name with its password, a personal key, a one-time code, a printed link or an identity provider becomes a session."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from beside.api import oidc
from beside.api.actor import COOKIE
from beside.console.page import render, workspace_of
from beside.core.errors import BadInput, BadOption, BesideError, NotPermitted, NotSignedIn
from beside.core.types import Actor
from beside.store.identity import Oidc

KEPT = "beside_oidc"  # cookie that waits for the identity provider to send the browser back
TEN_MINUTES = 600  # seconds
USED = ("This link is not good, or no longer.", "It works once, within 12 hours. Start `beside serve` again for a new one.")
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


@router.get("/sign-in")
def sign_in(request: Request, key: str = "", next: str = "/") -> Response:
    """The form; with the one-use token of the link that `beside serve` prints, signs in at once."""
    if not key:
        return form(request, next)
    token = workspace_of(request).people.sessions.use_link(key.strip(), address_of(request))
    return form(request, next, NotSignedIn(*USED)) if token is None else signed_in(request, token, next)


@router.post("/sign-in")
def with_secret(request: Request, name: Text = "", password: Text = "", key: Text = "", next: Text = "/") -> Response:
    """Signs in with a name and a password, or with a personal key."""
    signing_in, address = workspace_of(request).people.signing_in, address_of(request)
    try:
        token = signing_in.with_token(key.strip(), address) if key else signing_in.with_password(name, password, address)
    except BesideError as error:
        return form(request, next, error, name)
    return signed_in(request, token, next)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Ends the session, on the server too."""
    close(request)
    return without_cookie(RedirectResponse("/", status_code=303))


@router.get("/sign-in/code")
def code_form(request: Request, code: str = "") -> Response:
    """Where a one-time code is exchanged for a password of one's own."""
    return choosing(request, code)


@router.post("/sign-in/code")
def with_code(request: Request, code: Text = "", password: Text = "", again: Text = "") -> Response:
    """Chooses a password, and signs in."""
    try:
        must_be_same(password, again)
        token = workspace_of(request).people.signing_in.with_code(code.strip(), password, address_of(request))
    except BesideError as error:
        return choosing(request, code, error)
    return signed_in(request, token, "/account")


@router.get("/sign-in/oidc")
async def to_provider(request: Request, next: str = "/") -> Response:
    """Sends the browser to the identity provider."""
    settings = configured(request)
    try:
        url, kept = await run_sync(oidc.begin, settings, back(request, settings), local(next))
    except (NotSignedIn, BadOption) as error:
        return await run_sync(form, request, next, error)
    answer = RedirectResponse(url, status_code=303)
    # lax, not strict: the provider sends the browser back from another site
    path, secure = "/sign-in/oidc", is_secure(request)
    answer.set_cookie(KEPT, kept.as_cookie(), max_age=TEN_MINUTES, path=path, httponly=True, samesite="lax", secure=secure)
    return answer


@router.get("/sign-in/oidc/back")
def from_provider(request: Request) -> Response:
    """Takes the browser back from the identity provider."""
    settings = configured(request)
    try:
        kept = oidc.begun(request.cookies.get(KEPT, ""))
        person = oidc.finish(settings, back(request, settings), kept, request.query_params)
        people = workspace_of(request).people
        actor = people.from_outside(person.issuer, person.subject, person.name, person.roles)
        token = people.sessions.open(actor, "oidc", address_of(request))
    except (NotSignedIn, NotPermitted, BadOption, BadInput) as error:
        answer: Response = form(request, "/", error)
    else:
        # a page, not a redirect: a strict cookie is not sent where another site's redirect leads
        answer = render(request, "signed_in.html", next=local(kept.next))
        with_cookie(request, answer, token)
    answer.delete_cookie(KEPT, path="/sign-in/oidc", httponly=True, samesite="lax")
    return answer


def form(request: Request, next: str, error: BesideError | None = None, name: str = "") -> Response:
    """The page with the form; what was typed as password or key is never repeated."""
    status = error.status if error else 200
    outside = workspace_of(request).settings.oidc is not None
    answer = render(
        request, "sign_in.html", status=status, next=local(next), error=error, name=name, outside=outside, open=in_the_open(request)
    )
    if seconds := getattr(error, "seconds", 0):
        answer.headers["Retry-After"] = str(seconds)
    return answer


def choosing(request: Request, code: str, error: BesideError | None = None) -> Response:
    """The page where a password is chosen."""
    name = workspace_of(request).people.signing_in.invited(code.strip())
    return render(request, "code.html", status=error.status if error else 200, code=code if name else "", name=name, error=error)


def signed_in(request: Request, token: str, next: str) -> Response:
    """On to the page, with a cookie of a new session; the session that this browser had before ends."""
    answer = RedirectResponse(local(next), status_code=303)
    with_cookie(request, answer, token)
    return answer


def with_cookie(request: Request, answer: Response, token: str) -> None:
    """Puts the session's cookie on an answer and ends the session before, so that nobody who knew its token comes along."""
    close(request)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_secure(request))


def without_cookie(answer: Response) -> Response:
    """Takes the session's cookie back."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def close(request: Request) -> None:
    """Ends the session of this browser, if it has one."""
    if token := request.cookies.get(COOKIE):
        workspace_of(request).people.close_session(token)


def renewed(request: Request, actor: Actor, address: str) -> Response:
    """The page again, with a session of a new token for somebody whose sessions were all ended."""
    return signed_in(request, workspace_of(request).people.sessions.open(actor, "password", address_of(request)), address)


def must_be_same(password: str, again: str) -> None:
    """Does nothing when a new password was typed twice alike.

    Raises:
        BadInput: it was not.
    """
    if password != again:
        raise BadInput("The two passwords are not the same.", "Type the new password twice.")


def configured(request: Request) -> Oidc:
    """The identity provider.

    Raises:
        NotPermitted: there is none.
    """
    settings = workspace_of(request).settings.oidc
    if settings is None:
        raise NotPermitted("This server has no identity provider.", "Sign in with a name and a password, or with a key.")
    return settings


def back(request: Request, settings: Oidc) -> str:
    """The address that the provider sends the browser back to."""
    return f"{(settings.address or str(request.base_url)).rstrip('/')}/sign-in/oidc/back"


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def is_secure(request: Request) -> bool:
    """Whether cookies may travel over https only: everywhere but on this very machine."""
    return request.url.scheme == "https" or not request.app.state.loopback


def in_the_open(request: Request) -> bool:
    """Whether what is typed here would travel unencrypted: a browser then keeps no secure cookie, so signing in cannot work."""
    return request.url.scheme != "https" and not request.app.state.loopback


def local(address: str) -> str:
    """The address when it is a page of this server, else the home page: a sign-in link must not lead elsewhere."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() and "\\" not in address
    return address if inside else "/"
