"""E-mail addresses, also with (at) for the sign, next to Chinese text, or with spaces around the sign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found

AT = r"(?: ?@ ?| ?[(\[{](?:at|AT)[)\]}] ?)"
DOT = r"(?:\.| ?[(\[{](?:dot|DOT)[)\]}] ?)"
SIGN = r"[0-9A-Za-z_%+&'\-À-ɏ]"
# the local part is sought from its first sign alone, so that a long run of signs is read once
EMAIL = re.compile(
    rf"(?<!{SIGN})(?<![0-9A-Za-z]\.){SIGN}{{1,128}}(?:\.{SIGN}{{1,64}}){{0,8}}{AT}"
    rf"[0-9A-Za-zÀ-ɏ][0-9A-Za-zÀ-ɏ\-]{{0,62}}(?:{DOT}[0-9A-Za-zÀ-ɏ][0-9A-Za-zÀ-ɏ\-]{{0,62}}){{0,6}}{DOT}[A-Za-z]{{2,24}}(?![0-9A-Za-z])"
)


@dataclass(frozen=True, kw_only=True)
class Email:
    """Nothing is looked up: whether a domain exists is no question that may leave this machine."""

    zh: ClassVar[str] = "电子邮箱，也包括紧挨中文、以 (at) 代替符号或符号两侧有空格的写法"
    examples: ClassVar[tuple[str, ...]] = (
        "邮箱[[zhang.wei@example.com.cn]]，请查收",
        "Write to [[anna+shop@example.org]].",
        "请发到[[lihua1990@qq.com]]好的",
        "reach me: [[j.doe (at) example.co.uk]]",
        "[[ANNA@EXAMPLE.COM]]",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "meet me @ noon",
        "微博@小王 转发了",
        "price: 3@5.00",
        "user@localhost",
        "@handle.name said so",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        if "@" in text or "at)" in text.lower() or "at]" in text.lower():
            for hit in EMAIL.finditer(text):
                yield Found(hit.start(), hit.end(), 0.97)


recognizer = Email()
