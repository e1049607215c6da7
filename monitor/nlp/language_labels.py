"""What labelled files call a language, as our tag, and when an answer of the identifier says the same."""

import re
from typing import Final

from monitor.nlp.language import UNKNOWN
from monitor.nlp.language_hints import read_hint, romanised

_NAMES: Final = {"hinglish": "hi-Latn", "unknown": UNKNOWN}
#: Codes that say that no language is named (X marks links, pictures and the like with those for private use).
_NO_LANGUAGE: Final = re.compile("und|mis|zxx|art|q[a-t][a-z]")
#: Several languages in one post; and what tables write where nothing is known.
_NO_LABEL: Final = frozenset({"mul", "nan", "nil"})
_CODE: Final = re.compile("[a-z]{2,3}")
#: Chinese in characters is written alike, whatever is spoken.
_CHINESE: Final = frozenset({"zh", "zho", "chi", "cmn", "yue"})
#: Script or region → the spelling; a script goes first. Our "zh" is simplified, or what both spellings share.
_SPELLINGS: Final = {
    "hant": "zh-Hant", "hans": "zh-Hans", "tw": "zh-Hant", "hk": "zh-Hant", "mo": "zh-Hant", "cn": "zh-Hans",
    "sg": "zh-Hans",
}  # fmt: skip


def read_language(label: str) -> str:
    """Our tag of a label ("pt-BR" → "pt", "Hinglish" → "hi-Latn", "zh_TW" → "zh-Hant"); "" where it is none."""
    code, *more = label.strip().lower().replace("_", "-").split("-")
    if named := _NAMES.get(code):
        return named
    if _NO_LANGUAGE.fullmatch(code):
        return UNKNOWN
    if code in _CHINESE:
        return next((tag for part, tag in _SPELLINGS.items() if part in more), "zh")
    found = read_hint(code) if _CODE.fullmatch(code) and code not in _NO_LABEL else ""
    return (romanised(found) or f"{found}-Latn") if found and "latn" in more else found


def as_labelled(answer: str, label: str) -> str:
    """The answer as finely as the label speaks: to a label "hi" "hi-Latn" is right, to "zh" "zh-Hant"."""
    is_same = answer.startswith(f"{label}-") or (label, answer) == ("zh-Hans", "zh")
    return label if is_same else answer
