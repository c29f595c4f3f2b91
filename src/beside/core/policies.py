"""Policies by name or from a file."""

from __future__ import annotations

from pathlib import Path

from beside.core import registry
from beside.core.errors import BadOption
from beside.core.policy import Policy
from beside.core.recipe import checked, read_toml

POLICIES = Path(__file__).parent.parent / "policies"


def read_policy(name_or_file: str) -> Policy:
    """A policy by its built-in name or from a TOML file.

    Raises:
        BadOption: no such policy or file, unknown key, value out of range.
    """
    built_in = {file.stem: file for file in sorted(POLICIES.glob("*.toml"))}
    file = built_in.get(name_or_file, Path(name_or_file))
    if not file.is_file():
        raise BadOption(f"There is no policy '{name_or_file}'.", f"There are: {', '.join(built_in)}; or give a TOML file.")
    return checked(Policy, {"name": file.stem, **read_toml(file)}, "policy")


def limits_of(policy: Policy) -> dict[tuple[str, str], float]:
    """(check, metric) -> limit; a limit on what no check measures could never be met, so it is refused at once."""
    limits: dict[tuple[str, str], float] = {}
    for limit in policy.limits:
        metrics = registry.load("checks", limit.check).metrics
        if limit.metric not in metrics:
            raise registry.unknown(f"metric of {limit.check}", limit.metric, list(metrics))
        if (limit.check, limit.metric) in limits:
            raise BadOption(f"Policy '{policy.name}' limits {limit.metric} of {limit.check} twice.", "Keep one of the two limits.")
        limits[limit.check, limit.metric] = limit.limit
    return limits
