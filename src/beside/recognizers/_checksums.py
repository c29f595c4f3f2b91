"""Check digits: of resident IDs, bank cards, social credit codes, IBANs, and of the identity cards of Hong Kong and Taiwan."""

from __future__ import annotations

from datetime import date

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
CODE_WEIGHTS = tuple(3**place % 31 for place in range(17))
TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # a letter's place here plus 10 is its number


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, its digits added; the sum ends in 0."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0 and digits.strip("0") != ""


def resident_check(digits: str) -> str:
    """The 18th character of a resident ID from its first 17 (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11]


def credit_check(code: str) -> str:
    """The 18th character of a unified social credit code from its first 17 (GB 32100-2015)."""
    total = sum(CODE_SIGNS.index(sign) * weight for sign, weight in zip(code, CODE_WEIGHTS, strict=False))
    return CODE_SIGNS[-total % 31]


def iban(value: str) -> bool:
    """ISO 13616: the first four characters put at the end, letters as 10 to 35, the remainder by 97 is 1."""
    turned = value[4:] + value[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def hong_kong(value: str) -> bool:
    """Letters as 10 to 35, a missing first letter as 36, weights 9 down to 1; the remainder by 11 is 0."""
    signs = value.rjust(9, " ")
    numbers = [36 if sign == " " else int(sign, 36) for sign in signs]
    return sum(number * weight for number, weight in zip(numbers, range(9, 0, -1), strict=True)) % 11 == 0


def taiwan(value: str) -> bool:
    """The letter as two digits, weights 1, 9, 8, ..., 1, 1; the sum ends in 0."""
    first = TAIWAN.index(value[0]) + 10
    numbers = [first // 10, first % 10, *map(int, value[1:])]
    return sum(number * weight for number, weight in zip(numbers, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0


def day(year: int, month: int, day: int, last: int = 2100) -> bool:
    """Whether there is such a day between 1880 and `last`."""
    try:
        return 1880 <= date(year, month, day).year <= last
    except ValueError:
        return False
