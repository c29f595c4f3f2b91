"""A person judges attacked rows in a browser: with keys alone, to the end, in both languages; and without scripts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beside.api.actor import COOKIE
from beside.core.judging import AttackedRow
from beside.core.types import Actor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
EDITED = ("please drop my order", "my parcel is slow", "give me a return of the money")
TEXTS = ("please cancel my order", "my parcel is late", "give me a refund of the money")
OLGA = Actor(name="olga", roles=("admin",))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="Chromium is not installed, so the page was not tried in a browser"),
]


@pytest.fixture
def room(make_approved: Any, show: Any, run: Any, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A console on loopback over a release with three attacked rows."""
    made = make_approved(tmp_path / "bank")
    labels = ("cancel", "deliver", "refund")
    rows = [
        AttackedRow(
            id=f"attacked-{label}", release_id=made.release.id, attack="robustness/greedy_words", example_id=f"example-{text}",
            text=text, edited=edited, label=label, before=label, after="cancel", before_probabilities={label: 0.9},
            after_probabilities={"cancel": 0.7}, made_at=made.release.made_at,
        )
        for label, text, edited in zip(labels, TEXTS, EDITED, strict=True)
    ]  # fmt: skip
    made.workspace.records.add_attacked(made.owner, made.release.id, rows)
    shown = show(made)
    with run(shown.app) as address:
        yield shown, address


@pytest.mark.parametrize("scripts", [True, False])
def test_an_annotator_judges_every_row_from_the_release_to_the_rates(room: Any, scripts: bool) -> None:
    from playwright.sync_api import sync_playwright

    shown, address = room
    shown.workspace.people.add(OLGA, "nora", ["annotator"])
    token = shown.workspace.people.open_session(Actor(name="nora", roles=("annotator",)))
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(locale="en-GB", java_script_enabled=scripts)
        context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
        page.goto(f"{address}/review/{shown.release.id}")
        page.get_by_role("link", name="0 of 3 judged").click()
        assert page.locator("mark.gone").inner_text() == "cancel" and page.locator("mark.come").inner_text() == "drop"
        assert page.locator("kbd").first.is_visible() is scripts
        answer(page, "1", "Same meaning", scripts)
        page.get_by_text("1 of 3 judged").wait_for()
        page.get_by_label("Comment (optional)").fill("1 is typed here")
        if scripts:
            page.keyboard.press("3")  # goes into the field: nothing is judged by what is typed
            assert page.get_by_label("Comment (optional)").input_value() == "1 is typed here3"
            page.locator("h1").click()
        page.get_by_role("radio", name="refund").check()
        answer(page, "2", "Meaning changed", scripts)
        page.get_by_text("2 of 3 judged").wait_for()
        assert page.get_by_text("70.0%").count() == 0, "judging is blind"
        answer(page, "0", "Judge the last one again", scripts)
        page.get_by_text("my parcel is", exact=False).first.wait_for()
        answer(page, "2", "Meaning changed", scripts)
        page.get_by_text("2 of 3 judged").wait_for()
        answer(page, "3", "Unsure", scripts)
        page.get_by_text("You have judged all 3 rows. Thank you.").wait_for()
        assert page.get_by_text("70.0%").count() == 3
        page.get_by_role("link", name="中文").click()
        page.get_by_text("3 行已由你全部评判").wait_for()
        browser.close()
    said = {one.attacked_id: one for one in shown.workspace.records.judgements(OLGA, shown.release.id)}
    assert {id: one.meaning for id, one in said.items()} == {
        "attacked-cancel": "kept", "attacked-deliver": "changed", "attacked-refund": "unsure"
    }  # fmt: skip
    assert said["attacked-deliver"].label == "refund" and said["attacked-deliver"].comment.startswith("1 is typed")
    assert complaints == []


def answer(page: Any, key: str, name: str, scripts: bool) -> None:
    """Presses the key, or without scripts clicks."""
    if scripts:
        page.keyboard.press(key)
    else:
        page.locator("#judge").get_by_role("link" if key == "0" else "button", name=name).click()
