"""No outbound connection unless the user asked for that one: the loop from a file to an answer, watched by an audit hook."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Read by every Python process that the loop starts, the fresh ones of the truth test included: whoever asks for a name or an
# address other than this machine's own is written down.
WATCH = """
import os, sys

def watch(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        asked = given[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        asked = given
    else:
        return
    host = asked[0] if isinstance(asked, tuple) else asked
    host = host.decode() if isinstance(host, bytes) else host
    if isinstance(asked, tuple) and host not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"):
        with open(os.environ["WATCHED"], "a") as log:
            log.write(f"{event} {asked!r}\\n")

sys.addaudithook(watch)
with open(os.environ["WATCHED"] + ".alive", "a") as log:
    log.write(f"{os.getpid()}\\n")
"""

LOOP = """
import sys
from pathlib import Path
from beside.core.recipe import Recipe
from beside.core.types import Actor, Finding
from beside.loop import Loop
from beside.store.workspace import Workspace

workspace = Workspace.open(Path(sys.argv[1]))
loop = Loop(workspace, Actor(name="olga", roles=("admin",)))
corpus, _ = loop.intake(sys.argv[2], "inbox")
run = loop.train(corpus.id, Recipe(method="probe", max_length=24))
found = loop.audit(run.id, checks=["calibration/ece"], policy="sandbox")
assert any(isinstance(one, Finding) for one in found)
release = loop.release(run.id, policy="sandbox")
assert loop.review(release.id, "approve", "It was watched while it was made.").state == "approved"
served = loop.serve(release.id)
answer = loop.predict(served, ["where is my card"])[0]
loop.explain(served, "where is my card")
loop.listen(answer.id, True)

from fastapi.testclient import TestClient
from beside.api.app import create_app
from beside.console import mount

app = create_app(workspace)
mount(app, workspace)
with TestClient(app, base_url="http://127.0.0.1:8321", client=("127.0.0.1", 50000)) as client:
    assert client.get("/healthz").status_code == 200
    assert client.post("/v1/predict", json={"text": "where is my card"}).status_code == 200
    assert client.get("/", follow_redirects=True).status_code == 200
print("done")
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """Environment in which every Python process watches its own connections."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "watch"), "WATCHED": str(tmp_path / "asked.log")}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Three labels of the built-in data: enough to train on, quick to do so."""
    from beside.core.registry import load

    source, small = Path(load("applications", "support").data("en")), tmp_path / "inbox.csv"
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row["label"] for row in rows})[:3]
    with small.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(row for row in rows if row["label"] in labels)
    return small


@pytest.mark.slow
@pytest.mark.timeout(400)  # four processes that load torch, on a machine that may be busy
def test_from_a_file_to_an_answer_nobody_is_called(tmp_path, watched, inbox):
    done = subprocess.run(
        [sys.executable, "-c", LOOP, tmp_path / "work", inbox], env=watched, capture_output=True, text=True, timeout=390
    )
    assert done.stdout.strip().endswith("done"), done.stderr[-3000:]
    alive = set((tmp_path / "asked.log.alive").read_text().split())
    assert len(alive) >= 3, "the loop and the fresh processes of the truth test"
    asked = tmp_path / "asked.log"
    assert not asked.exists(), f"asked for: {asked.read_text()}"


def test_the_watcher_sees_what_it_should(tmp_path, watched):
    code = "import socket\ntry: socket.getaddrinfo('example.invalid', 443)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], env=watched, check=True, timeout=60)
    assert "example.invalid" in (tmp_path / "asked.log").read_text()
