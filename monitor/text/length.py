"""Length of a post as platforms count it: by X's weighting (an emoji two, an address 23), by graphemes, by bytes."""

import re
import unicodedata

from monitor.text.clean import clean
from monitor.text.x_rules import x_rules

# The letters that count one in X's configuration v3; every other one counts two.
_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
# Whatever may be an address, an emoji or a sequence: only the parser knows what it counts.
_NEEDS_PARSER = re.compile(
    r"\w\.\w|://|[\u00a9\u00ae\u200d\u203c\u2049\u20e3\u2100-\u214f\u2190-\u2bff\u3030\u303d\u3297\u3299"
    r"\ufe00-\ufe0f\ufeff\ufffe\uffff\U0001f000-\U000fffff]"
)

_MARKS = frozenset({"Mn", "Me", "Mc"})
_JOINER = "\u200d"
# Joiner, non-joiner, halfwidth voicing, Thai and Lao AM, skin tones, letters that spell a flag's region: they go on
# with what stands before, as marks do.
_EXTENDING = frozenset("\u200c\u200d\uff9e\uff9f\u0e33\u0eb3") | {
    chr(code) for code in (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))
}
# Marks of Burmese, Tai and Ahom that stand for themselves.
_ALONE = re.compile(
    "[\u102b\u102c\u1038\u1062-\u1064\u1067-\u106d\u1083\u1087-\u108c\u108f\u109a-\u109c\u1a61\u1a63\u1a64\uaa7b\uaa7d"
    "\U00011720\U00011721]"
)
_PICTURE = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)


def weighted_length(text: str) -> int:
    """Weighted length as X counts it; the limit of an ordinary post is 280."""
    plain = unicodedata.normalize("NFC", clean(text))
    if not _NEEDS_PARSER.search(plain):
        # Plain words, some hundred times faster: a batch of suggestions measures each text several times.
        return 2 * len(plain) - len(_LIGHT.findall(plain))
    return int(x_rules().parse_tweet(plain).weightedLength)


def byte_count(text: str) -> int:
    """Bytes of UTF-8, in which it travels: one for an English letter, up to four for others, 25 for a family emoji."""
    return len(clean(text).encode())


def grapheme_count(text: str) -> int:
    """Letters as people see them (Unicode's extended grapheme clusters): a family emoji or an accented letter is one.

    Bluesky counts so. Indic conjuncts and a few signs that stand before their letter count one more here than there,
    never one less: nothing is sent that does not fit.
    """
    if text.isascii():
        return len(text) - text.count("\r\n")
    count, flags, before, first = 0, 0, "", ""
    for letter in text:
        # Two letters of a flag stand together, a third begins the next flag.
        flags = flags + 1 if "\U0001f1e6" <= letter <= "\U0001f1ff" else 0
        is_second = flags > 0 and flags % 2 == 0
        # Emoji are joined to emoji only.
        is_joined = before == _JOINER and bool(_PICTURE.match(first) and _PICTURE.match(letter))
        if not before or not (is_second or is_joined or _joins(before, letter)):
            count, first = count + 1, letter
        before = letter
    return count


def _joins(before: str, letter: str) -> bool:
    """Whether no boundary lies between two letters (https://unicode.org/reports/tr29)."""
    if before == "\r" and letter == "\n":
        return True
    if _is_control(before) or _is_control(letter):
        return False
    if letter in _EXTENDING or (unicodedata.category(letter) in _MARKS and not _ALONE.match(letter)):
        return True
    return _joins_in_hangul(before, letter)


def _is_control(letter: str) -> bool:
    """Format characters stand apart too, but for the joiners and the signs of Arabic numbers."""
    category = unicodedata.category(letter)
    return category in ("Cc", "Zl", "Zp") or (category == "Cf" and letter not in _EXTENDING)


def _joins_in_hangul(before: str, letter: str) -> bool:
    """Korean syllables written in their parts: leading consonants, vowels, trailing consonants."""
    first, second = _hangul_part(before), _hangul_part(letter)
    return (first == "L" and second in ("L", "V", "LV", "LVT")) or (
        (first in ("LV", "V") and second in ("V", "T")) or (first in ("LVT", "T") and second == "T")
    )


_HANGUL_PARTS = (
    ("L", 0x1100, 0x115F),
    ("V", 0x1160, 0x11A7),
    ("T", 0x11A8, 0x11FF),
    ("L", 0xA960, 0xA97C),
    ("V", 0xD7B0, 0xD7C6),
    ("T", 0xD7CB, 0xD7FB),
)


def _hangul_part(letter: str) -> str:
    code = ord(letter)
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return next((part for part, start, end in _HANGUL_PARTS if start <= code <= end), "")
