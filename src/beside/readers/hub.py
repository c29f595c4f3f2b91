"""A dataset on the Hugging Face hub: `hf:owner/name`, `hf:owner/name@revision`, `hf:owner/name/config`. Connects to the hub.

This is the only reader that opens a connection, and only when such a name is given. What was downloaded once is read from the
local cache, also with HF_HUB_OFFLINE=1. Only data files are read: no code of the dataset runs, no pickle is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beside.core.cleaning import cell_text
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused

PREFIX = "hf:"
NAME = re.compile(r"hf:([\w.-]+/[\w.-]+|[\w.-]+)(?:/([\w.-]+))?(?:@([\w./-]+))?")
KINDS = ("csv", "json", "parquet", "arrow", "text")  # builders that read plain data
BATCH = 1_000
HINT = "Check the name and the connection; for a private dataset sign in with `hf auth login`."


@dataclass(frozen=True)
class Address:
    """Where a dataset lies."""

    name: str
    config: str | None
    revision: str | None


class Hub:
    """One row per row of every split; the split is a column `split`, unless the dataset has one of its own."""

    def takes(self, source: str) -> bool:
        """Whether the source begins with `hf:`."""
        return source.startswith(PREFIX)

    def notes(self, source: str) -> tuple[str, ...]:
        """What will be downloaded. Raises BadInput for a name that cannot be one."""
        address = parse(source)
        config = f", configuration {address.config}" if address.config else ""
        return (f"Hugging Face dataset {address.name}{config}, revision {address.revision or 'newest'}.",)

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows of all splits, numbered on through them.

        Raises:
            BadInput: no such dataset, no connection, several configurations, or data that is not plain.
        """
        address = parse(source)
        number = 0
        for split, dataset in load(address).items():
            classes = {name: kind for name, kind in dataset.features.items() if hasattr(kind, "int2str")}
            for batch in dataset.select_columns(plain_columns(dataset.features)).iter(BATCH):
                for values in zip(*batch.values(), strict=True):
                    number += 1
                    cells = {name: shown(value, classes.get(name)) for name, value in zip(batch, values, strict=True)}
                    yield RawRow(line=number, cells={"split": str(split), **cells})


def parse(source: str) -> Address:
    """The parts of `hf:owner/name[/config][@revision]`.

    Raises:
        BadInput: it is not written so.
    """
    found = NAME.fullmatch(source)
    if not found:
        raise BadInput(
            f"'{source}' is not the name of a dataset.", "Write hf:owner/name, hf:owner/name/config or hf:owner/name@revision."
        )
    return Address(found[1], found[2], found[3])


def load(address: Address) -> dict[str, Any]:
    """Split -> dataset, memory-mapped from the local cache. Raises as `rows` does."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from datasets import load_dataset, load_dataset_builder  # takes seconds; only this source needs it
    from datasets.exceptions import DatasetsError
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        kind = load_dataset_builder(address.name, address.config, revision=address.revision)
        if type(kind).__module__.rsplit(".", 1)[-1] not in KINDS:
            raise BadInput(f"The dataset '{address.name}' is not plain data.", f"Kinds that are read: {', '.join(KINDS)}.")
        return dict(load_dataset(address.name, address.config, revision=address.revision))
    except (DatasetsError, HTTPError, HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError, ValueError) as error:
        raise BadInput(f"Cannot get the dataset '{address.name}': {error}", HINT) from error


def plain_columns(features: Mapping[str, Any]) -> list[str]:
    """Columns of text, numbers, dates or class names; pictures, sounds, bytes and nested values are left out."""
    from datasets import ClassLabel, Value

    return [name for name, kind in features.items() if isinstance(kind, (ClassLabel, Value)) and "binary" not in kind.dtype]


def shown(value: Any, classes: Any) -> str:
    """A cell as text, a class by its name."""
    if classes is not None and isinstance(value, int):
        return str(classes.int2str(value)) if value >= 0 else ""
    return cell_text(value)


reader = Hub()
