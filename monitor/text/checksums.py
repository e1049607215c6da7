"""Check digits of cards, bank accounts and parcels. Each function takes the bare number, without spaces.

Carrier rules follow the published open set `tracking_number_data` (jkeen); S10 follows UPU S10-12.
"""

from collections.abc import Callable

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_FEDEX_WEIGHTS = (3, 1, 7) * 4


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812 (payment cards)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def passes_iban(iban: str) -> bool:
    """ISO 13616: the rearranged account, letters as numbers, leaves 1 when divided by 97."""
    number = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])
    return int(number) % 97 == 1


def passes_s10(number: str) -> bool:
    """Postal items of the Universal Postal Union, such as RB123456785GB."""
    rest = 11 - sum(int(d) * w for d, w in zip(number[2:10], _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest) == int(number[10])


def _passes_mod10(number: str, odd: int, even: int) -> bool:
    values = [int(letter) if letter.isdigit() else (ord(letter) - 3) % 10 for letter in number[:-1]]
    total = sum(value * (even if place % 2 else odd) for place, value in enumerate(values))
    return -total % 10 == int(number[-1])


def passes_ups(number: str) -> bool:
    """1Z numbers: the sixteen characters after `1Z`."""
    return _passes_mod10(number[2:], odd=1, even=2)


def passes_usps(number: str) -> bool:
    return _passes_mod10(number, odd=3, even=1)


def passes_fedex(number: str) -> bool:
    """Express (12 digits) and Ground (15 digits)."""
    if len(number) == 15:
        return _passes_mod10(number, odd=1, even=3)
    total = sum(int(d) * w for d, w in zip(number[:11], _FEDEX_WEIGHTS[:11], strict=True))
    return total % 11 % 10 == int(number[11])


def passes_dhl(number: str) -> bool:
    """DHL Express air waybill (10 digits)."""
    return int(number[:9]) % 7 == int(number[9])


#: Carrier → (shape, check, whether the shape alone is too common and needs a word about parcels nearby).
CARRIERS: dict[str, tuple[str, Callable[[str], bool], bool]] = {
    "ups": (r"1Z[0-9A-Z]{15}[0-9]", passes_ups, False),
    "s10": (r"[A-Z]{2}[0-9]{9}[A-Z]{2}", passes_s10, False),
    "usps": (r"9[0-9]{21}|9[0-9]{19}", passes_usps, False),
    "fedex": (r"[0-9]{15}|[0-9]{12}", passes_fedex, True),
    "dhl": (r"[0-9]{10}", passes_dhl, True),
}
