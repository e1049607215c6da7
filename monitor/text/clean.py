"""Makes text storable without changing what it says, and folds it for matching."""

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The same text without NUL (PostgreSQL refuses it) and with U+FFFD for lone surrogates; else exact."""
    if text.isascii() and "\x00" not in text:
        return text
    return _SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def fold(text: str) -> str:
    """For comparing: NFC and casefold. Two spellings of one word that differ in case or composition are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
