"""What people put behind a number so that it counts thousands or millions: `k`, `lakh`, `jt`, `тыс.`, `万`, `만`."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from monitor.text.currencies import UNKNOWN, lengths_by_sign

_THOUSAND, _MILLION, _BILLION = Decimal(10**3), Decimal(10**6), Decimal(10**9)
_LAKH, _CRORE = Decimal(10**5), Decimal(10**7)
_WORDS = {
    word: factor
    for factor, words in {
        Decimal(100): "hundred",
        _THOUSAND: (
            "thousand tausend tsd tsd. mil mila bin ribu rb nghìn ngàn tys tys. tysięcy tysiące тыс тыс. тысяч "
            "тысячи тысячу тис тис. тисяч тисячі ezer tusen hazar hazaar हज़ार हजार হাজার ألف الف آلاف هزار พัน"
        ),
        Decimal(10**4): "หมื่น",
        _LAKH: "lakh lakhs lac lacs लाख লাখ แสน",
        _MILLION: (
            "million millions mio mio. mln mln. mn millionen millones milhões milhão milioni milione miljoen "
            "milyon milionów juta jt triệu tr млн млн. миллион миллиона миллионов мільйон мільйона мільйонів مليون "
            "ملايين میلیون ล้าน"
        ),
        _CRORE: "crore crores cr करोड़ কোটি",
        _BILLION: (
            "billion billions bn mrd mrd. milliard milliards milliarden miliardi milyar miliar mld mld. miljard tỷ "
            "tỉ млрд млрд. bilhões bilhão مليار میلیارد"
        ),
    }.items()
    for word in words.split()
}
#: They count where they touch the number ("$1.2k", "₹5L"): "I paid $5 k" may end with "okay".
LETTERS: Final = {
    "k": _THOUSAND, "K": _THOUSAND, "к": _THOUSAND, "К": _THOUSAND, "m": _MILLION, "M": _MILLION, "b": _BILLION,
    "B": _BILLION, "L": _LAKH, "l": _LAKH, "w": Decimal(10**4), "W": Decimal(10**4),
}  # fmt: skip
_LENGTHS = lengths_by_sign({*_WORDS, *(letter.lower() for letter in LETTERS)}, 0)
_RUPEES = frozenset({"INR", "PKR", "NPR", "LKR", "BDT"})
_ONLY_WITH = {
    "L": _RUPEES, "l": _RUPEES, "cr": _RUPEES, "w": frozenset({"CNY"}), "W": frozenset({"CNY"}),
    "bin": frozenset({"TRY"}), "tr": frozenset({"VND"}),
}  # fmt: skip
# Rp 5M are five milliards to some and five millions to others; so is "$5 mil" a thousand or a million.
_DOUBTFUL_WITH = {
    "M": frozenset({"IDR"}), "m": frozenset({"IDR"}), "b": frozenset({"IDR"}), "B": frozenset({"IDR"}),
    "mil": frozenset({"USD", "GBP", "AUD", "CAD", UNKNOWN}),
}  # fmt: skip
#: A letter or word apart from the number that may multiply it.
UNCLEAR: Final = re.compile(r" ?(?:[kKmMbBкК]{1,2}|mil|grand|[万萬亿億千百만억천백])(?![^\W\d_])")

_UNITS = {
    **dict.fromkeys("十십", 10), **dict.fromkeys("百백", 100), **dict.fromkeys("千천", 1000),
    **dict.fromkeys("万萬만", 10**4), **dict.fromkeys("亿億억", 10**8),
}  # fmt: skip
_PART = rf"(?:[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,2}}|[0-9]{{1,4}}(?:\.[0-9]{{1,3}})?) ?[{''.join(_UNITS)}]{{1,2}}"
#: "1.5万", "3억 5천만", "1万500": parts with their units, and what is left behind the last.
EAST_NUMBER: Final = re.compile(
    rf"{_PART}(?: ?{_PART}){{0,3}}(?: ?[0-9]{{1,4}}(?= ?[원元円块])|[0-9]{{1,4}}(?![0-9]))?"
)
_EAST_PART = re.compile(rf"([0-9][0-9,.]*) ?([{''.join(_UNITS)}]*)")


def multiplier_words(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The words that may multiply the number that ends here, the longest first, and where each ends."""
    for start in (at, at + 1) if text[at : at + 1] == " " else (at,):
        for length in _LENGTHS.get(text[start : start + 1].lower(), ()):
            word = text[start : start + length]
            if len(word) == length and (word in LETTERS or word.lower() in _WORDS):
                yield word, start + length


def factor_of(word: str, code: str) -> Decimal | None:
    """By how much it multiplies money of this currency; None where that is not sure."""
    name = word if word in LETTERS else word.lower()
    if code not in _ONLY_WITH.get(name, {code}) or code in _DOUBTFUL_WITH.get(name, ()):
        return None
    return LETTERS.get(name) or _WORDS[name]


def east_value(written: str) -> Decimal | None:
    """`1만5천` is 15000; None where the units do not fall, or one digit is left behind them ("3万5")."""
    total, last = Decimal(0), Decimal(10**13)
    for number, signs in _EAST_PART.findall(written):
        unit = Decimal(1)
        for sign in signs:
            unit *= _UNITS[sign]
        value = Decimal(number.replace(",", "")) * unit
        if value >= last or (not signs and (len(number) < 2 or value != value.to_integral_value())):
            return None
        total, last = total + value, unit
    return total
