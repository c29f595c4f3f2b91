"""Addresses on the web at example.com and its sisters, which nobody owns; the path keeps its form."""

from __future__ import annotations

import re
from typing import ClassVar

from beside.core.drawing import Draw

PARTS = re.compile(r"(?i)^([a-z][a-z0-9+.\-]*://)?([^/?#]+)(.*)$", re.S)
DOMAINS = ("example.com", "example.org", "example.net")  # RFC 2606


class Url:
    """Pages of one site stay pages of one site."""

    zh: ClassVar[str] = "网址：域名换成保留的 example.com 等，路径保持格式"

    def make(self, value: str, draw: Draw) -> str:
        """Another address in the same form."""
        parts = PARTS.match(value)
        scheme, host, path = (parts[1] or "", parts[2], parts[3]) if parts else ("", value, "")
        site = host.casefold()
        start = "www." if site.startswith("www.") or not scheme else f"{draw.alike('site', 'site', site)}."
        known = path.casefold()
        return f"{scheme}{start}{draw.pick(DOMAINS, 'domain', site)}{draw.alike(path, 'path', site, known)}"


surrogate = Url()
