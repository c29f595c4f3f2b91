"""Structured logs: one JSON object a line. They say what happened to a request, never what was asked or answered.

The line of a request that got answers is its decision record: release and seal, ids of the predictions, their probabilities,
how many texts were cut, how long it waited. The texts stand in the database under those ids, for whom may read them there.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import IO, Any

LOGGERS = ("beside", "uvicorn")


class Lines(logging.Formatter):
    """A record as one line of JSON. Of an exception its type and place, for its words may quote a text."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "told", None)
        told |= fields if fields is not None else {"message": record.getMessage()}
        if record.exc_info and record.exc_info[0]:
            told["exception"] = record.exc_info[0].__name__
            told["place"] = [place.strip() for place in traceback.format_tb(record.exc_info[2])[-8:]]
        return json.dumps(told, ensure_ascii=False)


def log_as_json(stream: IO[str]) -> None:
    """Makes the server, and what it stands on, log JSON lines to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
    logging.getLogger("beside").setLevel(logging.INFO)
