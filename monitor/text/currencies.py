"""What people call the currencies, and where it stands beside a number. `shared_currencies` tells which one a shared
name means.
"""

import re
from collections.abc import Iterable
from typing import Final

#: A sign or word that several countries share, where nothing tells which (ISO 4217 and CLDR: unknown currency).
UNKNOWN: Final = "XXX"

# ISO 4217 → names on either side. The commonest has a shared one, where no other is nearly as common.
_EITHER = {
    "USD": "us$ u$s $ usd", "EUR": "€ eur euro", "GBP": "£ gbp", "CNY": "cny rmb 人民币 人民幣", "JPY": "jpy",
    "INR": "₹ rs rs. inr rupees rupee", "BRL": "r$ brl", "KRW": "₩ krw", "THB": "฿ thb", "VND": "₫ vnd vnđ",
    "IDR": "rp rp. idr", "MYR": "rm myr", "PHP": "₱ php", "SGD": "s$ sgd", "PLN": "pln", "TRY": "₺ tl try",
    "CHF": "chf SFr.", "AUD": "a$ au$ aud", "CAD": "c$ ca$ cad", "NZD": "nz$ nzd", "MXN": "mx$ mxn", "RUB": "₽ rub",
    "SAR": "sar ر.س", "AED": "aed د.إ", "EGP": "egp ج.م", "HKD": "hk$ hkd 港币 港幣",
    "TWD": "nt$ twd 新台币 新台幣 台币 台幣",
    "RON": "ron", "SEK": "sek", "NOK": "nok", "DKK": "dkk", "ISK": "isk", "CZK": "czk", "HUF": "huf", "UAH": "₴ uah",
    "ILS": "₪ ils", "NGN": "₦ ngn", "BDT": "৳ bdt tk tk.", "KES": "ksh KSh KShs kshs kes", "GHS": "₵ ghs",
    "KZT": "₸ kzt", "GEL": "₾ gel", "AZN": "₼ azn", "PYG": "₲ pyg", "CRC": "₡ crc", "LAK": "₭ lak", "MNT": "₮ mnt",
    "AMD": "֏ amd", "ZAR": "zar", "PKR": "pkr", "LKR": "lkr", "NPR": "npr", "BGN": "bgn", "RSD": "rsd", "COP": "cop",
    "ARS": "ars", "CLP": "clp", "PEN": "pen", "UYU": "uyu", "DOP": "rd$ dop", "QAR": "qar ر.ق",
    "KWD": "kwd د.ك", "BHD": "bhd د.ب", "OMR": "omr ر.ع", "JOD": "jod",
    "MAD": "mad د.م", "TND": "tnd", "DZD": "dzd", "IQD": "iqd", "LBP": "lbp",
    "UGX": "ugx", "TZS": "tzs", "UZS": "uzs", UNKNOWN: "¥ kr kr. dhs",
}  # fmt: skip
# Words, and signs that stand behind: before a number 원 ends 회원 (member), and 元 ends 单元 (unit).
_BEHIND = {
    "USD": (
        "dollars dollar bucks dólares dólar dollari доллар доллара долларов долл دولار دولارات 달러 ドル 美元 美金 "
        "डॉलर"
    ),
    "EUR": "euros евро يورو 유로 ユーロ 欧元 歐元 ยูโร", "GBP": "quid 英镑 英鎊", "CNY": "yuan 元 块钱 塊錢 块",
    "JPY": "yen 円 日元 日圆 日圓 엔", "INR": "रुपये रुपए रुपया रूपये रुपयों", "BRL": "reais", "KRW": "원 ウォン 韩元 韓元",
    "THB": "baht บาท", "VND": "đ đồng", "IDR": "rupiah", "MYR": "ringgit", "PLN": "zł zl złotych złote złoty",
    "RUB": "руб рублей рубля рубль рублями р", "SAR": "ريال", "IRR": "ریال", "EGP": "جنيه جنيهات جنيها", "RON": "lei",
    "SEK": "kronor", "CZK": "kč korun", "HUF": "forint forintot", "UAH": "грн гривень гривні гривня",
    "ILS": "שקל שקלים ש\"ח ש״ח ש''ח שח", "CHF": "franken", "TRY": "lira lirası", "NPR": "रुपैयाँ", "UZS": "сум сўм",
    "NGN": "naira", "BDT": "taka টাকা", "KZT": "тенге тг тг.", "HKD": "港元", "BGN": "лв лева",
    # A toman is ten rials, and often a thousand tomans are meant.
    UNKNOWN: "pesos peso kroner dh dirham dirhams درهم دراهم تومان تومن",
}  # fmt: skip
#: As they stand only: "5000 ft" are feet. And "rm50" is money, "rm 50" a command.
_EXACT_BEHIND: Final = {"Ft": "HUF", "Fr.": "CHF"}
ATTACHED: Final = {"rm": "MYR"}
#: Also the names of sizes, versions, Fridays and streets: money only before a number that is written as a price is.
_PRICE = r"[1-9][0-9]{0,2}(?:[ ,'’][0-9]{3})+(?:[.,][0-9]{2})?"
_FRANCS = re.compile(
    rf"(?!(?:0?[1-9]|[12][0-9]|3[01])\.(?:0[1-9]|1[0-2])(?![0-9]))(?:{_PRICE}|[0-9]{{1,6}}\.(?:[0-9][05]|[-–—]))"
    r"(?![0-9:]|\.[0-9]| ?(?:[Uu]hr|h)\b)"
)
BEFORE_PRICES: Final = {
    "R": ("ZAR", re.compile(rf"(?<=R)(?:{_PRICE}|[0-9]{{1,6}}[.,][0-9]{{2}})(?![0-9])")),
    "NT": ("TWD", re.compile(r"(?<=NT)[0-9][0-9,.]{0,11}[万萬]? ?元")),
    "Fr.": ("CHF", _FRANCS), "Fr": ("CHF", _FRANCS),
}  # fmt: skip
# Written small these codes are words, names or tools in some language: money in capitals only ("RM 50", "100 TRY").
_CAPITALS_ONLY: Final = (
    "try rm php cad rub sar ron sek nok dkk isk kes gel lak pyg crc mnt amd cop ars clp pen uyu dop mad omr jod "
    "tnd kwd bhd iqd ghs azn ils zar"
)


