"""A privacy officer in a browser: look, hand out the copy, erase, read the certificate; with and without scripts."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beside.api.actor import COOKIE
from beside.core.types import Actor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WORDS = "cancel the subscription now"  # a training row of the approved release
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not installed, so the page was not tried in a browser"),
]


@pytest.fixture
def room(make_approved: Any, show: Any, run: Any, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A console on loopback over a release that was trained on the person."""
    shown = show(make_approved(tmp_path / "bank"))
    with run(shown.app) as address:
        yield shown, address


def test_an_officer_handles_one_request_to_the_certificate(room: Any) -> None:
    from playwright.sync_api import sync_playwright

    shown, address = room
    people, olga = shown.workspace.people, Actor(name="olga", roles=("admin",))
    people.add(olga, "nora", ["privacy_officer"])
    token = people.open_session(Actor(name="nora", roles=("privacy_officer",)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(locale="en-GB", java_script_enabled=False)
        context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/protect")
        page.get_by_role("link", name="Rights").click()
        page.get_by_label("Words that name them").fill(WORDS)
        page.get_by_role("button", name="Look").click()
        assert page.get_by_role("row", name="release").get_by_text("retired, its bundle deleted").count() == 1
        assert WORDS not in page.url
        with page.expect_download() as taken:
            page.get_by_role("button", name="Download their copy").click()
        with zipfile.ZipFile(taken.value.path()) as packed:
            assert WORDS in packed.read("everything.json").decode()
        page.get_by_role("button", name="Erase this person").click()
        assert page.url.endswith("/persons") and page.get_by_text("has begun").count() == 0, "the box was not ticked"
        page.get_by_label("I am sure").check()
        page.get_by_role("button", name="Erase this person").click()
        page.wait_for_url("**/persons?started=1")
        until = time.monotonic() + 90
        while not page.get_by_role("link", name="Read it").count() and time.monotonic() < until:
            time.sleep(0.5)
            page.reload()
        page.get_by_role("link", name="Read it").click()
        assert page.get_by_text("found nothing of them afterwards").count() == 1
        page.get_by_role("link", name="中文").click()
        assert page.get_by_text("没有再找到此人的任何内容").count() == 1
        browser.close()
    assert WORDS.encode() not in b"".join(file.read_bytes() for file in shown.workspace.state.rglob("*") if file.is_file())
