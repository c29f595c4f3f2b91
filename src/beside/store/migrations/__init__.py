"""How the database's schema came to be: small steps, in order, only ever added to."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from beside.core.errors import BadInput


def config() -> Config:
    """Alembic's settings; they need no file of their own."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return settings


def upgrade(connection: Connection) -> None:
    """Brings the database to the newest step, in the transaction that is open: all steps or none.

    Raises:
        BadInput: the database is at a step that this version does not know.
    """
    settings = config()
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        what = f"The database was written by a newer Beside: {error}."
        raise BadInput(what, "Update Beside, then try again.") from error
