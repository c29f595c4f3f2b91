"""Signing in: a key becomes a session, leaves the address bar, and nobody is led elsewhere."""

from __future__ import annotations

import pytest

from beside.api.actor import COOKIE


def test_the_printed_link_signs_in_and_takes_the_key_out_of_the_address(full, visiting):
    visitor = visiting(full.app)
    answer = visitor.get(f"/sign-in?key={full.keys['reviewer']}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert full.keys["reviewer"] not in cookie
    assert "the reviewer" in visitor.get("/").text


def test_over_https_the_cookie_never_travels_in_the_open(full):
    visitor = full.visit()
    visitor.base_url = "https://127.0.0.1:8321"
    answer = visitor.post("/sign-in", data={"key": full.keys["user"]}, follow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("language, told", [("en", "No one has this key."), ("zh", "没有人持有这把密钥。")])
def test_a_wrong_key_is_refused_in_the_persons_language_and_not_repeated(full, language, told):
    answer = full.visit(language=language).post("/sign-in", data={"key": "wrong-key-42"})
    assert answer.status_code == 401
    assert told in answer.text
    assert "wrong-key-42" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "next, place", [("/review", "/review"), ("https://evil.example", "/"), ("//evil.example", "/"), ("/\\evil", "/")]
)
def test_after_signing_in_one_stays_on_this_server(full, next, place):
    answer = full.visit().post("/sign-in", data={"key": full.keys["admin"], "next": next}, follow_redirects=False)
    assert answer.headers["location"] == place


def test_signing_out_ends_the_session_on_the_server_too(full):
    visitor = full.visit("admin")
    token = visitor.cookies[COOKIE]
    visitor.post("/sign-out")
    assert "Sign out" not in visitor.get("/").text
    assert full.workspace.people.session(token) is None


def test_another_site_cannot_sign_somebody_out_or_in(full):
    visitor = full.visit("admin")
    for address in ("/sign-out", "/sign-in"):
        answer = visitor.post(address, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert "<h1>You may not do this</h1>" in answer.text
    assert "Sign out" in visitor.get("/").text


def test_on_an_open_address_a_page_asks_who_is_there(full, show, visiting):
    from beside.api.app import create_app
    from beside.console import mount

    app = create_app(full.workspace, host="0.0.0.0")
    mount(app, full.workspace)
    visitor = visiting(app, at="beside.example", client="192.0.2.7")
    for path in ("/", "/review"):
        answer = visitor.get(path)
        assert answer.status_code == 401
        assert f'href="/sign-in?next={path}"' in answer.text
    assert visitor.get("/sign-in").status_code == 200
    visitor.post("/sign-in", data={"key": full.keys["user"]})
    assert visitor.get("/").status_code == 200
