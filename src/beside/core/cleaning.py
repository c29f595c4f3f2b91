"""Text as people's tools leave it -> text as Beside keeps it, and the keys by which two texts or labels count as the same."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime, time
from typing import Any
from unicodedata import normalize

# NUL and other control characters, lone surrogates, byte order marks, line ends other than \n
ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u2028\u2029]")
LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff]")
# U+0080..U+009F are control characters nobody types: they are Windows-1252 quotes and dashes read as Latin-1, as in HTML5
WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
# punctuation is named rather than "all that is no letter": vowel signs of Hindi or Thai are no letters to Unicode
PUNCTUATION = re.compile("[\\s!-/:-@\\[-`{-~\xa1-\xbf\u2000-\u206f\u2e00-\u2e7f\u3000-\u303f]+")
BETWEEN = "\x1f"  # stands between text and pair in a key; `clean` removes it from texts


def clean(text: str) -> str:
    """Text without control characters, lone surrogates (-> U+FFFD), Windows line ends and outer white space; idempotent."""
    if ODD.search(text) is None:
        return text.strip()
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return CONTROLS.sub("", LINE_ENDS.sub("\n", whole).translate(WINDOWS)).strip()


def cell_text(value: Any) -> str:
    """A cell of any reader as text: nothing and NaN are empty, 3.0 is `3`, dates are ISO 8601, lists and objects are JSON."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN differs from itself
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def label_key(label: str) -> str:
    """What two spellings of one label share: case, width (NFKC) and spaces do not count."""
    return " ".join(normalize("NFKC", label).casefold().split())


def near_key(text: str) -> str:
    """What near-duplicates are compared by: NFKC, no case, no punctuation, no spaces; never empty for a text that is not."""
    folded = normalize("NFKC", text).casefold()
    return PUNCTUATION.sub("", folded) or folded


def same_hash(text: str, pair: str | None = None) -> int:
    """64-bit hash by which two texts (or pairs of texts) are the same; composed and decomposed accents are (NFC)."""
    both = text if pair is None else f"{text}{BETWEEN}{pair}"
    return int.from_bytes(hashlib.blake2b(normalize("NFC", both).encode(), digest_size=8).digest(), "little")


def example_id(text: str, pair: str | None, target: str | None) -> str:
    """An example's name from its cleaned content, the same in every import: `example-` and 16 hexadecimal characters."""
    content = BETWEEN.join((text, pair or "", target or ""))
    return f"example-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def pseudonym(person: str) -> str:
    """A name that stands for a person in every import, so that their rows can be found again and erased.

    It keeps names out of sight; it is a plain hash, so whoever holds a list of candidates can test it.
    """
    return f"person-{hashlib.sha256(person.encode()).hexdigest()[:16]}"


def snippet(text: str, limit: int = 160) -> str:
    """A text, or its beginning with `…`, for a report."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
