"""Numbers of bank and credit cards: Luhn's check digit, known first digits; account numbers where a word says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from beside.core.personal import Found
from beside.recognizers._around import last, near, of_a_thing
from beside.recognizers._checksums import luhn

NUMBER = re.compile(r"(?<![0-9A-Za-z])(?<![0-9][./\-])\d{3,6}(?:[ \-]{0,2}\d){9,16}(?![0-9A-Za-z])(?![./]\d)")
# Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro; and the older cards of Chinese banks
KNOWN = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6|81|9[0-9]{2}|1800|2131|10\d{3}|180")
WORDS = (
    "卡号",
    "银行卡",
    "储蓄卡",
    "借记卡",
    "信用卡",
    "尾号",
    "工资卡",
    "账号",
    "账户",
    "帐号",
    "帐户",
    "卡片",
    "社保卡",
    "收款",
    "打款",
    "转账到",
    "转到",
    "开户",
    "的卡",
    "这张卡",
    "card",
    "cards",
    "cc",
    "account",
    "visa",
    "mastercard",
    "debit",
    "credit",
    "pan",
    "amex",
)


@dataclass(frozen=True, kw_only=True)
class BankCard:
    """A word for a card nearby lets a number with a slip in it count as well; a word for an order or a parcel speaks against it."""

    zh: ClassVar[str] = "银行卡与信用卡号码（Luhn 校验、发卡行前缀），以及有上下文说明的账号"
    examples: ClassVar[tuple[str, ...]] = (
        "信用卡[[4111 1111 1111 1111]]被盗刷",
        "卡号：[[6222021234567890128]]",
        "My card [[5500-0055-5555-5559]] was swallowed",
        "请打到账号[[1100 2345 6789 0123]]",
        "[[378282246310005]]",
    )
    misses: ClassVar[tuple[str, ...]] = (
        "订单号 4111111111111112",
        "运单号：6222021234567890128",
        "4111111111111112",
        "tracking number 4111111111111111",
        "合计1,234,567,890,123元",
    )

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""
        for hit in NUMBER.finditer(text):
            value = re.sub(r"\D", "", hit.group())
            if 12 <= len(value) <= 21 and (score := self.score(text, hit, value)):
                yield Found(hit.start(), hit.end(), score)

    def score(self, text: str, hit: re.Match[str], value: str) -> float:
        """How sure one is that this is a card or an account; 0 = it is none."""
        if of_a_thing(text, hit.start(), WORDS):
            return 0.0
        told, sound = near(text, *hit.span(), WORDS, 30), luhn(value) and len(value) <= 19 and bool(KNOWN.match(value))
        if told:
            return 0.95 if sound else 0.85 if last(text, hit.start(), WORDS, 6) >= 0 else 0.65
        return (0.8 if len(value) >= 14 else 0.55) if sound else 0.0


recognizer = BankCard()