def lengths_by_sign(names: Iterable[str], at: int) -> dict[str, list[int]]:
    """Of names that have the same sign at this place."""
    lengths: dict[str, set[int]] = {}
    for name in names:
        lengths.setdefault(name[at], set()).add(len(name))
    return {sign: sorted(found, reverse=True) for sign, found in lengths.items()}


def spellings(name: str) -> set[str]:
    capitals = name.upper()
    # The Turkish keyboard writes a dot on the capital.
    common = {capitals, capitals.replace("I", "İ")}
    return common if name in _CAPITALS_ONLY.split() else common | {name, name.capitalize()}


def _spelled(*tables: dict[str, str]) -> dict[str, str]:
    # Matched as they stand: a fold of case would also take letters that do not fold back.
    return {
        spelling: code
        for table in tables
        for code, names in table.items()
        for name in names.split()
        for spelling in spellings(name)
    }


BEFORE: Final = _spelled(_EITHER)
BEHIND: Final = _spelled(_EITHER, _BEHIND) | _EXACT_BEHIND
#: Every spelling that is taken.
CURRENCIES: Final = BEFORE | BEHIND | ATTACHED | {name: code for name, (code, _) in BEFORE_PRICES.items()}
#: How long names are that begin, or end, with a sign: the longest first.
LENGTHS_BEHIND: Final = lengths_by_sign(BEHIND, 0)
LENGTHS_BEFORE: Final = lengths_by_sign({*BEFORE, *ATTACHED, *BEFORE_PRICES}, -1)
#: What makes another word of a name that no space ends: 원칙 (principle), 元素 (element), 块蛋糕 (a piece of cake).
OTHER_WORDS: Final = {
    "원": re.compile("[칙소형탁색]"), "元": re.compile("[素论論组組件旦宵帅帥]"), "円": re.compile("[形卓周]"),
    "块": re.compile("(?![钱多左就都才还也呢吧了啊呀买退换给扣])[\u4e00-\u9fff]"), "엔": re.compile("[드진딩터]"),
}  # fmt: skip
#: Money with three decimals: "12.500" may be twelve and a half.
THOUSANDTHS: Final = frozenset({"KWD", "BHD", "OMR", "JOD", "TND"})
#: Their sign may stand where the decimal mark would: "12€50", "1990块5".
PARTED_BY_SIGN: Final = frozenset({"EUR", "USD", "GBP", "CHF", "PLN", "CNY"})
