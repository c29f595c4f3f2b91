"""A run becomes a smaller or faster one, and what that brought and cost."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import Body, Text
from beside.api.errors import document
from beside.api.starting import start_compressing
from beside.core import registry
from beside.core.compressing import FAMILY, Compression, chain_of, settings_of
from beside.core.errors import UnknownName

router = APIRouter(prefix="/v1/runs", tags=["evidence"], responses=document(401, 403, 404, 409, 413, 422, 500))


class CompressBody(Body):
    """A chain of compressors, and what is to be otherwise than by default."""

    compressors: list[Text] = Field(
        ["quantize"],
        min_length=1,
        max_length=16,
        description=f"in the order in which they work: {', '.join(registry.names(FAMILY))}",
    )
    settings: dict[Text, dict[Text, Any]] = Field(
        {}, description="compressor, option, value", examples=[{"quantize": {"loss": 0.01, "flips": 0.01}}]
    )


class StartedCompression(BaseModel):
    """A compression that now runs by itself; it ends with a new run, whose parent is this one."""

    run: str = Field(description="the run that is compressed")
    process: int = Field(description="number of the process on the server")
    progress: str = Field(description="address of its progress, a stream of events")


@router.post("/{id}/compress", status_code=202)
def compress(id: str, body: CompressBody, loop: TheLoop) -> StartedCompression:
    """Starts making a smaller or faster model of a run, as a process of its own. The run itself stays as it is.

    The new run is compared with it on the tune split, and needs an audit, a release and an approval of its own.
    """
    chain = chain_of(body.compressors, settings_of(body.settings))
    return StartedCompression(run=id, process=start_compressing(loop.workspace, loop.actor, id, chain), progress="/v1/progress")


@router.get("/{id}/compression")
def compression(id: str, loop: TheLoop) -> Compression:
    """What was done to make a compressed run, each form that was measured, and how it compares with its parent on tune rows."""
    told = loop.compression(id)
    if told is None:
        raise UnknownName(
            f"The run '{id}' was trained, not compressed.", "Its children are the runs whose `parent` it is: /v1/runs."
        )
    return told
