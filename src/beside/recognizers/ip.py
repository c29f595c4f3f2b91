"""Addresses of computers: IPv4 and IPv6."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import last

OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
FOUR = re.compile(rf"(?<![0-9A-Za-z.])(?:{OCTET}\.){{3}}{OCTET}(?![0-9A-Za-z]|\.\d)")
SIX = re.compile(r"(?<![0-9A-Za-z:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}){0,3}(?![0-9A-Za-z:])")
NUMBERED = ("version", "ver", "v", "release", "版本", "固件", "section", "chapter", "章节", "第")


@dataclass(frozen=True, kw_only=True)
class Ip:
    """Numbers of versions and chapters look alike: the word before tells."""

    zh: ClassVar[str] = "计算机的 IP 地址：IPv4 与 IPv6"
    examples: ClassVar[tuple[str, ...]] = (
        "从[[10.24.3.118]]登录",
        "host [[2001:db8:85a3::8a2e:370:7334]] is down",
        "blocked: [[203.0.113.77]].",
    )
    misses: ClassVar[tuple[str, ...]] = ("版本 4.2.1.10", "300.1.1.1", "at 12:30:45", "1.2.3.4.5", "version 10.0.0.1")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        if "." in text:
            for hit in FOUR.finditer(text):
                if not 0 <= last(text, hit.start(), NUMBERED, 9) <= 2:
                    yield Found(hit.start(), hit.end(), 0.9)
        if text.count(":") > 1:
            for hit in SIX.finditer(text):
                if six(hit.group()):
                    yield Found(hit.start(), hit.end(), 0.9)


def six(value: str) -> bool:
    """Whether this is an IPv6 address that is more than `::` and a time of day."""
    try:
        IPv6Address(value)
    except ValueError:
        return False
    return len(value) > 4


recognizer = Ip()
