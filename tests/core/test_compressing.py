"""A chain of compressors is read from names and settings, and every mistake is told with a way out."""

from __future__ import annotations

import pytest

from beside.core.compressing import chain_of
from beside.core.errors import BadOption, UnknownName


def test_a_misspelled_compressor_suggests_a_close_one() -> None:
    with pytest.raises(UnknownName) as refused:
        chain_of(["quantise"])
    assert "Did you mean 'quantize'?" in refused.value.hint


def test_the_name_alone_sets_the_first_option() -> None:
    assert chain_of(["quantize"], ["quantize=int8_static"])["quantize"].form == "int8_static"


def test_an_option_is_set_by_its_name() -> None:
    assert chain_of(["quantize"], ["quantize.flips=0.05"])["quantize"].flips == 0.05


@pytest.mark.parametrize(
    "names, settings, told",
    [
        ([], [], "No compressor"),
        (["quantize", "quantize"], [], "twice"),
        (["quantize"], ["quantize"], "Cannot read the setting"),
        (["quantize"], ["quantize.flops=1"], "no option 'flops'"),
        (["quantize"], ["quantize.flips=9"], "does not take flips = 9"),
        (["quantize"], ["quantize=int4"], "cannot be 'int4'"),
    ],
)
def test_a_mistake_is_refused_and_told(names: list[str], settings: list[str], told: str) -> None:
    with pytest.raises(BadOption) as refused:
        chain_of(names, settings)
    assert told in refused.value.message
