"""Sentences about attacked rows and their judges, by their shapes (console/sentences.py says how)."""

from __future__ import annotations

from beside.console.language import N_

JUDGING: tuple[tuple[str, str], ...] = (
    (r"The comment has (?P<n>\d+) characters\.", N_("The comment has %(n)s characters.")),
    (r"(?P<n>-?\d+) rows cannot be attacked at once\.", N_("%(n)s rows cannot be attacked at once.")),
    (r"Give a number from 1 to (?P<n>\d+)\.", N_("Give a number from 1 to %(n)s.")),
    (
        r"The rows of (?P<release>\S+) cannot be attacked: (?P<reasons>.*)",
        N_("The rows of %(release)s cannot be attacked: %(reasons)s"),
    ),
)
PLAIN: tuple[str, ...] = (
    N_("Nobody said whether the meaning stayed."),
    N_("Press one of the three buttons."),
    N_("Attack one with one label per text."),
)
