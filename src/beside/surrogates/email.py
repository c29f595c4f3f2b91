"""E-mail addresses at example.com and its sisters, which nobody owns; a name in one becomes what it becomes elsewhere."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw
from beside.surrogates._latin import latin

AT = re.compile(r"\s*(?:@|＠|[(\[{<]\s*(?:at|AT)\s*[)\]}>]|\s(?:at|AT)\s)\s*")
DOMAINS = ("example.com", "example.org", "example.net")  # RFC 2606
NAME = re.compile(r"[A-Za-z]{2,}")


class Email:
    """The part before the @ keeps its form; people who shared a domain share one still."""

    zh: ClassVar[str] = "电子邮箱：域名换成保留的 example.com 等，用户名中的姓名与别处一致"

    def make(self, value: str, draw: Draw) -> str:
        """Another address in the same form."""
        at = AT.search(value)
        local, between, domain = (value[: at.start()], at.group(), value[at.end() :]) if at else (value, "@", "")
        known = local.casefold()
        new = NAME.sub(lambda word: latin(word.group(), draw), local)
        new = re.sub(r"[0-9]", lambda digit: str(draw.number(10, "email", known, str(digit.start()))), new)
        if not NAME.search(local):
            new = draw.alike(local, "email", known)
        return f"{new}{between}{draw.pick(DOMAINS, 'domain', domain.casefold())}"


surrogate = Email()
