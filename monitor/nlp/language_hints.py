"""What platforms say of a post's language, as BCP 47 tags that language.py weighs against the text itself."""

import re
from functools import lru_cache
from typing import Final

#: Script → languages written in it, for which a platform's hint is believed where the letters do not tell.
HINTED_BY_SCRIPT: Final = {
    "Cyrillic": {"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg"},
    "Arabic": {"ar", "fa", "ur", "ckb", "ps", "sd", "ug"},
    "Devanagari": {"hi", "mr", "ne"},
    "Hebrew": {"he", "yi"},
    "Bengali": {"bn", "as"},
    "Ethiopic": {"am", "ti"},
}
#: What platforms say → our tags; "" says nothing. Three letters for a language that has two are older codes.
_HINTS: Final = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "fil": "tl",
    "zh-cn": "zh",
    "zh-hans": "zh",
    "zh-hant": "zh-Hant",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "hi-latn": "hi-Latn",
    "ja-latn": "",
    "eng": "en", "deu": "de", "ger": "de", "spa": "es", "fra": "fr", "fre": "fr", "ind": "id", "ita": "it", "msa": "ms",
    "may": "ms", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "tgl": "tl", "tur": "tr", "vie": "vi", "hin": "hi",
    "ara": "ar", "ben": "bn", "bul": "bg", "chi": "zh", "ell": "el", "fas": "fa", "heb": "he", "jpn": "ja", "kor": "ko",
    "mar": "mr", "nep": "ne", "per": "fa", "rus": "ru", "tam": "ta", "tel": "te", "tha": "th", "ukr": "uk", "urd": "ur",
    "zho": "zh",
}  # fmt: skip
_LANGUAGE: Final = re.compile("[a-z]{2,3}")
# Codes that name no language: undetermined, several, uncoded, no language, invented; and those for private use, with
# which X marks links, hashtags and pictures (qme, qht …).
_NO_LANGUAGE: Final = re.compile("und|mul|mis|zxx|art|q[a-t][a-z]")
#: Languages of another script that people type in Latin letters as well.
_ROMANISED: Final = frozenset(
    {"el", "hy", "ka", "he", "pa", "gu", "or", "ta", "te", "kn", "ml", "si"}.union(*HINTED_BY_SCRIPT.values())
)
#: Languages of another script of which Latin letters are names of products at most.
_NEVER_LATIN: Final = frozenset({"zh", "zh-Hant", "ja", "ko", "th", "lo", "my", "km", "bo", "dz", "yue"})


@lru_cache(maxsize=512)
def read_hint(hint: str) -> str:
    """The language that a platform's hint names, as our tag; "" where it names none."""
    lowered = hint.strip().lower().replace("_", "-")
    language = lowered.split("-")[0]
    found = _HINTS.get(lowered, _HINTS.get(language, language))
    if found in _HINTS.values():
        return found
    return found if _LANGUAGE.fullmatch(found) and not _NO_LANGUAGE.fullmatch(found) else ""


def romanised(language: str) -> str:
    """The tag of this language in Latin letters ("bn" → "bn-Latn", "sv" → "sv"); "" where it is not written so."""
    if language in _NEVER_LATIN:
        return ""
    return f"{language}-Latn" if language in _ROMANISED else language
