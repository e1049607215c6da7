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
    "VND": "₫ vnd đ",
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
CURRENCIES = {name: code for code, names in _WRITTEN.items() for name in names.split()}
_NAMES = "|".join(re.escape(name) for name in sorted(CURRENCIES, key=len, reverse=True))
_NUMBER = r"[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3})+(?:[.,][0-9]{1,2})?|[0-9]{1,9}(?:[.,][0-9]{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![0-9A-Za-z.,])(?P<before>{_NAMES})[ \u00a0]?(?P<first>{_NUMBER})(?![0-9])"
    rf"|(?<![0-9A-Za-z.,$€£¥₹])(?P<second>{_NUMBER})[ \u00a0]?(?P<after>{_NAMES})(?![A-Za-z])",
    re.IGNORECASE,
)


def find_amounts(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, value) with the value as `EUR 12.50`."""
    for match in _AMOUNT.finditer(text):
        currency = CURRENCIES[(match["before"] or match["after"]).lower()]
        yield match.start(), match.end(), f"{currency} {plain_number(match['first'] or match['second'])}"


def plain_number(written: str) -> str:
    """`1.234,50` and `1,234.50` both become `1234.50`: a last mark before one or two digits is the decimal one."""
    whole, decimals = written, ""
    if split := re.fullmatch(r"(.*)[.,]([0-9]{1,2})", written):
        whole, decimals = split[1], "." + split[2].ljust(2, "0")
    return re.sub(r"[^0-9]", "", whole) + decimals
