"""Weights & Biases: an offline run in the workspace, to look at with `wandb` or to sync when you choose to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from beside.core.errors import BadOption

PROJECT = "beside"
QUIET = {
    "disable_git": True,
    "disable_code": True,
    "disable_job_creation": True,
    "console": "off",
    "silent": True,
    "x_disable_stats": True,
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}  # a run holds curves and recipe; nothing of the machine, of the code, or of what was printed


class WandbRun:
    """One run; epochs are its x axis, in whatever order they come."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def epoch(self, row: Mapping[str, float]) -> None:
        """One epoch's numbers."""
        self.run.log(dict(row))

    def end(self, recipe: Mapping[str, Any], scores: Mapping[str, float]) -> None:
        """The recipe with every knob filled in, and the scores of what is kept."""
        self.run.config.update(dict(recipe), allow_val_change=True)
        self.run.summary.update({f"kept/{name}": value for name, value in scores.items()})
        self.run.finish(exit_code=0)

    def fail(self) -> None:
        """The training did not come to its end."""
        self.run.finish(exit_code=1)


class Wandb:
    """Offline unless `WANDB_MODE` says otherwise: a key alone is no wish to send anything."""

    def open(self, home: Path, name: str, about: Mapping[str, Any]) -> WandbRun:
        """Begins a run in `home/wandb`, or goes on with the one of that name.

        Raises:
            BadOption: the package is not installed.
        """
        if find_spec("wandb") is None:
            raise BadOption("Tracking with wandb needs its package.", "Run: pip install 'beside[wandb]'.")
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        home.mkdir(parents=True, exist_ok=True)
        for variable in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            os.environ.setdefault(variable, str(home / "wandb"))
        import wandb  # slow to import: only when somebody tracks with it

        settings = wandb.Settings(mode=os.environ.get("WANDB_MODE", "offline"), root_dir=str(home), **QUIET)
        run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT), id=name, name=name, config=dict(about), settings=settings
        )
        run.define_metric("*", step_metric="epoch")
        return WandbRun(run)


tracker = Wandb()
