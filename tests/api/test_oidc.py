"""Signing in through an OpenID Connect provider: a real one, on this machine, whose answers can be made wrong in every way."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from beside.api.actor import COOKIE
from beside.api.app import create_app
from beside.console import mount
from beside.core.errors import BadOption
from beside.core.types import Actor
from beside.store.identity import Oidc
from beside.store.workspace import Workspace

OLGA = Actor(name="olga", roles=("admin",))


@dataclass
class Provider:
    """Discovery, authorize, token and jwks; `claims` and `facts` change what it says."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    address: str = ""
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    signed_with: RSAKey | None = None

    def discovery(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {"issuer": self.address, **{name: f"{self.address}/{path}" for name, path in places.items()}, **self.facts}

    def authorize(self, url: str) -> str:
        """What a person does in a browser there; the address that the browser is sent back to."""
        given = dict(parse_qsl(urlsplit(url).query))
        assert given["response_type"] == "code" and given["code_challenge_method"] == "S256" and "openid" in given["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = given
        return f"{given['redirect_uri']}?code={code}&state={given['state']}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        given = self.codes.pop(form.get("code", ""), None)
        secret = base64.b64encode(b"beside:hush").decode()
        if given is None or authorization != f"Basic {secret}" or form["redirect_uri"] != given["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != given["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.address, "aud": "beside", "sub": "42", "nonce": given["nonce"], "iat": now, "exp": now + 300}
        claims |= {"preferred_username": "mei", "groups": ["readers", "approvers"], **self.claims}
        id_token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signed_with or self.key)
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": id_token}


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.provider.asked.append(path)
        known = {"/.well-known/openid-configuration": self.provider.discovery, "/jwks": self.keys}
        self.say(200, known[path]()) if path in known else self.say(404, {})

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        plain = {name: values[0] for name, values in form.items()}
        self.say(*self.provider.token(plain, self.headers.get("authorization", "")))

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.provider.key.as_dict(private=False)]}

    def say(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"provider": made}))
    made.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def workspace(provider: Provider, tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "secret").write_text("hush\n")
    settings = f"""
        [oidc]
        issuer = "{provider.address}"
        client_id = "beside"
        client_secret_file = "{tmp_path / "secret"}"
        [oidc.roles]
        approvers = "reviewer"
        readers = "user"
    """
    (tmp_path / "beside.toml").write_text(settings)
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def browser(workspace: Workspace) -> TestClient:
    app = create_app(workspace)
    mount(app, workspace)
    headers = {"accept": "text/html"}
    return TestClient(app, base_url="http://127.0.0.1:8321", client=("127.0.0.1", 50_000), headers=headers, follow_redirects=False)


def there_and_back(browser: TestClient, provider: Provider, next: str = "/review") -> Any:
    sent = browser.get(f"/sign-in/oidc?next={next}")
    assert sent.status_code == 303, sent.text
    return browser.get(provider.authorize(sent.headers["location"]))


def test_somebody_signs_in_with_the_roles_of_their_groups(browser: TestClient, provider: Provider, workspace: Workspace) -> None:
    back = there_and_back(browser, provider)
    assert back.status_code == 200 and 'content="0;url=/review"' in back.text
    assert "SameSite=strict" in back.headers["set-cookie"] and "HttpOnly" in back.headers["set-cookie"]
    assert workspace.people.session(browser.cookies[COOKIE]) == Actor(name="mei", roles=("reviewer", "user"))
    assert workspace.people.account(OLGA, "mei").outside
    provider.claims = {"groups": ["readers"], "preferred_username": "renamed"}
    there_and_back(browser, provider)
    assert workspace.people.session(browser.cookies[COOKIE]) == Actor(name="mei", roles=("user",))


def test_nothing_is_asked_of_the_provider_before_somebody_presses_the_link(browser: TestClient, provider: Provider) -> None:
    for path in ("/", "/sign-in", "/docs", "/healthz"):
        browser.get(path)
    assert provider.asked == []
    assert 'href="/sign-in/oidc?next=/"' in browser.get("/sign-in").text


