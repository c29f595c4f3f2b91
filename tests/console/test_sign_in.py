"""Signing in: a key becomes a session, leaves the address bar, and nobody is led elsewhere."""

from __future__ import annotations

import pytest

from beside.api.actor import COOKIE
from beside.core.types import Actor


def test_the_printed_link_signs_in_once_and_leaves_the_address(desk, visiting):
    visitor, link = visiting(desk.app), desk.workspace.people.sessions.link(Actor(name="olga", roles=("admin",)))
    answer = visitor.get(f"/sign-in?key={link}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert link not in cookie
    assert "olga" in visitor.get("/").text
    again = visiting(desk.app).get(f"/sign-in?key={link}")
    assert again.status_code == 401 and "This link is not good, or no longer." in again.text


def test_a_personal_key_does_not_sign_in_by_an_address_which_stays_in_the_history(desk, visiting):
    answer = visiting(desk.app).get(f"/sign-in?key={desk.keys['reviewer']}", follow_redirects=False)
    assert answer.status_code == 401 and desk.keys["reviewer"] not in answer.text


@pytest.mark.parametrize("language, told", [("en", "The name or the password is wrong."), ("zh", "姓名或密码不正确。")])
def test_a_name_and_a_password_sign_in_and_a_wrong_one_is_not_repeated(desk, language, told):
    people = desk.workspace.people
    people.add(Actor(name="olga", roles=("admin",)), f"pat {language}", ["user"], token=False)
    people.signing_in.set_password(Actor(name="olga", roles=("admin",)), f"pat {language}", "correct horse battery")
    visitor = desk.visit(language=language)
    wrong = visitor.post("/sign-in", data={"name": f"pat {language}", "password": "wrong horse battery"})
    assert wrong.status_code == 401 and told in wrong.text and "wrong horse" not in wrong.text
    assert "set-cookie" not in wrong.headers and f'value="pat {language}"' in wrong.text
    right = visitor.post("/sign-in", data={"name": f"pat {language}", "password": "correct horse battery"}, follow_redirects=False)
    assert right.status_code == 303 and right.headers["set-cookie"].startswith(f"{COOKIE}=")


def test_who_guesses_too_often_is_told_when_to_try_again(desk):
    visitor = desk.visit(language="zh")
    for _ in range(5):
        assert visitor.post("/sign-in", data={"name": "no such person", "password": "x"}).status_code == 401
    answer = visitor.post("/sign-in", data={"name": "no such person", "password": "x"})
    assert answer.status_code == 429 and answer.headers["retry-after"] == "1"
    assert "请在 1 秒后再试" in answer.text


def test_every_sign_in_has_a_new_token_and_ends_the_one_before(desk):
    visitor = desk.visit("reviewer")
    first = visitor.cookies[COOKIE]
    planted = desk.visit()
    planted.cookies.set(COOKIE, "a-token-that-somebody-else-chose")
    planted.post("/sign-in", data={"key": desk.keys["user"]})
    assert desk.workspace.people.session("a-token-that-somebody-else-chose") is None
    visitor.post("/sign-in", data={"key": desk.keys["reviewer"]})
    assert visitor.cookies[COOKIE] != first
    assert desk.workspace.people.session(first) is None


def test_over_https_the_cookie_never_travels_in_the_open(desk):
    visitor = desk.visit()
    visitor.base_url = "https://127.0.0.1:8321"
    answer = visitor.post("/sign-in", data={"key": desk.keys["user"]}, follow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("language, told", [("en", "No one has this key."), ("zh", "没有人持有这把密钥。")])
def test_a_wrong_key_is_refused_in_the_persons_language_and_not_repeated(desk, language, told):
    answer = desk.visit(language=language).post("/sign-in", data={"key": "wrong-key-42"})
    assert answer.status_code == 401
    assert told in answer.text
    assert "wrong-key-42" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "next, place", [("/review", "/review"), ("https://evil.example", "/"), ("//evil.example", "/"), ("/\\evil", "/")]
)
def test_after_signing_in_one_stays_on_this_server(desk, next, place):
    answer = desk.visit().post("/sign-in", data={"key": desk.keys["admin"], "next": next}, follow_redirects=False)
    assert answer.headers["location"] == place


def test_signing_out_ends_the_session_on_the_server_too(desk):
    visitor = desk.visit("admin")
    token = visitor.cookies[COOKIE]
    visitor.post("/sign-out")
    assert "Sign out" not in visitor.get("/").text
    assert desk.workspace.people.session(token) is None


def test_another_site_cannot_sign_somebody_out_or_in(desk):
    visitor = desk.visit("admin")
    for address in ("/sign-out", "/sign-in"):
        answer = visitor.post(address, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
        assert "<h1>You may not do this</h1>" in answer.text
    assert "Sign out" in visitor.get("/").text


def test_on_an_open_address_a_page_asks_who_is_there(desk, show, visiting):
    from beside.api.app import create_app
    from beside.console import mount

    app = create_app(desk.workspace, host="0.0.0.0")
    mount(app, desk.workspace)
    plain = visiting(app, at="beside.example", client="192.0.2.7")
    assert "This address is not encrypted" in plain.get("/sign-in").text
    assert "Secure" in plain.post("/sign-in", data={"key": desk.keys["user"]}, follow_redirects=False).headers["set-cookie"]
    visitor = visiting(app, at="beside.example", client="192.0.2.7")
    visitor.base_url = "https://beside.example"
    for path in ("/", "/review"):
        answer = visitor.get(path)
        assert answer.status_code == 401
        assert f'href="/sign-in?next={path}"' in answer.text
    assert visitor.get("/sign-in").status_code == 200
    visitor.post("/sign-in", data={"key": desk.keys["user"]})
    assert visitor.get("/").status_code == 200
