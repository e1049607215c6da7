"""Amounts of money with their currency, as people write them in many countries."""

import re
from collections.abc import Iterator

#: ISO 4217 → what people write. Where several countries share a sign, the commonest has it.
_WRITTEN = {
    "USD": "us$ $ usd dollars dollar bucks",
    "EUR": "€ eur euro euros",
    "GBP": "£ gbp quid",
    "CNY": "¥ cny rmb 元 块",
    "JPY": "円 jpy",
    "INR": "₹ rs rs. inr rupees rupee",
    "BRL": "r$ brl reais",
    "KRW": "₩ krw 원",
    "THB": "฿ thb บาท",
    "VND": "₫ vnd đ đồng",
    "IDR": "rp rp. idr",
    "MYR": "rm myr",
    "PHP": "₱ php peso pesos",
    "SGD": "s$ sgd",
    "PLN": "zł pln",
    "TRY": "₺ tl try",
    "CHF": "chf",
    "AUD": "a$ aud",
    "CAD": "c$ cad",
    "MXN": "mx$ mxn",
    "RUB": "₽ rub руб",
    "SAR": "ريال sar",
    "AED": "aed درهم",
    "EGP": "جنيه egp",
    "TWD": "nt$ twd",
    "HKD": "hk$ hkd",
}
#: Words of a language, tools and rooms in small letters: money in capitals only ("RM 50", "100 TRY").
_CAPITALS_ONLY = frozenset({"try", "rm", "php", "cad", "rub", "sar"})
#: A longer number without marks beside a currency in letters is a phone or an order, unless it is a round one.
_LONGEST_UNMARKED = 7


def _spellings(name: str) -> set[str]:
    capitals = name.upper()
    # The Turkish keyboard writes a dot on the capital.
    common = {capitals, capitals.replace("I", "İ")}
    return common if name in _CAPITALS_ONLY else common | {name, name.capitalize()}


#: Every spelling that is taken. Matched as it stands: a fold of case would also take letters that do not fold back.
CURRENCIES = {
    spelling: code for code, names in _WRITTEN.items() for name in names.split() for spelling in _spellings(name)
}
_NAMES = "|".join(re.escape(name) for name in sorted(CURRENCIES, key=len, reverse=True))
_LATIN = r"A-Za-z\u00c0-\u024f\u1e00-\u1eff"
_NUMBER = r"[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3}){1,5}(?:[.,][0-9]{1,2})?|[0-9]{1,9}(?:[.,][0-9]{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![0-9{_LATIN}.,])(?:(?P<before>{_NAMES})[ \u00a0]?|(?P<attached>rm))(?P<first>{_NUMBER})(?![0-9])"
    rf"|(?<![0-9{_LATIN}.,$€£¥₹])(?P<second>{_NUMBER})[ \u00a0]?(?P<after>{_NAMES})(?![{_LATIN}])"
)
_NUMBER_FOLLOWS = re.compile(r"[ \u00a0]?[0-9]")


def find_amounts(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, value) with the value as `EUR 12.50`."""
    for match in _AMOUNT.finditer(text):
        name = match["before"] or match["after"] or match["attached"].upper()
        written = match["first"] or match["second"]
        if not _may_be_money(written, name):
            continue
        if match["after"] and len(written) > _LONGEST_UNMARKED and _NUMBER_FOLLOWS.match(text, match.end()):
            continue  # in "612 345 678 € 20" the sign belongs to the second number
        yield match.start(), match.end(), f"{CURRENCIES[name]} {plain_number(written)}"


def _may_be_money(written: str, name: str) -> bool:
    if written[0] == "0" and written[1:2].strip(".,"):
        return False
    whole = re.sub(r"[.,][0-9]{1,2}$", "", written)
    is_marked_or_short = not whole.isdecimal() or len(whole) <= _LONGEST_UNMARKED
    return is_marked_or_short or whole.endswith("000") or not name[0].isalpha()


def plain_number(written: str) -> str:
    """`1.234,50` and `1,234.50` both become `1234.50`: a last mark before one or two digits is the decimal one."""
    whole, decimals = written, ""
    if split := re.fullmatch(r"(.*)[.,]([0-9]{1,2})", written):
        whole, decimals = split[1], "." + split[2].ljust(2, "0")
    return re.sub(r"[^0-9]", "", whole) + decimals
