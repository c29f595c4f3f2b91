"""How the embedded base reads is known without loading torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from beside.core.errors import BadInput
from beside.engine import loading
from beside.engine.loading import embedded_path, embedded_tokens


def test_tokens_are_counted_with_their_two_ends_and_unknown_ones_are_told() -> None:
    reads = embedded_tokens()
    assert reads.counts(["hello world", ""]) == [4, 2]
    assert reads.unknown(["hello world", "☃☃"]) == [0, 1]


def test_the_embedded_model_has_its_files() -> None:
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= {file.name for file in embedded_path().iterdir()}


def test_an_installation_without_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "PACKAGE", "no_such_package")
    with pytest.raises(BadInput, match="not installed") as refused:
        embedded_tokens()
    assert "pip install" in refused.value.hint


def test_torch_stays_unloaded() -> None:
    asked = "from beside.engine.loading import embedded_tokens; embedded_tokens().counts(['x'])"
    code = f"import sys; {asked}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
