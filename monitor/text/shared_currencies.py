"""Which currency is meant by a name or sign that several countries share, as far as the words of a text tell.

In doubt it is `UNKNOWN`: a wrong currency is worse than none. A country that is merely named may be where a parcel
goes, so beside dollars only a word like "Canadian" tells; in Spanish, where "$" is the peso of most, its name does.
"""

import re

from monitor.text.currencies import CURRENCIES, UNKNOWN, spellings

_NAMES = {
    "pesos": "pesos peso",
    "crowns": "kr kr. kroner",
    "dollars": "dollars dollar dólares dólar dollari доллар доллара долларов",
    "rupees": "rs rs. rupees rupee रुपये रुपए रुपया रूपये रुपयों",
    "dirhams": "dh dhs dirham dirhams درهم دراهم",
    "riyals": "ريال",
    "rials": "ریال",
    "pounds": "جنيه جنيهات جنيها",
    "yuan": "元",
}
_KINDS = {spelling: kind for kind, names in _NAMES.items() for name in names.split() for spelling in spellings(name)}
#: Signs that another name beside the number explains, whatever it is ("$500 MXN", "kr 500 NOK").
_SIGNS = frozenset({"$", "¥"}) | {spelling for name in ("kr", "kr.") for spelling in spellings(name)}

# What two of them claim stays unknown.
_TOLD = {
    "crowns": {
        "SEK": r"[äö]|\b(?:och|inte|jag|är|från|men)\b",
        "DKK": r"\b(?:hvad|mig|dig|blev|noget|efter|af|hvorfor|jeres|uge)\b",
        "NOK": r"\b(?:hva|meg|deg|ble|noe|etter|hvorfor|deres|uke)\b",
        "ISK": r"[þð]",
    },
    "pesos": {
        "MXN": r"m[eé]xic|\bmxn?\b|cdmx|monterrey|guadalajara|🇲🇽",
        "ARS": r"argentin|buenos aires|🇦🇷",
        "CLP": r"\bchile|🇨🇱",
        "COP": r"colombia|bogot[aá]|medell[ií]n|🇨🇴",
        "UYU": r"urugua|montevideo|🇺🇾",
        "DOP": r"dominican|🇩🇴",
        "PHP": r"[pf]h?ilip+in|pinas|manila|cebu|\b(?:po|ng|ang|ko|yung|niyo|nyo|naman|lang|kayo|ako|nila|wala)\b|🇵🇭",
    },
    "dollars": {
        "CAD": r"canadi[ae]n|canad(?:ense|ese|ees)|kanad(?:isch|yjsk)|канадск",
        "AUD": r"australian|australisch|australien(?:s|nes?)\b|австралийск",
        "NZD": r"new zealand(?:er)? dollar|neuseeländisch|новозеландск",
        "SGD": r"singaporean|singapore dollar|singapurisch|сингапурск",
    },
    "rupees": {
        "INR": r"₹|\bindia|bharat|\bdelhi\b|mumbai|kolkata|chennai|bengaluru|bangalore|भारत|🇮🇳",
        "PKR": r"pakistan|karachi|lahore|islamabad|rawalpindi|peshawar|faisalabad|\.pk\b|پاکستان|کراچی|لاہور|🇵🇰",
        "LKR": r"sri ?lanka|colombo|\.lk\b|[\u0d80-\u0dff]|🇱🇰",
        "NPR": r"nepal|kathmandu|\.np\b|नेपाल|काठमाड|🇳🇵",
        "MUR": r"mauriti|\.mu\b|🇲🇺",
    },
    "dirhams": {
        "AED": r"\buae\b|dubai|abu dhabi|sharjah|ajman|emirat|\.ae\b|دبي|ال[إا]مارات|[أا]بو ?ظبي|الشارقة|عجمان|🇦🇪",
        "MAD": (
            r"maroc|marruec|morocc|marokk|casablanca|marrakech|\btanger\b|agadir|\.ma\b|مغربي|(?:في |ب)المغرب"
            r"|الدار البيضاء|الرباط|مراكش|طنجة|🇲🇦"
        ),
    },
    "riyals": {
        "SAR": r"سعود|الرياض|جدة|saudi|riyadh|jeddah|🇸🇦",
        "QAR": r"قطري|(?:في |دولة )قطر|الدوحة|qatar|\bdoha\b|🇶🇦",
        "OMR": r"عماني|سلطنة|مسقط|\boman|muscat|🇴🇲",
        "YER": r"يمني|اليمن(?!ى)|صنعاء|yemen|🇾🇪",
    },
    # In Urdu it is the money of whatever country the author works in.
    "rials": {"SAR": r"سعود", "QAR": r"قطر", UNKNOWN: r"[ٹڈڑےں]"},
    "pounds": {"EGP": r"مصر|القاهرة|egypt|🇪🇬", "GBP": r"[إا]سترلين|بريطان|🇬🇧", "SDG": r"سودان|الخرطوم|sudan|🇸🇩"},
    "yuan": {"TWD": r"台灣|臺灣|臺北|蝦皮|\bnt[$ ]?[0-9]|🇹🇼"},
}
_TELLS = {
    kind: {code: re.compile(words, re.IGNORECASE) for code, words in table.items()} for kind, table in _TOLD.items()
}
_KANA, _HAN = re.compile("[\u3041-\u30fa]"), re.compile("[\u4e00-\u9fff]")
_OTHER_DOLLARS = re.compile(r"\b(?:canad|kanad)a\b|\baustrali[ae]\b|new zealand|singap(?:ore|ur)", re.IGNORECASE)
# "$12.990" has its thousands parted as in South America, where "$" are pesos.
_DOTTED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]{1,2})?")
_MAY_BE_SPANISH = re.compile(r"\b(?:en|de|la|el|mi|por|con|para|que|una?|los|las|del)\b", re.IGNORECASE)
_SPANISH = re.compile(
    r"[¿¡ñ]|\b(?:el|las(?! vegas)|los(?! angeles)|una|muy|pero|desde|hasta|est[aá]n?|tambi[eé]n|cobraron|cobr[oó]"
    r"|compr[eé]|pagu[eé]|pedido|ped[ií]|reembolso|devoluci[oó]n|env[ií]o|dinero|lleg[oó]|paquete)\b",
    re.IGNORECASE,
)


