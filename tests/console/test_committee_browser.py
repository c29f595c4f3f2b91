"""Two reviewers in two browsers read, disagree, comment, change their mind and sign; then somebody presses stop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from beside.api.actor import COOKIE
from beside.core.recipe import Policy
from beside.core.types import Actor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OLGA = Actor(name="olga", roles=("admin",))
RULES = Policy(
    name="two people", signers={"reviewer": 2}, checklist={"people": "Will a person read each answer before it counts?"}
)  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not installed, so the console was not tried in a browser"),
]


@pytest.fixture
def room(make_approved: Any, show: Any, run: Any, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A console on loopback with a draft that two reviewers must sign."""
    shown = show(make_approved(tmp_path, approve=False, policy=RULES))
    with run(shown.app) as address:
        yield shown, address


def seat(browser: Any, room: tuple[Any, str], name: str, **context: Any) -> Any:
    """A browser of its own, in which a reviewer has the page of the release open."""
    shown, address = room
    people = shown.workspace.people
    people.add(OLGA, name, ["reviewer"])
    opened = browser.new_context(locale="en-GB", **context)
    token = people.open_session(Actor(name=name, roles=("reviewer",)))
    opened.add_cookies([{"name": COOKIE, "value": token, "url": address}])
    page = opened.new_page()
    page.goto(f"{address}/review/{shown.release.id}")
    return page


def sign(page: Any, decision: str, reason: str) -> None:
    if decision == "Approve":
        page.get_by_role("group", name="Will a person read each answer").get_by_label("yes").check()
    page.get_by_role("radio", name=decision).check()
    page.get_by_label("Reason, kept for good").fill(reason)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_role("cell", name=re.compile(re.escape(reason))).last.wait_for()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_two_reviewers_disagree_talk_change_their_mind_and_sign_and_one_stops_it(room: Any, scripts: bool) -> None:
    from playwright.sync_api import sync_playwright

    shown, address = room
    asked = {"url": f"{address}/v1/predict", "json": {"text": "where is my parcel"}, "timeout": 20}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        mei, jon = (seat(browser, room, name, java_script_enabled=scripts) for name in ("mei", "jon"))
        sign(mei, "Approve", "It holds what it promises.")
        sign(jon, "Reject", "Only 120 rows were tested.")
        jon.locator(".talks summary").first.click()
        jon.get_by_label("Comment, kept with your name").first.fill("Is 120 enough for three labels?")
        jon.get_by_role("button", name="Say it").first.click()
        mei.reload()
        mei.get_by_text("Is 120 enough for three labels?", exact=True).first.wait_for()
        mei.get_by_text("jon rejected it: Only 120 rows were tested.").wait_for()
        assert httpx.post(**asked).status_code == 409
        sign(jon, "Approve", "Mei showed me the interval.")
        jon.get_by_text("Nothing. It may be served.").wait_for()
        assert jon.get_by_text("changed their mind since").count() == 1
        assert httpx.post(**asked).status_code == 200
        mei.reload()
        mei.locator("summary", has_text="Stop this release").click()
        mei.get_by_label("Why, for those who find it stopped").fill("It answers in the wrong language.")
        mei.get_by_label("I am sure").check()
        mei.get_by_role("button", name="Stop it now").click()
        mei.get_by_text(re.compile("mei stopped it on .*wrong language")).wait_for()
        refused = httpx.post(**asked)
        assert (refused.status_code, "mei stopped it on" in refused.text) == (409, True)
        browser.close()
    assert shown.workspace.records.release(OLGA, shown.release.id).state == "stopped"
