"""Letters of other scripts that look like Latin ones, and characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

# after the confusables of Unicode Technical Standard 39, those that a common typeface draws alike
CYRILLIC = dict(
    zip(
        "аАВсСеЕНһҺіІїјЈКМоОрРѕЅТхХуУԁԛԝӏӀԌѵ",
        "aABcCeEHhHiIijJKMoOpPsSTxXyYdqwlIGv",
        strict=True,
    )
)
GREEK = dict(zip("αΑΒΕΖΗιΙΚΜνΝοΟρΡΤυΥΧγ", "aABEZHiIKMvNoOpPTuYXy", strict=True))
ARMENIAN = dict(zip("օոսցհքԼՕՍ", "onughqLOU", strict=True))
ALIKE = {**CYRILLIC, **GREEK, **ARMENIAN}
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u180e"  # not U+200C and U+200D: Persian, Indian scripts and emoji need them
UNSEEN = re.compile(f"[{INVISIBLE}]")
TABLE = str.maketrans({**ALIKE, **dict.fromkeys(INVISIBLE, "")})


def plain(text: str) -> str:
    """The text as a person would read it aloud: one form per letter, lookalikes as the Latin letters they imitate, lower case."""
    return unicodedata.normalize("NFKC", text).translate(TABLE).lower()
