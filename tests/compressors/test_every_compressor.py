"""What every compressor promises: options that are told, a model that still answers, a sentence of what was done."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from beside.core import registry
from beside.engine.bench import Bench, Stock
from beside.engine.comparing import size_of
from beside.engine.compressing import compress_model
from beside.engine.runtime import load_subject

COMPRESSORS = registry.names("compressors")
ASKED = ["where is my parcel", "cancel it", "refund the money"]


@pytest.fixture(params=COMPRESSORS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def gentle(name: str) -> Any:
    """The compressor with its limits out of the way: a toy flips easily."""
    compressor = registry.load("compressors", name)
    return replace(compressor, form="int8_tokens", loss=1.0, flips=1.0) if name == "quantize" else compressor


def test_it_says_in_one_line_and_in_chinese_what_it_does(name: str) -> None:
    assert 10 < len(registry.summary("compressors", name)) < 140
    assert any("\u4e00" <= char <= "\u9fff" for char in registry.load("compressors", name).zh)


def test_its_options_are_frozen_fields_with_unit_default_and_reason(name: str) -> None:
    compressor = registry.load("compressors", name)
    assert is_dataclass(compressor) and compressor.__dataclass_params__.frozen
    for one in fields(compressor):
        assert one.metadata["unit"] and one.metadata["reason"]


def test_what_it_leaves_answers_for_the_same_labels_and_says_what_was_done(name: str, deep: Stock) -> None:
    with ExitStack() as rooms:
        bench = Bench(deep, load_subject(deep.source, 1), rooms)
        bench.step = 1
        compressor = gentle(name)
        assert compressor.why_not(bench) is None
        said = compressor.compress(bench)
        logits = bench.subject.logits(ASKED)
        assert logits.shape == (3, 3) and np.isfinite(logits).all()
        assert (bench.chosen is not None) == compressor.last
    assert len(said) > 10 and any(char.isdigit() for char in said)


@pytest.mark.slow
def test_what_it_leaves_reloads_in_a_fresh_process_and_tells_of_itself(name: str, deep: Stock, tmp_path: Any) -> None:
    (tmp_path / "made").mkdir()
    made = compress_model(tmp_path / "made", "run-toy", deep, {name: gentle(name)})  # the truth test is inside
    assert made.told.parent == "run-toy" and made.told.chain == (name,)
    assert made.told.against_parent.score.n == len(deep.tune)
    assert made.told.against_parent.size == size_of(tmp_path / "made") - (tmp_path / "made" / "compression.json").stat().st_size
    assert load_subject(tmp_path / "made", 1).logits(ASKED).shape == (3, 3)
