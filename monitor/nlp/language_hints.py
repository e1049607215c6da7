"""What platforms say of a post's language, as BCP 47 tags that language.py weighs against the text itself."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

#: Script → languages written in it, for which a platform's hint is believed where the letters do not tell.
HINTED_BY_SCRIPT: Final = {
    "Cyrillic": {"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg", "uz", "tt", "ba", "cv", "ce", "os", "sah"},
    "Arabic": {"ar", "fa", "ur", "ckb", "ps", "sd", "ug", "ku", "ks", "pnb"},
    "Devanagari": {"hi", "mr", "ne", "sa", "bho", "mai", "kok"},
    "Hebrew": {"he", "yi"},
    "Bengali": {"bn", "as"},
    "Ethiopic": {"am", "ti"},
}
#: What platforms say → our tags; "" says nothing.
_HINTS: Final = {
    "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr", "fil": "tl", "cmn": "zh", "zsm": "ms",
    "arb": "ar", "pes": "fa", "prs": "fa", "npi": "ne", "khk": "mn", "uzn": "uz", "pbt": "ps", "ekk": "et", "lvs": "lv",
    "swh": "sw", "azj": "az", "ory": "or", "hi-latn": "hi-Latn", "ja-latn": "", "zh-latn": "",
}  # fmt: skip
#: Where Chinese is written in traditional characters, if the hint names no script.
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})
CODE: Final = re.compile("[a-z]{2,3}")
# Codes that name no language: undetermined, several, uncoded, no language, invented; and those for private use, with
# which X marks links, hashtags and pictures (qme, qht …).
NO_LANGUAGE: Final = re.compile("und|mul|mis|zxx|art|q[a-t][a-z]")
#: Languages of another script that people type in Latin letters as well.
_ROMANISED: Final = frozenset(
    {"el", "hy", "ka", "he", "pa", "gu", "or", "ta", "te", "kn", "ml", "si"}.union(*HINTED_BY_SCRIPT.values())
) - {"uz", "ku"}  # these write Latin letters themselves
#: Languages of another script of which Latin letters are names of products at most.
_NEVER_LATIN: Final = frozenset({"zh", "zh-Hant", "ja", "ko", "th", "lo", "my", "km", "bo", "dz", "yue"})


@lru_cache(maxsize=1)
def _two_letter_codes() -> dict[str, str]:
    """Codes of three letters (ISO 639-2, both where a language has two) of the languages that have one of two."""
    lines = Path(__file__).with_name("language_codes.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines)


@lru_cache(maxsize=512)
def read_hint(hint: str) -> str:
    """The language that a platform's hint names, as our tag; "" where it names none."""
    language, *others = hint.strip().lower().replace("_", "-").split("-")
    language = _two_letter_codes().get(language, language)
    found = _HINTS.get(f"{language}-{others[0]}" if others else language, _HINTS.get(language, language))
    if found == "zh" and _TRADITIONAL & set(others) and "hans" not in others:
        return "zh-Hant"
    if found in _HINTS.values():
        return found
    return found if CODE.fullmatch(found) and not NO_LANGUAGE.fullmatch(found) else ""


def romanised(language: str) -> str:
    """The tag of this language in Latin letters ("bn" → "bn-Latn", "sv" → "sv"); "" where it is not written so."""
    if language in _NEVER_LATIN:
        return ""
    return f"{language}-Latn" if language in _ROMANISED else language
