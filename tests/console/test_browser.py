"""The console in a real Chromium: one person's way through it, with nothing loaded from outside and nothing said in the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from beside.core.types import Actor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OWNER = Actor(name="olga", roles=("admin",))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not installed, so the console was not tried in a browser"),
]


@dataclass
class Seen:
    """A browser tab on the console, and all that it asked for and complained of."""

    page: Any
    address: str
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("console", lambda told: self.complaints.append(told.text) if told.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def must_be_clean(self) -> None:
        assert self.complaints == []
        assert self.hosts == {urlsplit(self.address).netloc}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("chromium")
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=ARGUMENTS, locale="en-GB", viewport={"width": 1100, "height": 800}
        )
        yield context
        context.close()


@pytest.fixture(scope="module")
def shown(make_approved: Any, show: Any, run: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A console of its own, served on loopback."""
    made = show(make_approved(tmp_path_factory.mktemp("browser")))
    with run(made.app) as address:
        yield made, address


@pytest.fixture
def tab(chromium: Any, shown: tuple[Any, str]) -> Iterator[Seen]:
    chromium.clear_cookies()
    seen = Seen(chromium.new_page(), shown[1])
    seen.watch()
    yield seen
    seen.page.close()


def test_from_signing_in_to_a_stored_correction(tab, shown):
    made, address = shown
    link = made.workspace.people.sessions.link(Actor(name="the user", roles=("user",)))
    tab.go(f"/sign-in?key={link}")
    assert tab.page.url == f"{address}/"
    tab.page.get_by_role("link", name="Try it", exact=True).first.click()
    tab.page.get_by_label("Message").fill("where is my parcel")
    tab.page.get_by_role("button", name="Ask the model").click()
    tab.page.get_by_text("Is this right?").wait_for()
    assert tab.page.locator(".large").inner_text() == "deliver"
    assert "/try/prediction-" in tab.page.url
    assert tab.page.locator("mark[class*=w9]").count() >= 1

    tab.page.locator("summary", has_text="Wrong").click()
    tab.page.get_by_role("radio", name="refund").check()
    tab.page.get_by_label("Note (optional)").fill("They wrote about money before.")
    tab.page.get_by_role("button", name="Store the correction").click()
    tab.page.get_by_text("Thank you. It is stored.").wait_for()
    asked, said = made.workspace.records.answers(OWNER, made.release.id)[-1]
    assert (asked.text, said.label, said.who) == ("where is my parcel", "refund", "the user")

    tab.page.get_by_role("link", name="中文").click()
    tab.page.get_by_text("谢谢，已经保存。").wait_for()
    assert tab.page.locator(".large").inner_text() == "deliver"
    tab.must_be_clean()


def test_the_keyboard_alone_is_enough_to_ask(tab):
    tab.go("/try")
    tab.page.keyboard.type("give me a refund")  # the field has the focus
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".large", has_text="refund").wait_for()
    assert tab.page.evaluate("document.activeElement.id") == "answer-title"
    tab.page.go_back()
    tab.page.locator("#ask").wait_for()
    tab.must_be_clean()


def test_what_is_refused_is_told_in_place_and_nothing_typed_is_lost(tab):
    tab.go("/try")
    tab.page.evaluate("document.getElementById('text').removeAttribute('required')")
    tab.page.get_by_label("Message").fill("  ")
    tab.page.get_by_role("button", name="Ask the model").click()
    tab.page.get_by_text("The text is empty.").wait_for()
    assert tab.page.get_by_label("Message").input_value() == "  "
    assert [told for told in tab.complaints if "422" not in told] == []  # a refusal is a status, which Chromium notes


def test_without_scripts_the_same_forms_work(chromium, shown):
    _, address = shown
    plain = chromium.browser.new_context(java_script_enabled=False) if chromium.browser else None
    if plain is None:
        pytest.skip("this Chromium gives no second context, so scripts cannot be switched off")
    page = plain.new_page()
    page.goto(f"{address}/try")
    page.get_by_label("Message").fill("where is my parcel")
    page.get_by_role("button", name="Ask the model").click()
    page.get_by_role("button", name="Correct").click()
    page.get_by_text("Thank you. It is stored.").wait_for()
    plain.close()


def test_work_that_begins_elsewhere_shows_by_itself(tab, shown):
    made, _ = shown
    tab.go("/?lang=zh")
    strip = tab.page.locator("#progress")
    assert not strip.is_visible()
    made.workspace.report_progress({"stage": "train", "done": 5, "total": 20, "note": "epoch 1/4, loss 0.512, about 9 s left"})
    strip.get_by_text("训练中").wait_for()
    assert strip.locator("progress").evaluate("bar => bar.value") == 25
    strip.get_by_text("约剩 9 秒").wait_for()
    made.workspace.report_progress(None)
    strip.wait_for(state="hidden")
    tab.must_be_clean()


@pytest.mark.parametrize("path", ["/", "/try", "/evidence", "/review", "/review/{release}", "/sign-in"])
@pytest.mark.parametrize("width", [390, 1100])
def test_no_page_is_wider_than_the_window(tab, shown, path, width):
    tab.page.set_viewport_size({"width": width, "height": 800})
    for language in ("en", "zh"):
        tab.go(f"{path.format(release=shown[0].release.id)}?lang={language}")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    tab.must_be_clean()


def test_the_sealed_card_opens_styled_and_runs_nothing(tab, shown):
    made, _ = shown
    tab.go(f"/review/{made.release.id}/card.html")
    assert tab.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(251, 250, 246)"
    tab.must_be_clean()