@pytest.mark.parametrize(
    "wrong, why",
    [
        ({"iss": "https://evil.example"}, "of another issuer"),
        ({"aud": "another"}, "for somebody else"),
        ({"aud": ["beside", "another"]}, "given to somebody else"),
        ({"azp": "another"}, "given to somebody else"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": int(time.time()) - 120}, "expired"),
        ({"exp": "tomorrow"}, "expired"),
        ({"iat": int(time.time()) + 3600}, "future"),
        ({"sub": ""}, "names nobody"),
    ],
)
def test_a_token_that_is_wrong_in_any_way_is_refused(
    browser: TestClient, provider: Provider, workspace: Workspace, wrong: dict[str, Any], why: str
) -> None:
    provider.claims = wrong
    back = there_and_back(browser, provider)
    assert back.status_code == 401 and why in back.text and "cannot be trusted" in back.text
    assert COOKIE not in browser.cookies and workspace.people.accounts(OLGA) == []


def test_a_token_that_somebody_else_signed_is_refused(browser: TestClient, provider: Provider) -> None:
    provider.signed_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert "its signature is not good" in there_and_back(browser, provider).text


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}])
def test_a_token_that_is_not_signed_with_the_providers_key_is_refused(
    browser: TestClient, provider: Provider, monkeypatch: pytest.MonkeyPatch, header: dict[str, str]
) -> None:
    def forged(given: Any, claims: dict[str, Any], key: Any) -> str:
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
        return ".".join([*parts, "" if header["alg"] == "none" else "c2lnbmVk"])

    monkeypatch.setattr(jwt, "encode", forged)
    assert "its signature is not good" in there_and_back(browser, provider).text


def test_another_state_a_used_code_and_another_browser_are_refused(browser: TestClient, provider: Provider) -> None:
    back = provider.authorize(browser.get("/sign-in/oidc").headers["location"])
    assert "the state is not the one that was sent" in browser.get(back.replace("state=", "state=x")).text
    assert browser.get(back).status_code == 401  # the cookie is gone: whoever failed begins anew
    fresh = provider.authorize(browser.get("/sign-in/oidc").headers["location"])
    stolen = dict(browser.cookies)
    assert browser.get(fresh).status_code == 200
    browser.cookies.update(stolen)
    assert browser.get(fresh).status_code == 401  # the code was used
    browser.cookies.clear()
    assert "not begun in this browser" in browser.get(fresh).text


def test_the_code_is_worth_nothing_without_the_verifier(browser: TestClient, provider: Provider) -> None:
    back = provider.authorize(browser.get("/sign-in/oidc").headers["location"])
    for given in provider.codes.values():
        given["code_challenge"] = "of-another-browser"
    assert "did not sign you in" in browser.get(back).text


def test_a_provider_that_describes_another_issuer_or_unsafe_addresses_is_refused(browser: TestClient, provider: Provider) -> None:
    for facts, told in [
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"token_endpoint": "http://evil.example"}, "not safe"),
    ]:
        provider.facts = facts
        assert told in browser.get("/sign-in/oidc").text


def test_who_has_no_group_here_or_a_disabled_account_stays_outside(
    browser: TestClient, provider: Provider, workspace: Workspace
) -> None:
    provider.claims = {"groups": ["strangers"]}
    assert there_and_back(browser, provider).status_code == 403
    provider.claims = {}
    there_and_back(browser, provider)
    workspace.people.disable(OLGA, "mei")
    browser.cookies.clear()
    assert there_and_back(browser, provider).status_code == 403
    assert COOKIE not in browser.cookies


def test_the_secret_comes_from_the_environment_or_a_file_and_never_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_env = Oidc(issuer="https://id.example", client_id="b", client_secret_env="BESIDE_TEST_SECRET")
    with pytest.raises(BadOption, match="BESIDE_TEST_SECRET is empty"):
        from_env.secret()
    monkeypatch.setenv("BESIDE_TEST_SECRET", "hush")
    assert from_env.secret() == "hush"
    assert Oidc(issuer="https://id.example", client_id="b").secret() is None
    with pytest.raises(BadOption, match="cannot be read"):
        Oidc(issuer="https://id.example", client_id="b", client_secret_file=str(tmp_path / "none")).secret()
    (tmp_path / "beside.toml").write_text('[oidc]\nissuer = "https://id.example"\nclient_id = "b"\nclient_secret = "hush"\n')
    with pytest.raises(BadOption, match="client_secret") as refusal:
        Workspace.open(tmp_path)
    assert "hush" not in refusal.value.message + refusal.value.hint
