"""Attacked rows: have them made, read them blind, say whether the meaning stayed, and see how often the attack succeeds."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import Body, Started, Text
from beside.api.errors import document
from beside.api.starting import start_attacking
from beside.core.judging import LONGEST_COMMENT, Judgement, Meaning, Opinion, Rates
from beside.core.pairs import shown
from beside.judging import FIRST
from beside.store.permission import EXAMPLE_READERS, demand_role

MOST_ROWS = 10_000  # training rows of one attack

router = APIRouter(prefix="/v1/releases", tags=["judging"], responses=document(401, 403, 404, 409, 413, 422, 500))


class AttackBody(Body):
    """How much to attack."""

    rows: int = Field(FIRST, ge=1, le=MOST_ROWS, description="training rows, drawn at random; the same number draws the same rows")


class JudgementBody(Body):
    """What a person says of one attacked row."""

    meaning: Meaning = Field(description="whether the changed text still means what the untouched one does")
    label: Text | None = Field(None, description="right label of the changed text; without it that of the untouched text")
    comment: Text = Field("", description="free words", json_schema_extra={"maxLength": LONGEST_COMMENT})


class Said(BaseModel):
    """What the model said before and after the attack."""

    label: str = Field(description="right label of the untouched text")
    before: str
    after: str
    before_probabilities: dict[str, float]
    after_probabilities: dict[str, float]


class RowToJudge(BaseModel):
    """A training row and its attacked copy, without what the model said of them."""

    id: str
    attack: str
    text: str
    edited: str
    mine: Judgement | None = Field(description="what the caller said of it last")
    model: Said | None = Field(description="only once the caller has judged every row: judging is blind")


@router.post("/{id}/attacked", status_code=202)
def attack(id: str, body: AttackBody, loop: TheLoop) -> Started:
    """Starts an attack on training rows, as a process of its own; rows whose answer changes wait for people to judge them."""
    process = start_attacking(loop.workspace, loop.actor, id, body.rows)
    return Started(release=id, process=process, progress="/v1/progress")


@router.get("/{id}/attacked")
def attacked(id: str, loop: TheLoop) -> list[RowToJudge]:
    """The attacked rows of a release, and what the caller said of them."""
    demand_role(loop.actor, EXAMPLE_READERS, "read attacked rows")
    desk = loop.desk(id)
    return [
        RowToJudge(
            id=row.id,
            attack=row.attack,
            text=shown(row.text),
            edited=shown(row.edited),
            mine=desk.mine.get(row.id),
            model=Said.model_validate(row.model_dump(include={*Said.model_fields})) if desk.open else None,
        )
        for row in desk.rows
    ]


@router.get("/{id}/attacked/rates")
def rates(id: str, loop: TheLoop) -> Rates:
    """How often the attack succeeds: raw, with the meaning checked by thresholds, and judged by people. A row counts once."""
    demand_role(loop.actor, EXAMPLE_READERS, "read what people say of attacked rows")
    return loop.rates(id)


@router.post("/{id}/attacked/{row}", status_code=201)
def judge(id: str, row: str, body: JudgementBody, loop: TheLoop) -> Judgement:
    """Says whether an attacked row still means the same. The newest word of each person counts."""
    loop.judge(id, [Opinion(attacked_id=row, **body.model_dump())])
    return loop.desk(id).mine[row]
