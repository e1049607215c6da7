"""A key that near-duplicates share: copied complaints, chain posts, one text with other handles or links."""

import re
from hashlib import blake2b

from monitor.text.clean import clean, fold
from monitor.text.plain import ADDRESS, HANDLE

_LEFT_OUT = re.compile(rf"{ADDRESS}|{HANDLE}|^\s*rt\b")
_NUMBER = re.compile(r"\d+")
_NOT_A_LETTER = re.compile(r"[\W_]+")


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits, or "" where no letter or digit is left (nothing to compare)."""
    words = _NOT_A_LETTER.sub(" ", _NUMBER.sub("0", _LEFT_OUT.sub(" ", fold(clean(text))))).strip()
    return blake2b(words.encode(), digest_size=8).hexdigest() if words else ""
