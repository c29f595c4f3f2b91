"""Addresses of the internet from the ranges kept for documents; private ones stay in their private range."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import ClassVar

from beside.core.drawing import Draw

DOCUMENTS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737


class Ip:
    """IPv4: 192.0.2.0/24 and its sisters; IPv6: 2001:db8::/32 (RFC 3849)."""

    zh: ClassVar[str] = "IP 地址：取文档保留网段；内网地址仍为内网"

    def make(self, value: str, draw: Draw) -> str:
        """Another address."""
        try:
            known = ip_address(value.split("/")[0].split("%")[0])
        except ValueError:
            return draw.alike(value, "ip", value)
        if isinstance(known, IPv6Address):
            return "2001:db8:" + ":".join(f"{draw.number(65_536, 'ip', str(known), str(place)):x}" for place in range(6))
        first = str(known).split(".")
        last = [str(1 + draw.number(254, "ip", str(known), str(place))) for place in range(3)]
        if first[0] == "10":
            return ".".join(["10", *last])
        if first[:2] == ["192", "168"]:
            return ".".join([*first[:2], *last[:2]])
        if first[0] == "172" and 16 <= int(first[1]) <= 31:
            return ".".join([*first[:2], *last[:2]])
        return f"{draw.pick(DOCUMENTS, 'ip', str(known))}.{last[0]}"


surrogate = Ip()
