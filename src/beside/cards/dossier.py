"""Facts -> the dossier: model card, datasheet and technical file, each in English and Chinese, as Markdown, HTML and PDF.

One content, three ways to print it: the builders make plain blocks (blocks.py), the templates only lay them out. Same facts,
same bytes; the PDF also depends on the fonts of the machine (typeset.py says how).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from beside.cards.blocks import Document, Figures
from beside.cards.card import card
from beside.cards.datasheet import datasheet
from beside.cards.facts import Facts
from beside.cards.technical import technical
from beside.cards.typeset import pdf
from beside.cards.words import LANGUAGES, Words

HERE = Path(__file__).parent
FOLDER = "dossier"  # inside a bundle
DOCUMENTS: dict[str, Callable[[Facts, Words], Document]] = {"card": card, "datasheet": datasheet, "technical-file": technical}
FORMATS = ("md", "html", "pdf")
MARKED = re.compile(r"([\\`*_\[\]|#~])")  # what Markdown would read as markup
AT_START = re.compile(r"^(\d*)([-+=.)])")  # what it would read as a list or a heading at the start of a line
NO_ANCHOR = re.compile(r"[^\w.-]")


def render(facts: Facts) -> dict[str, bytes]:
    """Every file that all machines make alike: `card*.md|html` and `pictures/*.svg` in the bundle's root, `dossier/*.md|html`."""
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        for name, build in DOCUMENTS.items():
            document = build(facts, Words(language))
            files |= printed(document, f"{FOLDER}/{name}.{{language}}", up="../")
            if name == "card":  # in the root as well: there the Hugging Face Hub and people look first
                files |= printed(document, "card{mark}", up="")
                files |= {picture.file: picture.svg.encode() for picture in pictures_of(document)}
    return files


def printed(document: Document, place: str, up: str) -> dict[str, bytes]:
    """A document as HTML and Markdown. `place`: the name without ending; `up`: the way from there to the bundle's root."""
    here, there = (place.format(**naming(language)) for language in (document.language, other_language(document)))
    other = there.rpartition("/")[2] + ".html"
    css = Markup((HERE / "card.css").read_text(encoding="utf-8"))
    html = page.get_template("document.html.j2").render(document=document, css=css, other=other).lstrip()
    markdown = plain.get_template("document.md.j2").render(document=document, up=up).lstrip()
    tidy = re.sub(r"\n{3,}", "\n\n", markdown)
    return {f"{here}.html": html.encode(), f"{here}.md": (document.yaml + tidy).encode()}


def naming(language: str) -> dict[str, str]:
    """How a file name says the language: `.en` in the dossier; in the root English is the edition without a mark."""
    return {"language": language, "mark": "" if language == "en" else f".{language}"}


def other_language(document: Document) -> str:
    """The language that this document is not in."""
    return LANGUAGES[1 - LANGUAGES.index(document.language)]


def pdfs(facts: Facts) -> dict[str, bytes]:
    """`dossier/*.pdf`; without those that no font of this machine can print."""
    made = {
        f"{FOLDER}/{name}.{language}.pdf": pdf(build(facts, Words(language)))
        for language in LANGUAGES
        for name, build in DOCUMENTS.items()
    }
    return {name: content for name, content in made.items() if content is not None}


def pictures_of(document: Document) -> list[Any]:
    """Every picture of a document."""
    blocks = (block for section in document.sections for block in section.blocks)
    return [picture for block in blocks if isinstance(block, Figures) for picture in block.pictures]


def marked(value: Any) -> Any:
    """A value as Markdown that shows it letter by letter, also inside a table."""
    if isinstance(value, Markup):
        return value
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKED.sub(r"\\\1", " ".join(text.split()))


def quoted(text: str) -> Markup:
    """What a person wrote, as a quotation with its own lines."""
    lines = (AT_START.sub(r"\1\\\2", str(marked(line))) for line in text.split("\n"))
    return Markup("\n".join(f"> {line}  " if line else ">" for line in lines))


def anchor(source: str) -> Markup:
    """An id that a link can name."""
    return Markup(NO_ANCHOR.sub("-", source))


def link(source: str) -> Markup:
    """A link to the source of a value, in brackets; nothing without a source."""
    return Markup(f" ([{marked(source)}](#{anchor(source)}))") if source else Markup("")


def environment(**options: Any) -> Environment:
    """Templates of this folder; a name that is missing is an error, not an empty string."""
    made = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
    made.filters["quoted"] = quoted
    made.filters["anchor"] = anchor
    made.filters["link"] = link
    made.filters["plain"] = Markup  # of our own making
    return made


page = environment(autoescape=True)
plain = environment(autoescape=False, finalize=marked)
