"""What beside.toml holds, table by table; an unknown table, key or value is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from beside.core.errors import BadOption
from beside.core.guarding import Action
from beside.core.recipe import checked, read_toml
from beside.core.registry import names
from beside.core.retention import Retention
from beside.store.alerts import Alerts
from beside.store.identity import Oidc
from beside.store.transport import Tls
from beside.store.wrapped_keys import source_of

SETTINGS = "beside.toml"


class Limits(BaseModel):
    """How much one caller may ask; None = as much as there is room for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(None, ge=1, description="calls of one caller")
    texts_per_minute: int | None = Field(None, ge=1, description="texts of one caller")
    texts_per_call: int | None = Field(None, ge=1, description="texts of one call; never more than the server itself takes")
    characters_per_call: int | None = Field(None, ge=1, description="characters of all texts of one call")


class Serving(Limits):
    """The table `[serving]`: what is done with the texts that releases are asked about, and how much is taken at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    personal_data: Literal["off", "tell", "protect"] = Field(
        "off",
        description="off = texts are taken as they are; tell = answers say which kinds of personal data a text holds; protect = "
        "it is taken out before the model reads the text and before anything is stored, and out of written answers and notes",
    )
    hand_over: Literal["signed", "off"] = Field(
        "signed",
        description="signed = an answer that is no surer than the threshold of the signed finding selective/risk_coverage says "
        "`abstained`, and waits for a person; off = every answer is given",
    )
    guards: dict[str, Action] = Field(
        {}, description="the table [serving.guards]: guard = off, flag, hand over or refuse; what is not named keeps its default"
    )

    queue: int = Field(128, ge=1, le=10_000, description="requests that may wait or be answered at a time; more are refused (503)")
    share: float = Field(0.75, gt=0, le=1, description="share of the queue that one caller may fill; beyond it refused (429)")
    deadline: float = Field(60.0, gt=0, le=3600, description="seconds after which a request is given up (504)")
    drain: float = Field(2.0, ge=0, le=600, description="seconds between /readyz saying that the server ends and its end")
    log: Literal["off", "json"] = Field("off", description="json = a line for each request on stderr, without its text")
    tracing: str | None = Field(None, pattern="^https?://", description="of an OpenTelemetry collector; None = nothing is sent")
    keys: dict[str, Limits] = Field({}, description="[serving.keys.NAME]: limits of one API token (PERSON/LABEL) or person")

    @field_validator("guards")
    @classmethod
    def known_guards(cls, guards: dict[str, Action]) -> dict[str, Action]:
        """Only guards that there are."""
        if odd := [name for name in guards if name not in names("guards")]:
            raise ValueError(f"there is no guard '{odd[0]}'; there are: {', '.join(names('guards'))}")
        return guards

    def limits_of(self, names: Sequence[str]) -> Limits:
        """The limits of a caller known by these names, the most particular first; what a table leaves out is as for everybody."""
        own = next((self.keys[name] for name in names if name in self.keys), Limits())
        return Limits(**{name: getattr(self, name) if value is None else value for name, value in own})


class Settings(BaseModel):
    """The table `[workspace]` of beside.toml; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    application: str = Field("", description="the job this workspace does, for example support; empty = none")
    purpose: str = Field("", description="what its models are for; text that was taken in for another purpose is not trained on")
    language: Literal["en", "zh"] = Field("en", description="of the console and of what people are sent")
    database: str | None = Field(None, description="URL of a PostgreSQL database; None = SQLite inside the workspace")
    oidc: Oidc | None = Field(None, description="the table [oidc]: an identity provider to sign in through; None = there is none")
    tls: Tls | None = Field(None, description="the table [tls]: certificate and key of the server; None = it speaks HTTP")
    alerts: Alerts | None = Field(None, description="the table [alerts]: whom alarms are sent to; None = they stay on this machine")
    serving: Serving = Field(Serving(), description="the table [serving]")
    retention: Retention = Field(Retention(), description="the table [retention]: how long things are kept")


TABLES: dict[str, type[BaseModel]] = {  # beside [workspace]
    "alerts": Alerts,
    "oidc": Oidc,
    "retention": Retention,
    "serving": Serving,
    "tls": Tls,
}


def read_settings(folder: Path) -> Settings:
    """The settings in a folder's beside.toml; the defaults when there is no such file.

    Raises:
        BadOption: unreadable, or with an unknown table, key or value.
    """
    file = folder / SETTINGS
    tables = read_toml(file) if file.is_file() else {}
    values = tables.pop("workspace", {})
    source_of(folder)  # refuses a table [encryption] that is odd
    tables.pop("encryption", None)
    others = {name: tables.pop(name) for name in TABLES if name in tables}
    inside = next((name for name in TABLES if isinstance(values, dict) and name in values), None)
    odd = next((name for name, table in [*others.items(), ("workspace", values)] if not isinstance(table, dict)), None)
    if odd := next(iter(tables), odd or inside):
        known = ", ".join(f"[{name}]" for name in ("workspace", *TABLES, "encryption"))
        raise BadOption(f"'{file}' holds '{odd}' where a table is wanted.", f"It has the tables {known}.")
    if "tls" in others:  # its paths are told from the workspace's folder on
        others["tls"] = {name: folder / path if isinstance(path, str) else path for name, path in others["tls"].items()}
    read = {name: checked(TABLES[name], table, name) for name, table in others.items()}
    return checked(Settings, {**values, **read}, "workspace")