class Meanings:
    """What names of currencies mean in one text, which is read once for each name, however many amounts it has."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, str] = {}

    def currency_of(self, name: str, number: str) -> str:
        """The currency that the name beside this number means; UNKNOWN where it may be one of several."""
        if name not in self._known:
            self._known[name] = _currency_of(name, self._text)
        code = self._known[name]
        return UNKNOWN if name == "$" and code == CURRENCIES["$"] and _DOTTED.fullmatch(number) else code


def _currency_of(name: str, text: str) -> str:
    if name == "¥":
        return "JPY" if _KANA.search(text) else "CNY" if _HAN.search(text) else UNKNOWN
    if name == "$":
        return _of_dollar_sign(text)
    kind = _KINDS.get(name, "")
    told = _told(kind, text)
    if not told and not (kind == "dollars" and _OTHER_DOLLARS.search(text)):
        return CURRENCIES[name]
    return told[0] if len(told) == 1 else UNKNOWN


def clearer_name(before: str, behind: str) -> str | None:
    """Of two names about one number the one that says more ("Rs 500 PKR"); None where they are of two currencies."""
    if before in _SIGNS and behind[0].isalpha():
        return behind
    first, second = _meanings(before), _meanings(behind)
    if not first & second:
        return None
    return behind if len(second) < len(first) else before


def _of_dollar_sign(text: str) -> str:
    dollars, pesos = _told("dollars", text), [code for code in _told("pesos", text) if code != "PHP"]
    told = dollars + pesos
    if len(told) == 1 and (dollars or _MAY_BE_SPANISH.search(text)):
        return told[0]
    is_unclear = told or _OTHER_DOLLARS.search(text) or _SPANISH.search(text)
    return UNKNOWN if is_unclear else CURRENCIES["$"]


def _told(kind: str, text: str) -> list[str]:
    return [code for code, words in _TELLS.get(kind, {}).items() if words.search(text)]


def _meanings(name: str) -> set[str]:
    if name == "¥":
        return {"JPY", "CNY"}
    kinds = ("dollars", "pesos") if name == "$" else (_KINDS.get(name, ""),)
    codes = {CURRENCIES[name], *(code for kind in kinds for code in _TELLS.get(kind, {}))}
    return codes - {UNKNOWN} if len(codes) > 1 else codes
