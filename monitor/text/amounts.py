"""Amounts of money with their currency, as people write them in many countries.

A number that could be read in two ways, or whose end may be a phone, is no amount: the reader would be told wrong, and
masking would leave the phone as it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from monitor.text.currencies import (
    ATTACHED,
    BEFORE,
    BEFORE_PRICES,
    BEHIND,
    CURRENCIES,
    LENGTHS_BEFORE,
    LENGTHS_BEHIND,
    OTHER_WORDS,
    PARTED_BY_SIGN,
    THOUSANDTHS,
)
from monitor.text.multipliers import EAST_NUMBER, LETTERS, UNCLEAR, east_value, factor_of, multiplier_words
from monitor.text.phones import is_date, is_national
from monitor.text.plain import UNSPACED
from monitor.text.shared_currencies import Meanings, clearer_name

_LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
# Letters and signs of all scripts whose words are parted.
_LETTER = re.compile(
    rf"[{_LATIN}\u0370-\u0587\u05d0-\u05ea\u0620-\u065f\u066e-\u06d3\u0900-\u0963\u0971-\u0dff\u1f00-\u1fff]"
)
_NUMBER = re.compile(
    r"(?<![0-9])(?:"
    r"[1-9][0-9]{0,2}(?: [0-9]{3}){1,2}(?:[.,][0-9]{1,2})?(?![0-9]|[ .,'’\-/(]{1,2}[0-9])"
    r"|[1-9][0-9]?(?:,[0-9]{2}){1,4},[0-9]{3}(?:\.[0-9]{1,2})?(?![0-9]|[.,'’][0-9])"
    r"|[0-9]{1,3}(?:([.,'’])[0-9]{3})(?:\1[0-9]{3}){0,4}(?:[.,][0-9]{1,2})?(?![0-9]|[.,'’][0-9])"
    r"|[0-9]{1,9}(?:[.,][0-9]{1,2})?(?![0-9]|[.,'’][0-9]))"
)
#: A longer number without marks beside a currency in letters is a phone or an order, unless it is a round one.
_LONGEST_UNMARKED = 7
_NUMBER_FOLLOWS = re.compile(r" ?[0-9]")
# Digits that stand so near that they may belong to the number: of a phone, a date, a range.
_TAIL = re.compile(r"[ ().\-/]{1,3}[0-9]+(?:[ ().\-/]{1,3}[0-9]+){0,6}")
_HEAD = re.compile(r"[0-9]+(?:[ ().\-/]{1,3}[0-9]+){0,6}[ ().\-/]{1,3}$")
_HEAD_WINDOW = 28
_PHONE_LENGTH, _LONG_LENGTH, _PRICE_LENGTH = 7, 9, 4
_NEXT_THREE = re.compile(r" [0-9]{3}(?![0-9])")
_LAST_GROUP = re.compile(r"(?<![0-9])[0-9]{1,3} $")
_ONE_GROUP = re.compile(r"[0-9]{1,3}[.,'’ ][0-9]{3}")
_UNSPACED = re.compile(f"[{UNSPACED}]")
# "49,- €", "1250/- rs": nothing behind the mark.
_NO_DECIMALS = re.compile(r"[.,](?:--?|[–—])|/-")
# "12€50", "1990块5的手机"; not "10块3个" (three for ten).
_WITHOUT_DECIMALS = re.compile(r"[0-9]{1,6}|[0-9]{1,3}(?:[.,'’][0-9]{3})+")
_DECIMALS = re.compile(r"[0-9]{1,2}(?![0-9A-Za-z%]|[.,:/][0-9])(?:(?=[毛角的了吧啊呢呀嘛])|(?![\u4e00-\u9fff]))")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class _Name:
    """What a currency is called in the text."""

    start: int
    end: int
    written: str


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of the text with what multiplies it: `value` of "1.5万" is 15000, and None where it cannot be told."""

    start: int
    end: int
    written: str
    word: str = ""
    is_east: bool = False
    decimals: str = ""  # behind the sign of the currency

    @property
    def is_plain(self) -> bool:
        return not (self.word or self.is_east)

    def value(self, code: str) -> str | None:
        if self.is_east:
            east = east_value(self.written)
            return None if east is None else _as_written(east)
        if self.decimals:
            # Five mao are half a yuan; of "12€5" nobody knows.
            is_clear = len(self.decimals) == 2 or code == "CNY"
            return f"{plain_number(self.written)}.{self.decimals.ljust(2, '0')}" if is_clear else None
        if self.is_plain:
            return None if code in THOUSANDTHS and _ONE_GROUP.fullmatch(self.written) else plain_number(self.written)
        factor = factor_of(self.word, code)
        # "$1.234M" may be more than a thousand millions, or more than one.
        if factor is None or _ONE_GROUP.fullmatch(self.written):
            return None
        return _as_written(Decimal(plain_number(self.written)) * factor)


