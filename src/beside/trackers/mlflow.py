"""MLflow: a run in a SQLite file of the workspace, or where MLFLOW_TRACKING_URI says."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from beside.core.errors import BadOption

EXPERIMENT = "beside"
FILE = "mlflow.sqlite"
TAG = "beside.run"


class MlflowRun:
    """One run; a training that goes on after a kill goes on with it."""

    def __init__(self, client: Any, id: str) -> None:
        self.client, self.id = client, id

    def epoch(self, row: Mapping[str, float]) -> None:
        """One epoch's numbers."""
        for name, value in row.items():
            if name != "epoch":
                self.client.log_metric(self.id, name, value, step=int(row["epoch"]))

    def end(self, recipe: Mapping[str, Any], scores: Mapping[str, float]) -> None:
        """The recipe with every knob filled in, and the scores of what is kept."""
        for name, value in recipe.items():
            self.client.log_param(self.id, name, value)
        for name, value in scores.items():
            self.client.log_metric(self.id, f"kept_{name}", value)
        self.client.set_terminated(self.id, "FINISHED")

    def fail(self) -> None:
        """The training did not come to its end."""
        self.client.set_terminated(self.id, "KILLED")


class Mlflow:
    """A local file unless `MLFLOW_TRACKING_URI` names another place; its own reports about use are turned off."""

    def open(self, home: Path, name: str, about: Mapping[str, Any]) -> MlflowRun:
        """Begins a run, or goes on with the one of that name.

        Raises:
            BadOption: the package is not installed.
        """
        if find_spec("mlflow") is None:
            raise BadOption("Tracking with mlflow needs its package.", "Run: pip install 'beside[mlflow]'.")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        home.mkdir(parents=True, exist_ok=True)
        from mlflow.tracking import MlflowClient  # slow to import: only when somebody tracks with it

        client = MlflowClient(tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / FILE}")
        known = client.get_experiment_by_name(EXPERIMENT)
        where = None if os.environ.get("MLFLOW_TRACKING_URI") else (home / "mlflow-artifacts").as_uri()
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, artifact_location=where)
        found = client.search_runs([experiment], f"tags.`{TAG}` = '{name}'", max_results=1)
        if found:
            client.update_run(found[0].info.run_id, status="RUNNING")
            return MlflowRun(client, found[0].info.run_id)
        tags = {TAG: name, **{key: str(value) for key, value in about.items()}}
        return MlflowRun(client, client.create_run(experiment, run_name=name, tags=tags).info.run_id)


tracker = Mlflow()
