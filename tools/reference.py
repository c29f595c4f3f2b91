"""Prints docs/reference.md from the code: commands, capabilities, knobs, policies, errors. `make reference` writes the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from beside.cli.commands import app
from beside.core import errors, registry
from beside.core.policies import POLICIES, read_policy
from beside.core.pretraining import Pretraining
from beside.core.recipe import Limit, Policy, Recipe

HEAD = """# Reference

Written by `make reference` from the code itself; a test keeps it in step, so do not edit it by hand.
"""


def table(headers: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    yield "| " + " | ".join(headers) + " |"
    yield "|" + "---|" * len(headers)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def usage(name: str, command: Any) -> str:
    """How a command is typed: `beside train [CORPUS] [--base TEXT] ...`; what every command takes is left out."""
    words = ["beside", name]
    for parameter in command.params:
        common = {"--help", "--workspace", "--json", "--as"} & set(parameter.opts)
        if not common and parameter.param_type_name == "argument":
            words.append(parameter.name.upper() if parameter.required else f"[{parameter.name.upper()}]")
        elif not common:
            flag = parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {parameter.name.upper().rstrip('_')}"
            words.append(flag if parameter.required else f"[{flag}]")
    return " ".join(words)


def option_lines(command: Any) -> Iterator[str]:
    """One line per argument or option that explains itself."""
    for parameter in command.params:
        said = getattr(parameter, "help", None)
        if said and not {"--help", "--workspace", "--json", "--as"} & set(parameter.opts):
            name = parameter.name.upper() if parameter.param_type_name == "argument" else parameter.opts[0]
            yield f"- `{name}`: {said}"


def flat(commands: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its whole name; those of a group, like `keys new`, one by one."""
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from flat(command.commands, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def commands() -> Iterator[str]:
    """Every sub-command with its options."""
    yield "## Commands\n"
    yield "Every command takes `--workspace DIR` (default: the current folder), most take `--as USER`, and `--json` prints one JSON"
    yield "document on stdout while words and progress go to stderr. Exit code 0: done; 1: a verdict or a gate said no; 2: wrong"
    yield "use or bad input."
    for name, command in flat(get_command(app).commands):  # type: ignore[attr-defined]  # a group
        yield f"\n### beside {name}\n"
        yield f"    {usage(name, command)}\n"
        yield (command.help or "").strip()
        lines = list(option_lines(command))
        yield from ["", *lines] if lines else []


def capabilities() -> Iterator[str]:
    """Every capability, by family, from file names and first docstring lines."""
    yield "\n## Capabilities\n"
    yield "A capability is one file; its name is the file's name. [How to add one](add-a-capability.md)."
    for family in registry.FAMILIES:
        yield f"\n### {family}\n"
        yield from table(("name", "what it is"), ((f"`{name}`", registry.summary(family, name)) for name in registry.names(family)))


def default_of(field: FieldInfo) -> str:
    """A default as one would type it."""
    if field.default is None:
        return "none"
    return "empty" if field.default in ("", (), {}) else f"`{field.default}`"


def unit_of(field: FieldInfo) -> str:
    """The unit a knob declares."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def recipe() -> Iterator[str]:
    """Every knob of a training."""
    yield "\n## Recipe\n"
    yield "In a TOML file (`beside train CORPUS --recipe FILE`) or one by one (`--set epochs=3`). A knob whose default is *none*"
    yield "is filled in from the data unless it says otherwise; what was filled in is printed and stored with the run.\n"
    rows = ((f"`{key}`", unit_of(f), default_of(f), f.description or "") for key, f in Recipe.model_fields.items())
    yield from table(("knob", "unit", "default", "why"), rows)


def pretraining() -> Iterator[str]:
    """Every knob of a pre-training."""
    yield "\n## Pre-training\n"
    yield "One by one: `beside pretrain FILE --name NAME --set epochs=20`.\n"
    rows = ((f"`{key}`", unit_of(f), default_of(f), f.description or "") for key, f in Pretraining.model_fields.items())
    yield from table(("knob", "unit", "default", "why"), rows)


def keys_of(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, ...]]:
    """The keys of a policy file."""
    for key, field in model.model_fields.items():
        yield f"`{before}{key}`", "required" if field.is_required() else default_of(field), field.description or ""


def policies() -> Iterator[str]:
    """The keys of a policy and the built-in policies' limits."""
    yield "\n## Policies\n"
    yield "A TOML file, or a built-in name, after `--policy`.\n"
    yield from table(("key", "default", "meaning"), keys_of(Policy))
    yield ""
    yield from table(("key of a `[[limits]]`", "default", "meaning"), keys_of(Limit))
    for file in sorted(POLICIES.glob("*.toml")):
        policy = read_policy(file.stem)
        yield f"\n### {policy.name}\n\n{policy.purpose}"
        yield f"Signatures needed: {policy.quorum}; an approval lasts {policy.valid_days} days.\n"
        rows = ((f"`{limit.check}`", limit.metric, f"{limit.limit:g}", limit.reason) for limit in policy.limits)
        yield from table(("check", "metric", "limit", "why"), rows) if policy.limits else ["No limits."]


def failures() -> Iterator[str]:
    """Every way to fail."""
    yield "\n## Errors\n"
    yield 'The console, the API and the command line say the same: `{"error": {"code", "message", "hint"}}`.\n'
    found = (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.BesideError))
    rows = ((f"`{one.code}`", str(one.status), str(one.exit_code), (one.__doc__ or "").split("\n", 1)[0]) for one in found)
    yield from table(("code", "HTTP status", "exit code", "when"), rows)


if __name__ == "__main__":
    parts = (commands, capabilities, recipe, pretraining, policies, failures)
    sys.stdout.write("\n".join([HEAD, *(line for part in parts for line in part())]) + "\n")
