"""Addresses on the web, with or without https://, also next to Chinese text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found

SIGNS = r"[0-9A-Za-zÀ-ɏ\-._~:/?#\[\]@!$&'()*+,;=%|]"
HOST = r"[0-9A-Za-zÀ-ɏ][0-9A-Za-zÀ-ɏ\-]{0,62}"
ENDINGS = (
    "com|cn|net|org|gov|edu|info|biz|io|ai|app|dev|me|tv|cc|top|xyz|vip|shop|site|online|hk|tw|mo|us|uk|de|fr|es|it|nl|be|ch|at|se|no|dk|"
    "fi|pl|cz|sk|hu|pt|ie|gr|ro|ru|ua|jp|kr|in|sg|my|au|nz|ca|br|mx|ar|za|il|tr|ae|eu|co|cy|ee|lt|lv|si|hr|bg|is|lu"
)
WHOLE = re.compile(
    rf"(?<![0-9A-Za-z])(?:https?|ftps?|HTTPS?|FTP)://{SIGNS}{{1,2000}}|(?<![0-9A-Za-z@./])[wW]{{3}}\.{SIGNS}{{3,2000}}"
)
BARE = re.compile(
    rf"(?<![0-9A-Za-z@._\-])(?:{HOST}\.){{1,5}}(?:{ENDINGS})(?![0-9A-Za-z\-@])(?!\.[0-9A-Za-z])(?::\d{{2,5}})?(?:[/?#]{SIGNS}{{0,1500}})?"
)


@dataclass(frozen=True, kw_only=True)
class Url:
    """A name alone counts when it ends as domains end; a mark that closes the sentence is not part of it."""

    zh: ClassVar[str] = "网址，带或不带 https://，也包括紧挨中文的"
    examples: ClassVar[tuple[str, ...]] = (
        "网站[[https://www.example.com/a?b=1]]打不开",
        "see [[www.example.org/help]].",
        "My page is [[http://anna.example.net/~me]], have a look",
        "登录[[example.com.cn]]查询",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "version 2.0.1 is out",
        "the file report.txt",
        "end of line.Next one",
        "anna@example.com",
        "3.14",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        if "." not in text:
            return
        for hit in WHOLE.finditer(text):
            yield Found(hit.start(), hit.start() + len(hit.group().rstrip(".,;:!?'()[]|*")), 0.95)
        for hit in BARE.finditer(text):
            yield Found(hit.start(), hit.start() + len(hit.group().rstrip(".,;:!?'()[]|*")), 0.75)


recognizer = Url()
