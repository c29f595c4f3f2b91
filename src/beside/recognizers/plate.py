"""Number plates of vehicles in mainland China: ordinary, new energy, trailer, police, learner, consulate, Hong Kong and Macau."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found

PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
SIGN = "A-HJ-NP-Za-hj-np-z0-9"
PLATE = re.compile(
    rf"[{PROVINCE}] ?[A-HJ-Za-hj-z][ ·•・.\-]?"
    rf"(?:(?=[A-Za-z]*\d)[{SIGN}]{{5,6}}|(?=[A-Za-z]*\d)[{SIGN}]{{4}}[挂学警港澳领])(?![0-9A-Za-z])|[{PROVINCE}使]\d{{5}}领|使\d{{6}}(?!\d)"
)


@dataclass(frozen=True, kw_only=True)
class Plate:
    """Province, a letter for the city, five signs, or six where the car runs on electricity."""

    zh: ClassVar[str] = "中国内地机动车号牌（普通、新能源、挂车、警车、教练车、领馆与港澳）"
    examples: ClassVar[tuple[str, ...]] = (
        "车牌[[京A12345]]停在门口",
        "[[粤B·D12345]]是新能源车",
        "我的车是[[沪C 8K3M2]]，刚被剐了",
        "教练车[[川A1234学]]",
    )
    misses: ClassVar[tuple[str, ...]] = ("京A座12层", "新A系列产品", "苏E见", "云A1", "粤B1234567")

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in PLATE.finditer(text):
            yield Found(hit.start(), hit.end(), 0.93)


recognizer = Plate()
