"""What coordinator and sites send each other: numbers as safetensors, plain facts in the header. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from beside.core.errors import BadInput

FACTS = "facts"
LENGTH = 8  # bytes at the beginning that tell how long the header is


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message that was read."""

    facts: dict[str, Any]
    tensors: dict[str, np.ndarray]


def pack(facts: Mapping[str, Any], tensors: Mapping[str, np.ndarray] | None = None) -> bytes:
    """A message as bytes."""
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in (tensors or {}).items()}
    return bytes(save(contiguous, metadata={FACTS: json.dumps(facts, ensure_ascii=False)}))


def unpack(content: bytes) -> Message:
    """What `pack` was given.

    Raises:
        BadInput: these are other bytes.
    """
    try:
        header = json.loads(content[LENGTH : LENGTH + int.from_bytes(content[:LENGTH], "little")])
        facts = json.loads(header["__metadata__"][FACTS])
        if not isinstance(facts, dict):
            raise TypeError("its facts are no table")
        return Message(facts=facts, tensors=load(content))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"Cannot read a message of the federation: {error}.", "Both ends must run the same version.") from error
