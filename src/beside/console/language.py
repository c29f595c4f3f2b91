"""English and Chinese: which one a person reads, its words, numbers and dates.

The Chinese words live in `locale/zh/LC_MESSAGES/beside.po` (gettext). The file is compiled in memory at start, so there is no
second, binary copy that could fall behind it. The English words are the message ids themselves.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from starlette.requests import Request

NAMES = {"en": "English", "zh": "中文"}  # each language in its own words
COOKIE = "beside_language"
CATALOGUES = Path(__file__).parent / "locale"


def N_(message: str) -> str:
    """Marks a message for the catalogue where it is translated later."""
    return message


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """The compiled words of a language; English needs none."""
    file = CATALOGUES / code / "LC_MESSAGES" / "beside.po"
    if not file.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True)
class Language:
    """One language and how it writes words, numbers and dates."""

    code: str

    @property
    def locale(self) -> Locale:
        """The Babel locale."""
        return Locale.parse({"zh": "zh_Hans_CN"}.get(self.code, self.code))

    @property
    def tag(self) -> str:
        """The value of the page's `lang` attribute (BCP 47)."""
        return {"zh": "zh-Hans"}.get(self.code, self.code)

    def say(self, message: str, **values: Any) -> str:
        """The message in this language, its `%(name)s` placeholders filled in; a per cent sign is written twice."""
        return self.raw(message) % values

    def raw(self, sentence: str) -> str:
        """A sentence that another part of the product wrote, said in this language as it is."""
        return catalogue(self.code).gettext(sentence) if sentence else ""  # gettext keeps its header under the empty message

    def count(self, one: str, many: str, n: int, **values: Any) -> str:
        """The message in the form that `n` needs; `%(n)s` is the number as this language writes it."""
        text = catalogue(self.code).ngettext(one, many, n)
        return text % {"n": self.number(n), **values}

    def knows(self, message: str) -> bool:
        """Whether the catalogue has the message; English knows every message."""
        return self.code == "en" or self.raw(message) != message

    def number(self, value: float, digits: int = 3) -> str:
        """A number with at most so many digits behind the point."""
        return str(format_decimal(value, format="#,##0." + "#" * digits, locale=self.locale))

    def fixed(self, value: float, digits: int = 3) -> str:
        """A number with exactly so many digits behind the point, so that a column lines up."""
        return str(format_decimal(value, format="#,##0." + "0" * digits, locale=self.locale))

    def share(self, value: float) -> str:
        """A share of 0..1 as a percentage; rounding makes nothing certain and nothing impossible."""
        shown = min(max(value, 0.001), 0.999)
        sign = "> " if value > shown else "< " if value < shown else ""
        return sign + str(format_percent(shown, format="#,##0.0%", locale=self.locale))

    def day(self, moment: datetime) -> str:
        """The day in the machine's own time zone."""
        return str(format_date(moment.astimezone(), format="medium", locale=self.locale))

    def moment(self, moment: datetime) -> str:
        """Day and time in the machine's own time zone; minutes are enough for a person."""
        here = moment.astimezone()
        clock = format_datetime(here, format="HH:mm", locale=self.locale, tzinfo=here.tzinfo)
        return f"{format_date(here, format='medium', locale=self.locale)} {clock}"


def chosen(request: Request, fallback: str = "en") -> str:
    """The language of a request: `?lang=`, then the cookie, then what the browser asks for, then `fallback`."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in NAMES:
            return wish
    return negotiate_locale(accepted(request.headers.get("accept-language", "")), list(NAMES)) or fallback


def accepted(header: str) -> list[str]:
    """Language codes of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    wishes = []
    for part in header.split(","):
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        if tag.strip():
            wishes.append((weight, tag.strip().split("-")[0].lower()))
    return [code for weight, code in sorted(wishes, key=lambda wish: -wish[0]) if weight > 0]
