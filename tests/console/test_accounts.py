"""The pages My account and People: what is shown once, what ends at once, and that another site can do none of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from beside.api.actor import COOKIE
from beside.core.types import Actor

OLGA = Actor(name="olga", roles=("admin",))
WORDS, MORE_WORDS = "correct horse battery", "another long password"


def shown_once(answer):
    """What the notice of a page offers to copy."""
    return re.search(r'class="notice".*?data-copy="([^"]+)"', answer.text, re.S)[1]


def test_an_admin_adds_a_person_who_chooses_a_password_of_their_own(desk, visiting):
    admin = desk.visit("admin")
    made = admin.post("/people", data={"name": "Mei 美", "roles": ["annotator", "user"]})
    link = urlsplit(shown_once(made))
    assert link.path == "/sign-in/code"
    assert shown_once(made) not in admin.get("/people/one", params={"name": "Mei 美"}).text
    mei, code = visiting(desk.app), parse_qs(link.query)["code"][0]
    assert "Mei 美" in mei.get("/sign-in/code", params={"code": code}).text
    short = mei.post("/sign-in/code", data={"code": code, "password": "short", "again": "short"})
    assert short.status_code == 422 and "12 to 1000 characters" in short.text
    unlike = mei.post("/sign-in/code", data={"code": code, "password": WORDS, "again": MORE_WORDS})
    assert unlike.status_code == 422 and WORDS not in unlike.text
    assert "Mei 美" in mei.post("/sign-in/code", data={"code": code, "password": WORDS, "again": WORDS}).text
    assert mei.post("/sign-in/code", data={"code": code, "password": WORDS, "again": WORDS}).status_code == 401
    assert desk.workspace.people.session(mei.cookies[COOKIE]).roles == ("annotator", "user")


def test_a_token_is_shown_once_and_holds_only_its_roles(desk, ask_with):
    visitor = desk.visit("builder")
    made = visitor.post("/account/tokens", data={"label": "nightly", "roles": ["user"], "days": "30"})
    secret = shown_once(made)
    assert secret not in visitor.get("/account").text and "nightly" in visitor.get("/account").text
    assert desk.workspace.people.by_key(secret) == Actor(name="the builder", roles=("user",))
    assert ask_with(secret).get("/people").status_code == 403
    more = visitor.post("/account/tokens", data={"label": "more", "roles": ["admin"]})
    assert more.status_code == 403 and "data-copy" not in more.text
    limited = desk.visit()
    limited.post("/sign-in", data={"key": secret})
    assert limited.post("/account/tokens", data={"label": "more", "roles": ["builder"]}).status_code == 403
    own = {"current": "", "password": WORDS, "again": WORDS}
    assert limited.post("/account/password", data=own).status_code == 403
    token = next(one for one in desk.workspace.people.tokens.of(OLGA, "the builder") if one.label == "nightly")
    visitor.post("/account/tokens/revoke", data={"id": token.id})
    assert desk.workspace.people.by_key(secret) is None
    assert "Sign out" not in limited.get("/").text


@pytest.fixture
def ask_with(desk, visiting):
    return lambda key: visiting(desk.app, authorization=f"Bearer {key}", accept="application/json")


def test_changing_the_password_signs_out_everywhere_else_and_renews_this_browser(desk):
    people = desk.workspace.people
    people.add(OLGA, "chan", ["user"], token=False)
    people.signing_in.set_password(OLGA, "chan", WORDS)
    here, elsewhere = desk.visit(), desk.visit()
    for visitor in (here, elsewhere):
        visitor.post("/sign-in", data={"name": "chan", "password": WORDS})
    before = here.cookies[COOKIE]
    wrong = here.post("/account/password", data={"current": "wrong", "password": MORE_WORDS, "again": MORE_WORDS})
    assert wrong.status_code == 401 and "The current password is wrong." in wrong.text
    done = here.post("/account/password", data={"current": WORDS, "password": MORE_WORDS, "again": MORE_WORDS})
    assert "The password was changed" in done.text
    assert here.cookies[COOKIE] != before and people.session(before) is None
    assert "Sign out" not in elsewhere.get("/").text
    here.post("/account/sign-out-everywhere")
    assert people.sessions.of(OLGA, "chan") == []


def test_a_disabled_person_is_out_at_the_next_click(desk):
    desk.workspace.people.add(OLGA, "dee", ["reviewer"], token=False)
    desk.workspace.people.signing_in.set_password(OLGA, "dee", WORDS)
    dee, admin = desk.visit(), desk.visit("admin")
    dee.post("/sign-in", data={"name": "dee", "password": WORDS})
    assert dee.get("/account").status_code == 200
    assert "disabled" in admin.post("/people/disable", data={"name": "dee"}).text
    assert dee.get("/account").status_code == 401
    assert dee.post("/sign-in", data={"name": "dee", "password": WORDS}).status_code == 401
    admin.post("/people/enable", data={"name": "dee"})
    assert dee.post("/sign-in", data={"name": "dee", "password": WORDS}).status_code == 200


def test_only_admins_and_privacy_officers_see_who_has_an_account(desk):
    for role in ("builder", "reviewer", "user"):
        visitor = desk.visit(role)
        assert visitor.get("/people").status_code == 403
        assert 'href="/people"' not in visitor.get("/").text
        assert visitor.post("/people", data={"name": "eve", "roles": ["admin"]}).status_code == 403
    assert desk.visit().get("/people").status_code == desk.visit().get("/account").status_code == 401
    assert "the builder" in desk.visit("admin").get("/people").text


@pytest.mark.parametrize(
    "address", ["/people", "/people/disable", "/people/code", "/account/password", "/account/tokens", "/sign-in/code"]
)
def test_another_site_can_use_no_form(desk, address):
    before = desk.workspace.people.accounts(OLGA)
    for told in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = desk.visit("admin").post(address, data={"name": "the user", "roles": ["admin"]}, headers=told)
        assert answer.status_code == 403 and "You may not do this" in answer.text
    assert [one.roles for one in desk.workspace.people.accounts(OLGA)] == [one.roles for one in before]


def test_the_pages_speak_chinese(desk):
    visitor = desk.visit("admin", language="zh")
    for path, title in [("/people", "人员"), ("/account", "我的账户"), ("/people/one?name=the%20user", "the user")]:
        page = visitor.get(path)
        assert page.status_code == 200 and f"{title}</h1>" in page.text
    refused = visitor.post("/people", data={"name": "", "roles": ["user"]})
    assert refused.status_code == 422 and "不能用作姓名" in refused.text


def test_who_came_by_the_servers_link_and_has_no_account_is_told_so(desk, visiting):
    visitor = visiting(desk.app)
    visitor.get(f"/sign-in?key={desk.workspace.people.sessions.link(Actor(name='root', roles=('admin',)))}")
    page = visitor.get("/account")
    assert page.status_code == 200 and "have no account of your own" in page.text
    assert visitor.post("/account/password", data={"password": WORDS, "again": WORDS}).status_code == 404


def test_no_log_line_ever_holds_a_password_a_token_or_a_code(desk, visiting, caplog):
    caplog.set_level("DEBUG")
    code = desk.workspace.people.signing_in.make_code(OLGA, "the user")
    secrets = [code, WORDS, desk.keys["admin"], desk.workspace.people.sessions.link(OLGA)]
    visitor = visiting(desk.app)
    visitor.get(f"/sign-in?key={secrets[3]}")
    visitor.post("/sign-in", data={"name": WORDS, "password": WORDS})
    visitor.post("/sign-in", data={"key": secrets[2]})
    visitor.get(f"/sign-in/code?code={code}")
    visitor.post("/sign-in/code", data={"code": code, "password": WORDS, "again": WORDS})
    secrets.append(visitor.cookies[COOKIE])
    assert caplog.text
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert [secret for secret in secrets if secret in ours] == []
