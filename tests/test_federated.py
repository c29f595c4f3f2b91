"""Three sites and a coordinator as processes of their own, over TLS: one is killed and comes back, the coordinator too."""

from __future__ import annotations

import csv
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from beside.core.types import Actor
from beside.store.workspace import Workspace

SITES = ("ayl", "beth", "cleo")
ROUNDS = 9
OLGA = Actor(name="olga", roles=("admin",))
# a site that takes its time, so that there is a moment to kill it in; and all that it sends is kept, as it is before TLS
SITE = """
import http.client
import time
send = http.client.HTTPConnection.send
def kept(self, data):
    with open("sent.bin", "ab") as file:
        file.write(bytes(data))
    return send(self, data)
http.client.HTTPConnection.send = kept
from beside.engine.site import Site
train = Site.train
def slowly(self, asked):
    time.sleep(0.5)
    return train(self, asked)
Site.train = slowly
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def places(beside: Any, tmp_path: Path, messages: Any) -> Path:
    """A workspace for the coordinator and one for each site, each with rows of its own, and the certificates."""
    rows = messages(240)
    for place, name in enumerate(("coordinator", *SITES)):
        folder = tmp_path / name
        folder.mkdir()
        with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["text", "label"])
            out.writerows(rows[place * 60 : place * 60 + 60])
        made = beside("import", folder / "rows.csv", "--name", "inbox", cwd=folder)
        assert made.code == 0, made.err
    sites = [option for name in SITES for option in ("--site", name)]
    made = beside("federate", "certificates", tmp_path / "certificates", *sites, cwd=tmp_path)
    assert made.code == 0, made.err
    return tmp_path


def words_that_left(place: Path) -> list[str]:
    """Texts of a site's rows, and single words of them, that stand in what it sent; its own name and numbers may."""
    sent = (place / "sent.bin").read_bytes().lower()
    assert len(sent) > 10_000
    with (place / "rows.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    words = {word for text in texts for word in text.split() if len(word) > 5}
    assert len(words) > 20
    return sorted(one for one in {*texts, *words} if one.encode() in sent)


class Federation:
    """The processes of a federation."""

    def __init__(self, beside: Any, places: Path, base: Path) -> None:
        self.beside, self.places, self.base, self.port = beside, places, base, free_port()

    def coordinate(self, *more: object) -> dict[str, int]:
        knobs = {"rounds": ROUNDS, "max_length": 24, "batch_size": 8, "learning_rate": 5e-3, "head_learning_rate": 2e-2}
        settings = [option for key, value in knobs.items() for option in ("--set", f"{key}={value}")]
        return self.beside.start(
            "federate", "coordinate", "inbox", "--sites", 3, "--min-sites", 2, "--base", self.base, "--lost-after", 5,
            "--port", self.port, "--certificates", self.places / "certificates" / "coordinator", *settings, *more, "--json",
            cwd=self.places / "coordinator",
        )  # fmt: skip

    def join(self, name: str, certificates: str = "") -> dict[str, int]:
        return self.beside.start(
            "federate", "join", "inbox", "--coordinator", f"localhost:{self.port}", "--json",
            "--certificates", self.places / "certificates" / (certificates or name), cwd=self.places / name, patch=SITE,
        )  # fmt: skip

    def wait(self, process: dict[str, int], words: str, seconds: float = 60.0) -> str:
        end = time.monotonic() + seconds
        while words not in (said := self.beside.heard(process)):
            assert time.monotonic() < end, f"'{words}' was not said, but:\n{said}"
            time.sleep(0.1)
        return str(said)


@pytest.fixture
def federation(beside: Any, places: Path, tiny_base: Path) -> Federation:
    return Federation(beside, places, tiny_base)


@pytest.mark.slow
def test_a_killed_site_is_left_out_and_comes_back_and_no_text_leaves(federation: Federation, places: Path, beside: Any) -> None:
    coordinator = federation.coordinate()
    running = {name: federation.join(name) for name in SITES}
    federation.wait(coordinator, "Round 2 of")
    os.kill(running["cleo"]["pid"], signal.SIGKILL)
    assert beside.join(running["cleo"]).code == -signal.SIGKILL
    federation.wait(coordinator, "cleo was lost")
    running["cleo"] = federation.join("cleo")
    ended = beside.join(coordinator)
    assert ended.code == 0, ended.err
    run = ended.json
    present = [row["sites"] for row in run["history"]]
    assert len(present) == ROUNDS
    assert present[:2] == [3, 3] and 2 in present and present[-1] == 3, f"three, then two, then three again, not {present}"
    for name in SITES:
        site = beside.join(running[name])
        assert site.code == 0, site.err
    assert set(run["scores"]) >= {"macro_f1", "accuracy"}, "of the coordinator's tune rows"
    for name in SITES:
        assert words_that_left(places / name) == []
    sent = [entry.detail for entry in Workspace.open(places / "ayl").records.ledger(OLGA) if entry.verb == "send to federation"]
    assert [detail["round"] for detail in sent] == list(range(ROUNDS))[::-1]
    assert all(detail["bytes"] > 1000 and "head.weight" in detail["tensors"] for detail in sent)
    assert not any("word_embeddings" in name for name in sent[0]["tensors"]), "which word vectors moved would tell the words"
    audited = beside("audit", run["id"], "--check", "utility/report", cwd=places / "coordinator")
    assert audited.code in (0, 1) and "accuracy" in audited.err, audited.err


@pytest.mark.slow
def test_a_killed_coordinator_goes_on_after_its_last_round_and_sites_find_it_again(federation: Federation, beside: Any) -> None:
    coordinator = federation.coordinate()
    running = [federation.join(name) for name in SITES]
    federation.wait(coordinator, "Round 3 of")
    os.kill(coordinator["pid"], signal.SIGKILL)
    assert beside.join(coordinator).code == -signal.SIGKILL
    ended = beside.join(federation.coordinate("--resume"))
    assert ended.code == 0, ended.err
    assert "Resumed after round" in ended.err
    assert [row["epoch"] for row in ended.json["history"]] == list(range(1, ROUNDS + 1))
    for site in running:
        assert beside.join(site).code == 0


@pytest.mark.slow
def test_a_site_of_another_authority_is_not_let_in(federation: Federation, places: Path, beside: Any) -> None:
    made = beside("federate", "certificates", places / "strange", "--site", "ayl", cwd=places)
    assert made.code == 0, made.err
    (places / "strange" / "ayl" / "authority.pem").write_bytes((places / "certificates" / "authority.pem").read_bytes())
    coordinator = federation.coordinate()
    federation.wait(coordinator, "Waiting for 3 sites")
    refused = beside.join(federation.join("ayl", "../strange/ayl"))
    assert refused.code == 2
    assert "does not accept this site's certificate" in refused.err
    os.kill(coordinator["pid"], signal.SIGKILL)
    beside.join(coordinator)


def test_a_federation_is_refused_where_it_would_be_open_or_alone(beside: Any, tmp_path: Path) -> None:
    plain = beside("federate", "coordinate", "inbox", "--sites", 3, cwd=tmp_path)
    assert plain.code == 2 and "no certificates were given" in plain.err
    nameless = beside("federate", "join", "inbox", "--coordinator", "localhost:1", "--insecure", cwd=tmp_path)
    assert nameless.code == 2 and "has no name" in nameless.err
    odd = beside("federate", "join", "inbox", "--coordinator", "localhost", "--insecure", "--name", "ayl", cwd=tmp_path)
    assert odd.code == 2 and "Cannot read the address" in odd.err
