"""What must be measured and who must sign before a release is served. Read with `core.policies.read_policy`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from beside.core.questions import KEYS

OLD_KEYS = {"quorum": "Write [signers].", "roles": "Write [signers]."}  # of policies; still read


class Limit(BaseModel):
    """A line that a finding must be on the right side of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    metric: str
    limit: float
    reason: str
    if_applicable: bool = Field(False, description="whether a check that says why it does not apply is excused")


class Policy(BaseModel):
    """What must be measured and who must sign before a release is served."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    OLD: ClassVar[dict[str, str]] = OLD_KEYS

    name: str
    purpose: str = ""
    signers: dict[str, int] = Field({"reviewer": 1}, description="different people who must approve, by role; `a or b` = either")
    separation: bool = Field(False, description="whether who trained or released it may not sign")
    admin_stands_in: bool = Field(True, description="whether an admin may sign in place of any role")
    checklist: dict[str, str] = Field({}, description="questions that a reviewer answers: a short name and the question")
    answers_required: bool = Field(True, description="whether an approval counts only with every question answered")
    valid_days: int = Field(365, ge=1, description="days an approval lasts")
    on_drift: Literal["tell", "suspend"] = Field(
        "tell", description="what an alarm of `beside drift` does: tell people, or take the approval away until people lift it"
    )
    block_inconclusive: bool = Field(False, description="whether a limit that the data cannot decide blocks as well")
    checks: tuple[str, ...] = Field((), description="checks an audit runs; empty = all that apply")
    limits: tuple[Limit, ...] = ()
    statements: tuple[str, ...] = Field((), description="statements of people that a release must hold, by key")
    options: dict[str, dict[str, Any]] = Field({}, description='options of checks: [options."aspect/name"]')

    @model_validator(mode="before")
    @classmethod
    def of_before(cls, values: Any) -> Any:
        """Reads `quorum` and `roles`, as policies were written before each role had its own number."""
        if not isinstance(values, dict) or not OLD_KEYS.keys() & values.keys():
            return values
        roles = values.get("roles", ("reviewer",))
        if "signers" in values or not isinstance(roles, list | tuple) or not roles:
            raise ValueError("write [signers] with a number for each role, without quorum and roles")
        kept = {key: value for key, value in values.items() if key not in OLD_KEYS}
        return {**kept, "signers": {" or ".join(roles): values.get("quorum", 1)}}

    @field_validator("signers")
    @classmethod
    def somebody(cls, signers: dict[str, int]) -> dict[str, int]:
        """At least one person, at least one of each."""
        if not signers or any(number < 1 for number in signers.values()) or not all(map(str.strip, signers)):
            raise ValueError("each role needs a number of 1 or more, and there must be one role")
        return signers

    @field_validator("statements")
    @classmethod
    def known_statements(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Only questions that there are."""
        if odd := [key for key in keys if key not in KEYS]:
            raise ValueError(f"there is no statement '{odd[0]}'; there are: {', '.join(KEYS)}")
        return keys

    @property
    def quorum(self) -> int:
        """How many different people must approve."""
        return sum(self.signers.values())

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that may sign, each once."""
        return tuple(dict.fromkeys(role for seat in self.signers for role in seat.split(" or ")))
