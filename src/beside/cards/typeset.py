"""A document as PDF: the same blocks as Markdown and HTML print, laid out by Typst (document.typ) without any connection.

The text reaches Typst as data, never as markup, so nothing a person wrote can become a command. A document whose letters are
all in the fonts that come with Typst is set with those alone: every machine makes the same bytes. Chinese needs a font of the
machine; then the bytes are the same again on this machine with this font only, and the manifest names the font.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from beside import charts
from beside.cards.blocks import Document
from beside.cards.pictures import Picture

LAYOUT = Path(__file__).parent / "document.typ"
LATIN = "Libertinus Serif"  # comes with Typst
MONO = "DejaVu Sans Mono"  # comes with Typst
CHINESE = (  # the first that is installed is used; serif ones go best with the Latin letters
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "Songti SC",
    "SimSun",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
HOW = "Install one, for example `apt install fonts-noto-cjk` or `dnf install google-noto-serif-cjk-fonts`, then release again."
COVERED = ((0x20, 0x590), (0x1E00, 0x2E80), (0xFB00, 0xFB07))  # ranges that the fonts of Typst hold well enough
CJK = ((0x2E80, 0xA4D0), (0xF900, 0xFB00), (0xFE30, 0xFE50), (0xFF00, 0xFFF0), (0x20000, 0x32000))


def pdf(document: Document) -> bytes | None:
    """The document as PDF with a fixed date; None when it holds Chinese and no font here can print it."""
    given = layout(document)
    return None if given is None else printed(given["font_paths"], document.date, tuple(given["sys_inputs"].items()))


@lru_cache(maxsize=12)  # two releases: the bundle that lies there may be made again, say after it was lost
def printed(families: Any, date: str, inputs: tuple[tuple[str, str], ...]) -> bytes:
    """The bytes for this content, these fonts and this date."""
    import typst  # only when something is printed: loading it takes a tenth of a second

    moment = datetime.fromisoformat(date).replace(tzinfo=UTC)
    made: bytes = typst.compile(LAYOUT.read_bytes(), format="pdf", timestamp=moment, font_paths=families, sys_inputs=dict(inputs))
    return made


def layout(document: Document) -> dict[str, Any] | None:
    """What Typst is given besides document.typ: the content as data, the fonts. None when no font here can print it."""
    pages = dataclasses.replace(document, other="", yaml="")  # what other editions say, in letters that this one may not need
    data = json.dumps({"document": plain(pages), "paper": charts.PAPER}, ensure_ascii=False, sort_keys=True)
    chinese = chinese_font() if holds(data, CJK) else ""
    if chinese is None:
        return None
    families = [LATIN, *([chinese] if chinese else [])]
    data = data.replace(charts.FONTS, ", ".join(families))  # inside the pictures
    given = {"data": data, "fonts": json.dumps(families), "mono": json.dumps([MONO, *families])}
    return {"font_paths": fonts(outside=not covered(data)), "sys_inputs": given}


@cache
def fonts(outside: bool) -> Any:
    """The fonts that come with Typst, and on demand those of the machine; reading them takes a fifth of a second."""
    import typst

    return typst.Fonts(include_system_fonts=outside)


@cache
def chinese_font() -> str | None:
    """The first font for Chinese that is installed here; None when there is none."""
    here = set(fonts(outside=True).families())
    return next((family for family in CHINESE if family in here), None)


def without_chinese() -> str:
    """What to tell a person when no Chinese can be printed; empty when it can."""
    return "" if chinese_font() else f"No Chinese font is installed here, so the Chinese documents have no PDF. {HOW}"


def printer() -> dict[str, Any]:
    """What the bytes of a PDF depend on besides its content, for the manifest."""
    from importlib.metadata import version

    return {"typst": version("typst"), "chinese_font": chinese_font()}


def holds(text: str, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether any letter lies in these ranges."""
    return any(low <= ord(sign) < high for sign in set(text) for low, high in ranges)


def covered(text: str) -> bool:
    """Whether the fonts that come with Typst hold every letter."""
    return all(ord(sign) < 0x20 or any(low <= ord(sign) < high for low, high in COVERED) for sign in set(text))


def plain(value: Any) -> Any:
    """Blocks as plain data, each with its kind."""
    if isinstance(value, Picture):
        return {"svg": value.svg, "title": value.title, "caption": value.caption}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        return kind | {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple | range):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value
