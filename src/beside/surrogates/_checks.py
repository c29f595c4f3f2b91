"""Check characters that complete a number: of resident IDs, bank cards, social credit codes, IBANs, Hong Kong, Taiwan."""

from __future__ import annotations

CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # a letter's place here plus 10 is its number


def luhn(digits: str) -> str:
    """The digit that completes a card number (ISO/IEC 7812-1)."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def resident(digits: str) -> str:
    """The 18th character of a resident ID (GB 11643-1999)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, ID_WEIGHTS, strict=True)) % 11]


def credit(code: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015)."""
    return CODE_SIGNS[-sum(CODE_SIGNS.index(sign) * 3**place for place, sign in enumerate(code)) % 31]


def organisation(signs: str) -> str:
    """The 9th character of an organisation code, which stands inside a social credit code (GB 11714-1997)."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(signs, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[(11 - total % 11) % 11]


def iban(country: str, account: str) -> str:
    """The two check digits of an IBAN (ISO 13616)."""
    number = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00"))
    return f"{98 - number % 97:02d}"


def hong_kong(start: str) -> str:
    """The check character of a Hong Kong identity card, `A123456` or `AB123456`."""
    numbers = [36 if sign == " " else int(sign, 36) for sign in start.rjust(8)]
    return "0123456789A"[-sum(number * weight for number, weight in zip(numbers, range(9, 1, -1), strict=True)) % 11]


def taiwan(start: str) -> str:
    """The last digit of a Taiwan identity card, from its letter and eight digits."""
    first = TAIWAN.index(start[0]) + 10
    numbers = [first // 10, first % 10, *map(int, start[1:])]
    return str(-sum(number * weight for number, weight in zip(numbers, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 10)
