"""What a release knows of its scope, kept in the folder of its model (core/scope.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from beside.core.errors import Altered
from beside.core.scope import SCORES, Known, Scope

FILE = "scope.safetensors"


def as_bytes(scope: Scope) -> bytes:
    """A scope as the content of a file; vectors as float32, the mean vectors and the whitening as they are."""
    arrays = {"threshold": np.array([scope.threshold])}
    if scope.known is not None:
        nearest = scope.name == SCORES[3]  # only what the score needs: vectors of single rows are not kept for another's sake
        arrays |= {"rows": scope.known.rows.astype(np.float32)} if nearest else {}
        arrays |= {} if nearest else {"means": scope.known.means, "whiten": scope.known.whiten}
    about = {"name": scope.name, "n": scope.n}
    return bytes(save(arrays, {"scope": json.dumps(about)}))


def load_scope(folder: Path) -> Scope | None:
    """The scope that is kept with a model; None when there is none.

    Raises:
        Altered: the file cannot be read.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        with safe_open(folder / FILE, "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
            about = json.loads((file.metadata() or {})["scope"])
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise Altered(f"'{folder / FILE}' cannot be read: {error}.", "Release the run again.") from error
    if len(arrays) == 1:
        return Scope(about["name"], float(arrays["threshold"][0]), int(about["n"]), None)
    none = np.zeros((0, 0))
    known = Known(*(arrays[name].astype(float) if name in arrays else none for name in ("rows", "means", "whiten")))
    return Scope(about["name"], float(arrays["threshold"][0]), int(about["n"]), known)
