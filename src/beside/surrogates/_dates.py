"""Dates moved by a number of days that is the same for all dates of a person, and for all dates of unknown people."""

from __future__ import annotations

from datetime import date, timedelta

from beside.core.drawing import Draw

LEAST, MOST = 20, 365  # days, forwards or back


def shifted(day: date, draw: Draw) -> date:
    """The date moved. Raises OverflowError at the ends of the calendar."""
    days = LEAST + draw.number(MOST - LEAST + 1, "date shift", draw.person)
    return day + timedelta(days if draw.number(2, "date direction", draw.person) else -days)
