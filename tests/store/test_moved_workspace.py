"""A workspace that was moved or copied still finds its bundles: their paths are written down from the state folder on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from beside.core.types import Actor
from beside.loop import Loop
from beside.store.files import kept_path, placed_path
from beside.store.workspace import Workspace

OLGA = Actor(name="olga", roles=("admin",))


def kept(workspace: Workspace) -> tuple[str, str]:
    with workspace.records.database.engine.connect() as connection:
        bundle, card = connection.execute(text("SELECT bundle, card FROM releases")).one()
        return bundle, card


@pytest.mark.parametrize("written", ["relative", "absolute, by an earlier version"])
def test_a_moved_workspace_still_serves_verifies_and_signs(make_approved: Any, tmp_path: Path, written: str) -> None:
    made = make_approved(tmp_path / "here")
    name = made.release.id
    assert kept(made.workspace) == (f"releases/{name}", f"releases/{name}/card.html")
    assert made.release.bundle == str(tmp_path / "here" / ".beside" / "releases" / name)
    if written != "relative":
        with made.workspace.records.database.engine.begin() as connection:
            bundle = {"bundle": made.release.bundle, "card": made.release.card}
            connection.execute(text("UPDATE releases SET bundle = :bundle, card = :card"), bundle)
    made.workspace.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    loop = Loop(Workspace.open(tmp_path / "there", create=False), OLGA)
    release = loop.records.release(OLGA, name)
    assert release.bundle == str(tmp_path / "there" / ".beside" / "releases" / name) and Path(release.card).is_file()
    assert loop.predict(loop.serve(name), ["where is my parcel"])[0].label == "deliver"
    assert loop.verify(release.bundle).good and loop.workspace.check_ledger().trusted
    assert loop.records.release(OLGA, name) == release == loop.records.releases(OLGA)[0]
    loop.workspace.close()


def test_paths_outside_a_workspace_stay_as_they_are() -> None:
    assert kept_path("/b") == "/b" and placed_path("/b", Path("/w/.beside")) == "/b"
    assert kept_path("/w/.beside/releases/release-1") == "releases/release-1"
    assert placed_path("releases/release-1", None) == "releases/release-1"
    assert placed_path("/old/.beside/releases/release-1/card.html", Path("/w/.beside")) == "/w/.beside/releases/release-1/card.html"
    assert kept_path("/w/.beside/releases/x/.beside/releases/release-1") == "releases/release-1"


def test_a_path_cannot_lead_out_of_the_workspace() -> None:
    for path in ("releases/../../etc", "/x/.beside/releases/../../etc", "other/release-1"):
        assert placed_path(path, Path("/w/.beside")) == path
