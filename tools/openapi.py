"""Prints docs/openapi.json: the OpenAPI document of the HTTP API, as a server at its default address describes itself."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from beside.api.app import create_app
from beside.store.workspace import Workspace


def document() -> str:
    """The document as it is kept: keys as the server orders them, one line for each."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Workspace.open(Path(folder)))
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False)


if __name__ == "__main__":
    print(document())