def find_amounts(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, value) with the value as `EUR 12.50`; `XXX 500` where the sign may mean several currencies."""
    meanings = Meanings(text)
    done = 0
    for match in _NUMBER.finditer(text):
        if match.start() < done:
            continue
        number = _number_at(text, match)
        if number.is_east:
            done = number.end
        before = _name_before(text, number.start, min(done, number.start))
        if before is None and not _may_begin(text, number.start):
            continue
        behind = _name_behind(text, number.end)
        if before is None and behind:
            number, behind = _with_decimals(text, number, behind)
        found = _amount(text, number, before, behind)
        if found:
            start, end, name = found
            done = end
            code = meanings.currency_of(name, number.written)
            if (value := number.value(code)) is not None:
                yield start, end, f"{code} {value}"


def _number_at(text: str, match: re.Match[str]) -> _Number:
    start, end = match.span()
    if east := EAST_NUMBER.match(text, start):
        return _Number(start, east.end(), east.group(), is_east=True)
    for word, after in multiplier_words(text, end):
        names_follow = (name := _name_behind(text, after)) is not None and name.start == after
        touches = word not in LETTERS or after == end + 1
        if names_follow or (touches and not _LETTER.match(text, after)):
            return _Number(start, after, match.group(), word)
    return _Number(start, end, match.group())


def _with_decimals(text: str, number: _Number, behind: _Name) -> tuple[_Number, _Name]:
    """The same, where decimals follow the sign; the name ends behind them then."""
    is_whole = number.is_plain and _WITHOUT_DECIMALS.fullmatch(number.written)
    if behind.start != number.end or not is_whole or CURRENCIES[behind.written] not in PARTED_BY_SIGN:
        return number, behind
    decimals = _DECIMALS.match(text, behind.end)
    # In "5€10€" the ten has its own sign.
    if decimals is None or _name_behind(text, decimals.end()):
        return number, behind
    return replace(number, decimals=decimals.group()), replace(behind, end=decimals.end())


def _amount(text: str, number: _Number, before: _Name | None, behind: _Name | None) -> tuple[int, int, str] | None:
    """(start, end, name of the currency); None where this is no amount for sure."""
    if before is None:
        return _named_behind(text, number, behind) if behind else None
    if number.is_plain:
        is_money = _may_be_money(number.written, before.written, number.start - before.end)
        is_year = before.written.lower() == "euro" and _YEAR.fullmatch(number.written)
        if is_year or not is_money or not _stands_alone(text, number.written, number.end):
            return None
    if behind is None:
        return None if UNCLEAR.match(text, number.end) else (before.start, number.end, before.written)
    is_of_next = _NUMBER_FOLLOWS.match(text, behind.end) is not None
    if not is_of_next and (name := clearer_name(before.written, behind.written)):
        return before.start, behind.end, name
    return before.start, number.end, before.written


def _named_behind(text: str, number: _Number, behind: _Name) -> tuple[int, int, str] | None:
    if number.is_plain:
        written = number.written
        # In "612 345 678 € 20" the sign belongs to the second number.
        if len(written) > _LONGEST_UNMARKED and _NUMBER_FOLLOWS.match(text, behind.end):
            return None
        if not _may_be_money(written, behind.written, behind.start - number.end):
            return None
        # "2023 р." is a year in Ukrainian.
        if not _follows_none(text, written, number.start) or (behind.written in "рР" and _YEAR.fullmatch(written)):
            return None
    return number.start, behind.end, behind.written


def _as_written(value: Decimal) -> str:
    """Whole numbers without decimals, others with two at least."""
    if value == value.to_integral_value():
        return str(int(value))
    return f"{value:.2f}" if value == round(value, 2) else format(value.normalize(), "f")


def _name_before(text: str, start: int, lowest: int) -> _Name | None:
    for end in (start, start - 1) if text[start - 1 : start] == " " else (start,):
        for length in LENGTHS_BEFORE.get(text[end - 1 : end], ()) if end else ():
            name = text[max(lowest, end - length) : end]
            is_name = name in BEFORE or (end == start and name in ATTACHED) or _is_before_price(text, name, start)
            if is_name and _begins_word(text, end - len(name), name):
                return _Name(end - len(name), end, name)
    return None


def _is_before_price(text: str, name: str, start: int) -> bool:
    return name in BEFORE_PRICES and BEFORE_PRICES[name][1].match(text, start) is not None


def _begins_word(text: str, at: int, name: str) -> bool:
    before = text[at - 1 : at] if at else ""
    if before.isdecimal() or (before and before in ".,"):
        return False
    return not ((name[0].isalpha() or name == "$") and before and _LETTER.match(before))


def _name_behind(text: str, start: int) -> _Name | None:
    if empty := _NO_DECIMALS.match(text, start):
        start = empty.end()
    for at in (start, start + 1) if text[start : start + 1] == " " else (start,):
        for length in LENGTHS_BEHIND.get(text[at : at + 1], ()):
            name = text[at : at + length]
            if name in BEHIND and _ends_word(text, at + len(name), name):
                return _Name(at, at + len(name), name)
    return None


def _ends_word(text: str, at: int, name: str) -> bool:
    if name in OTHER_WORDS and OTHER_WORDS[name].match(text, at):
        return False
    return not name[-1].isalpha() or _UNSPACED.match(name[-1]) is not None or not _LETTER.match(text, at)


def _may_begin(text: str, start: int) -> bool:
    """No number begins inside of a word of letters, or behind the mark of another number."""
    before = text[start - 1 : start] if start else ""
    return not (before and (before in ".,'’" or re.match(f"[{_LATIN}]", before)))


def _may_be_money(written: str, name: str, gap: int) -> bool:
    if written[0] == "0" and written[1:2].strip(".,"):
        return False
    whole = re.sub(r"[.,][0-9]{1,2}$", "", written)
    if whole.count(" ") > 1 and whole == written:
        # Three groups apart are also how phones are written.
        return whole.endswith("000") or whole[1] == " "
    if not whole.isdecimal() or len(whole) <= _LONGEST_UNMARKED or whole.endswith("000"):
        return True
    return not name[0].isalpha() and gap == 0 and len(whole) == _LONGEST_UNMARKED + 1


def _stands_alone(text: str, written: str, end: int) -> bool:
    """What follows the number goes not on with it."""
    tail = _TAIL.match(text, end)
    if tail is None or not written.isdecimal() or is_date(tail.group().lstrip(" ")):
        return True
    digits = re.sub("[^0-9]", "", tail.group())
    if is_national(written + digits):
        return False
    if len(written) <= 3 and _NEXT_THREE.match(text, end):
        # "1 500 2x", "1 500 415 555 2671"; but nobody pays "20 612 345 678".
        return is_national(digits) or len(digits) == _LONG_LENGTH
    if len(digits) >= _PHONE_LENGTH:
        return len(written) <= _PRICE_LENGTH or is_national(digits)
    is_range = written.endswith("00") and digits.endswith("00")
    return is_range or len(written + digits) < _LONG_LENGTH


def _follows_none(text: str, written: str, start: int) -> bool:
    """What stands before the number does not go on in it."""
    head = _HEAD.search(text[max(0, start - _HEAD_WINDOW) : start])
    if head is None:
        return True
    digits, own = re.sub("[^0-9]", "", head.group()), re.sub("[^0-9]", "", written)
    is_marked = re.search("[.,'’]", written) is not None
    if is_marked or is_date(head.group()):
        return True
    if is_national(digits + own):
        return False
    if re.match("[0-9]{3}(?![0-9])", written) and _LAST_GROUP.search(head.group()):
        return False
    if len(digits) >= _PHONE_LENGTH:
        return len(own) <= _PRICE_LENGTH
    return len(digits + own) < _LONG_LENGTH or (own.endswith("00") and digits.endswith("00"))


def plain_number(written: str) -> str:
    """`1.234,50` and `1,234.50` both become `1234.50`: a last mark before one or two digits is the decimal one."""
    whole, decimals = written, ""
    if split := re.fullmatch(r"(.*)[.,]([0-9]{1,2})|(0)[.,]([0-9]{3})", written):
        whole, decimals = split[1] or split[3], "." + (split[2] or split[4]).ljust(2, "0")
    return re.sub(r"[^0-9]", "", whole) + decimals
