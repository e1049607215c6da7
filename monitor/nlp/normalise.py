"""The two forms of a post's text that the models read: the same at training and at run time.

Simplified, as an encoder reads that was trained in many languages: handles and addresses are masked, case and width
are folded. Normalised, as n-grams and a vocabulary of our own are counted: further, marks are dropped where readers do
without them (Latin, Greek, Cyrillic, Arabic, Hebrew) but kept where they carry the word (Thai, Indic scripts, kana).
"""

import re
import unicodedata

from monitor.text.plain import ADDRESS, HANDLE, UNSPACED

_ADDRESS = re.compile(ADDRESS)
_HANDLE = re.compile(HANDLE)
_TOUCHES = re.compile(f"[{UNSPACED}]")
# A handle that names a care desk says that the post was addressed to one; which brand's it is must not count.
_CARE = re.compile("help|support|care|ask|service|assist|soporte|ayuda|hilfe|aide|atencion", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"__(\w{1,20}?)__")
_LONG_NUMBER = re.compile(r"\d{6,}")
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_SPACES = re.compile(r"\s+")
_MASKS = re.compile(r"\bhttp\b|@user\b|@care\b")
_TELLING = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So"})
_HANGUL_SYLLABLE = re.compile("[\uac00-\ud7a3]+")
_OTHER_CONTROL = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0e\ufe0f\ufeff\ud800-\udfff]"
)
# Marks after a letter of one of these scripts are dropped: Latin, Greek, Cyrillic, Hebrew, Arabic.
_DROPPED_MARKS = re.compile(
    "(?<=[A-Za-z\u00aa-\u024f\u0370-\u052f\u0590-\u06ff])[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670\u0640]+"
)


def normalise(text: str) -> str:
    """Both steps at once; total (any str is accepted) and linear in the length of the text."""
    return fold(simplify(text))


def simplify(text: str) -> str:
    """The form in which every letter still has its marks; total and linear as well."""
    text = _ADDRESS.sub(" http ", text)
    text = _HANDLE.sub(_mask, text)
    text = _PLACEHOLDER.sub(r" \1 ", text)
    text = _LONG_NUMBER.sub("000000", text)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _OTHER_CONTROL.sub("", text)).lower()
    text = _REPEATED.sub(r"\1\1\1", text)
    return _SPACES.sub(" ", text).strip()


def fold(simplified: str) -> str:
    """Drops the marks, and spells Hangul in its letters."""
    if simplified.isascii():
        return simplified
    text = unicodedata.normalize("NFKD", simplified)
    text = _DROPPED_MARKS.sub("", text)
    text = unicodedata.normalize("NFC", text)
    # The vocabulary of the first base spells Hangul in its letters (jamo).
    text = _HANGUL_SYLLABLE.sub(lambda run: unicodedata.normalize("NFD", run.group()), text).lower()
    return _SPACES.sub(" ", _REPEATED.sub(r"\1\1\1", text)).strip()


def says_something(folded: str) -> bool:
    """Whether a folded post holds a letter, a number or a pictogram beside handles and addresses."""
    return any(unicodedata.category(sign) in _TELLING for sign in _MASKS.sub("", folded))


def _mask(handle: re.Match[str]) -> str:
    """The mask of a handle, with a space where a script without spaces touches it: both are words of their own."""
    masked = "@care" if _CARE.search(handle.group()) else "@user"
    start, end = handle.span()
    before = " " if start and _TOUCHES.match(handle.string, start - 1) else ""
    after = " " if handle.group().isascii() and _TOUCHES.match(handle.string, end) else ""
    return f"{before}{masked}{after}"
