"""Check digits of cards, bank accounts and parcels. Each function takes the bare number, without spaces.

Carrier rules follow the published open set `tracking_number_data` (jkeen), GS1 (serial shipping containers, German DHL
parcels among them) and Deutsche Post (Identcode, Leitcode); S10 follows UPU S10-12. DHL's piece numbers (JJD, JVGL),
DHL eCommerce (GM), Amazon (TBA), SF, YTO, JD, J&T, Cainiao (LP), Shopee (SPX), Flash, PostNL (3S) and Colissimo have no
published check: their prefix and length are all there is, and most of them need a word about parcels.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_FEDEX_WEIGHTS = (3, 1, 7) * 4
_FEDEX_LONG_WEIGHTS = (1, 7, 3) * 4 + (1,)
#: The SWIFT registry: how long an account number of each country is, letters and check digits included.
_IBAN_LENGTHS = {
    written[:2]: int(written[2:])
    for written in re.findall(
        r"\S+",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
        "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
        "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
        "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
        "YE30",
    )
}
# Issuers' ranges (ISO/IEC 7812): Amex, Diners, JCB, Visa, Mastercard with its second series, Mir, Maestro, UnionPay
# and Discover, RuPay, Troy.
_ISSUED = re.compile(
    r"3[47][0-9]{13}|3(?:0[0-5]|09|[689][0-9])[0-9]{11,16}|35[0-9]{14,17}|4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"
    r"|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|220[0-4][0-9]{12,15}"
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,17}|8[12][0-9]{14}|9792[0-9]{12}"
)


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812 (payment cards)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_card(digits: str) -> bool:
    """In the range of an issuer, and with its check digit."""
    return _ISSUED.fullmatch(digits) is not None and passes_luhn(digits)


def iban_length(country: str) -> int:
    """Of an account number that begins so; 0 where the country has none."""
    return _IBAN_LENGTHS.get(country, 0)


def passes_iban(iban: str) -> bool:
    """ISO 13616: the rearranged account, letters as numbers, leaves 1 when divided by 97."""
    number = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])
    return len(iban) == iban_length(iban[:2]) and int(number) % 97 == 1


def passes_s10(number: str) -> bool:
    """Postal items of the Universal Postal Union, such as RB123456785GB; the last letters are a country."""
    rest = 11 - sum(int(d) * w for d, w in zip(number[2:10], _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest) == int(number[10]) and number[11:] in phonenumbers.SUPPORTED_REGIONS


def _passes_mod10(number: str, odd: int, even: int) -> bool:
    values = [int(letter) if letter.isdigit() else (ord(letter) - 3) % 10 for letter in number[:-1]]
    total = sum(value * (even if place % 2 else odd) for place, value in enumerate(values))
    return -total % 10 == int(number[-1])


def _passes_weights(number: str, weights: tuple[int, ...]) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:-1], weights, strict=True))
    return total % 11 % 10 == int(number[-1])


def passes_ups(number: str) -> bool:
    """1Z numbers: the sixteen characters after `1Z`."""
    return _passes_mod10(number[2:], odd=1, even=2)


def passes_usps(number: str) -> bool:
    """20, 22 or 26 digits, with or without the routing before them (420 and five or nine digits of the place).

    The same check is GS1's. Labels of 20 digits may leave out the 91 that their check digit counts.
    """
    if number.startswith("420") and len(number) >= 30:
        return any(
            len(rest) in (22, 26) and rest[0] == "9" and _passes_mod10(rest, odd=3, even=1)
            for rest in (number[8:], number[12:])
        )
    is_short_label = len(number) == 20 and number[0] == "7"
    return _passes_mod10(number, odd=3, even=1) or (is_short_label and _passes_mod10("91" + number, odd=3, even=1))


def passes_fedex(number: str) -> bool:
    """Express (12 and 34 digits), Ground (15, and 22 digits beginning with 96) and SmartPost (20)."""
    if len(number) == 34:
        return _passes_weights(number[-14:], _FEDEX_LONG_WEIGHTS)
    if len(number) == 20:
        return _passes_mod10("92" + number, odd=3, even=1)
    if len(number) in (15, 22):
        return _passes_mod10(number[-15:], odd=1, even=3)
    return _passes_weights(number, _FEDEX_WEIGHTS[:11])


def passes_dhl(number: str) -> bool:
    """DHL Express air waybill (10 digits, or 11); Deutsche Post Leitcode (14) and Identcode (12), weighed 4 and 9."""
    if len(number) in (12, 14):
        return _passes_mod10(number, odd=4, even=9)
    return int(number[:-1]) % 7 == int(number[-1])


def _has_no_check(number: str) -> bool:
    return bool(number)


@dataclass(frozen=True, slots=True)
class Carrier:
    """One kind of parcel number: its bare shape, its check, and whether the shape is too common to stand alone."""

    shape: re.Pattern[str]
    passes: Callable[[str], bool]
    needs_word: bool = False


#: Numbers of digits alone. The first ones begin in the carrier's own way, the others need a word about parcels nearby.
DIGIT_CARRIERS = (
    Carrier(re.compile(r"(?:420[0-9]{5}(?:[0-9]{4})?)?9[1-5](?:[0-9]{20}|[0-9]{24})"), passes_usps),
    Carrier(re.compile(r"(?:0[03]|14|23|7[0-9]|81|9[0-9])[0-9]{18}"), passes_usps),
    Carrier(re.compile(r"96[0-9]{20}|96[0-9]{32}|100[0-9]{31}"), passes_fedex),
    Carrier(re.compile(r"[0-9]{20}|0[0-4][0-9]{16}"), passes_usps, needs_word=True),
    Carrier(re.compile(r"[0-9]{15}|[0-9]{12}|6[0-9]{19}"), passes_fedex, needs_word=True),
    Carrier(re.compile(r"[0-9]{10,12}|[0-9]{14}"), passes_dhl, needs_word=True),
)
#: Numbers that begin with letters.
LETTER_CARRIERS = (
    Carrier(re.compile(r"1Z[0-9A-Z]{15}[0-9]"), passes_ups),
    Carrier(re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}"), passes_s10),
    Carrier(re.compile(r"(?:JJD|JVGL)[0-9]{10,20}|GM[0-9]{12,22}|TBA[0-9]{12}"), _has_no_check),
    Carrier(re.compile(r"(?:LX|RX|UV|CN|SG|TH|IN|HK|MY)[0-9]{12,22}"), _has_no_check, needs_word=True),
    Carrier(re.compile(r"(?:SF|LP)[0-9]{12,16}|YT[0-9]{13,16}|J[A-Z][0-9]{10,13}"), _has_no_check, needs_word=True),
    Carrier(re.compile(r"JD[A-Z]{1,3}[0-9]{10,15}|SPX[A-Z]{0,2}[0-9]{9,16}"), _has_no_check, needs_word=True),
    Carrier(
        re.compile(r"TH[0-9]{9,13}[A-Z]|3S[A-Z]{2,6}[0-9]{6,12}|[5-9][A-Z][0-9]{11}"), _has_no_check, needs_word=True
    ),
)
