"""The OpenAPI document in docs/ is what the code says, and a generated client could rely on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document():
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def test_it_is_what_the_code_says():
    asked = [sys.executable, ROOT / "tools" / "openapi.py"]
    now = subprocess.run(asked, capture_output=True, text=True, timeout=100, check=True)
    assert DOCUMENT.read_text(encoding="utf-8") == now.stdout, "run: make reference"


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document):
    asked = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in asked]
    assert len(set(names)) == len(names) and all(one.get("description") or one.get("summary") for one in asked)


def test_every_reference_leads_somewhere(document):
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert wanted <= set(document["components"]["schemas"])


def test_what_the_client_asks_is_there(document):
    for method, path in [
        ("post", "/v1/predict"), ("post", "/v1/explain"), ("post", "/v1/feedback"), ("post", "/v1/rerank"),
        ("get", "/v1/releases"), ("get", "/v1/waiting"), ("get", "/readyz"),
    ]:  # fmt: skip
        assert method in document["paths"][path]
