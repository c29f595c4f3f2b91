"""`beside --help` in the order in which a person meets the commands: the loop first."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

SECTIONS = {
    "The loop, in order": (
        "demo",
        "new",
        "import",
        "protect",
        "train",
        "audit",
        "release",
        "review",
        "serve",
        "predict",
        "explain",
        "improve",
    ),
    "Training in depth": ("pretrain", "compare", "search", "rerun", "compress", "add-label", "self-train", "federate"),
    "Personal data": ("access", "erase", "retention", "record", "impact", "purpose", "vault", "encrypt"),
    "After the release": ("drift", "alerts", "attack"),
    "The committee": ("standing", "comment", "statement", "dossier", "incident", "stop", "resume"),
    "Proof": ("verify", "export", "keys", "ledger"),
    "People": ("user", "people", "tokens"),
    "This workspace and machine": ("list", "doctor"),
}


class Sectioned(TyperGroup):
    """Commands under headings; one that has no heading yet stands under the last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the sections."""
        return [name for names in self.sections().values() for name in names]

    def sections(self) -> dict[str, list[str]]:
        """Heading -> the commands that are there."""
        shown = {heading: [name for name in names if name in self.commands] for heading, names in SECTIONS.items()}
        placed = {name for names in shown.values() for name in names}
        shown[next(reversed(shown))] += [name for name in self.commands if name not in placed]
        return {heading: names for heading, names in shown.items() if names}

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes a list for each heading."""
        room = formatter.width - 6 - max(map(len, self.commands))
        for heading, names in self.sections().items():
            rows = [(name, self.commands[name].get_short_help_str(room)) for name in names if not self.commands[name].hidden]
            with formatter.section(heading):
                formatter.write_dl(rows)
