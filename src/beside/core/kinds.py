"""What kinds of personal data are called inside a text, in English and Chinese: `[name]`, `[姓名]`."""

from __future__ import annotations

import re

NAMES = {
    "address": ("address", "地址"),
    "bank_card": ("card number", "银行卡号"),
    "birth_date": ("date of birth", "出生日期"),
    "credit_code": ("credit code", "社会信用代码"),
    "email": ("e-mail", "电子邮箱"),
    "iban": ("bank account", "银行账号"),
    "ip": ("internet address", "网络地址"),
    "organisation": ("organisation", "机构"),
    "passport": ("passport number", "护照号码"),
    "permit": ("permit number", "通行证号码"),
    "person": ("name", "姓名"),
    "phone": ("telephone number", "电话号码"),
    "plate": ("number plate", "车牌号"),
    "resident_id": ("resident ID", "身份证号码"),
    "ssn": ("social security number", "社会安全号码"),
    "url": ("web address", "网址"),
}
HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
LETTER = re.compile(rf"{HAN}|[^\W\d_]")
NEAR = 200  # characters that are looked at before a value, and behind it


def placeholder(kind: str, text: str, start: int, end: int) -> str:
    """What stands in place of a value, in the language of the words around it: the nearest letter before it says which, else the
    nearest one behind; with neither, the value's own letters; English when there is none at all.

    Args:
        text: with the value.
        start: where the value begins; `end`: where it ends, exclusive.
    """
    before = LETTER.findall(text[max(0, start - NEAR) : start])[-1:]
    letter = before or LETTER.findall(text[end : end + NEAR])[:1] or LETTER.findall(text[start:end])[:1]
    english, chinese = NAMES.get(kind, (kind.replace("_", " "),) * 2)
    return f"[{chinese if letter and re.match(HAN, letter[0]) else english}]"
