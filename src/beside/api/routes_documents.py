"""What people write about a model, and the documents of a release as they were sealed."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from beside.api.actor import TheLoop
from beside.api.bodies import Body, Text
from beside.api.errors import document
from beside.core.questions import QUESTIONS
from beside.core.statements import LONGEST, Statement, Tongue

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
TYPES = {".html": "text/html; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".pdf": "application/pdf"}

router = APIRouter(prefix="/v1", responses=document(401, 403, 404, 409, 413, 422))


class StatementBody(Body):
    """An answer to one question."""

    key: Text = Field(description="which question; `GET /v1/statements` lists them", examples=["intended_purpose"])
    text: Text = Field(description="the answer", json_schema_extra={"minLength": 1, "maxLength": LONGEST})
    language: Tongue = Field("en", description="the language it is written in")


class Asked(BaseModel):
    """A question about the model that only a person can answer, and what was written on it."""

    key: str
    question: dict[str, str] = Field(description="by language")
    help: dict[str, str] = Field(description="what a good answer holds, by language")
    statements: list[Statement] = Field(description="the newest first; earlier ones are kept")


@router.get("/statements", tags=["releases"])
def statements(loop: TheLoop) -> list[Asked]:
    """Every question, and who wrote what on it when."""
    said = loop.statements()
    return [
        Asked(
            key=one.key,
            question={"en": one.en[0], "zh": one.zh[0]},
            help={"en": one.en[1], "zh": one.zh[1]},
            statements=[statement for statement in said if statement.key == one.key],
        )
        for one in QUESTIONS
    ]


@router.put("/statements", tags=["releases"])
def state(body: StatementBody, loop: TheLoop) -> Statement:
    """Writes an answer in the name of whoever is signed in; it stands in the documents of the next release."""
    return loop.state(body.key, body.text, body.language)


@router.get("/releases/{id}/dossier/{name}", tags=["releases"], response_class=FileResponse)
def dossier(id: str, name: str, loop: TheLoop) -> FileResponse:
    """A document of a release as it was sealed, for example `technical-file.en.pdf`: its bytes are checked against the manifest."""
    file = loop.document(id, name)
    kind = TYPES.get(file.suffix, "application/octet-stream")
    headers = {"Content-Security-Policy": SANDBOX} if file.suffix == ".html" else None
    return FileResponse(file, media_type=kind, headers=headers, filename=file.name, content_disposition_type="inline")


@router.get("/documents/{name}", tags=["personal data"], response_class=Response)
def paper(name: str, loop: TheLoop) -> Response:
    """The record of processing (`record.en.html`) or the impact assessment (`impact.zh.pdf`), made from what is known now.

    In English and Chinese, as HTML, Markdown and PDF; for admins and privacy officers.
    """
    what, _, rest = name.partition(".")
    language, _, format = rest.partition(".")
    content = loop.paper(what, format, language)
    headers = {"Content-Disposition": f'inline; filename="{what}.{language}.{format}"'}
    if format == "html":
        headers["Content-Security-Policy"] = SANDBOX
    return Response(content, media_type=TYPES[f".{format}"], headers=headers)
