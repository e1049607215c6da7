"""Whether a brand's own regular expression for its order numbers may be used: readable, and sure to end.

Python's engine tries every way in which a pattern can fit and knows no time limit. So the ways are counted before: a
pattern is refused that could need too many at one place of a text, whatever the text.
"""

import re

# The parser has no public name, and its old one warns; only what it returned since Python 2 is read.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

LONGEST_PATTERN: Final = 200
MOST_PATTERNS: Final = 20
#: Longer than any order number; what repeats more often has no end for us.
MOST_REPEATS: Final = 100
#: Ways at one place of a text, of all patterns of a brand together: at worst some 65 µs (measured), which makes 6.5
#: seconds for the longest post that is kept (100,000 characters).
MOST_WAYS: Final = 2_000


class InvalidPatternError(ValueError):
    """The pattern is not used; the message says why, for the person who wrote it."""


def check_order_pattern(pattern: object) -> str:
    """The pattern as it is. Raises InvalidPatternError."""
    return _checked(pattern)[0]


def check_order_patterns(patterns: object) -> None:
    """Of one brand. Raises InvalidPatternError for the first that may not be used."""
    if not isinstance(patterns, list) or len(patterns) > MOST_PATTERNS:
        raise InvalidPatternError(f"The patterns for order numbers are a list of at most {MOST_PATTERNS}.")
    left = MOST_WAYS
    for pattern in patterns:
        checked, ways = _checked(pattern)
        left -= ways
        if left < 0:
            raise InvalidPatternError(
                f"With {checked} the patterns for order numbers can together fit in too many ways: repeat less, or "
                "shorter parts, in one of them."
            )


def usable_order_patterns(stored: Any) -> tuple[tuple[str, ...], int]:
    """Of what is stored the patterns that may be used, and how many may not."""
    if not isinstance(stored, list):
        return (), int(bool(stored))
    usable: list[str] = []
    left = MOST_WAYS
    for pattern in stored:
        try:
            checked, ways = _checked(pattern)
        except InvalidPatternError:
            continue
        if ways <= left and len(usable) < MOST_PATTERNS:
            usable.append(checked)
            left -= ways
    return tuple(usable), len(stored) - len(usable)


def _checked(pattern: object) -> tuple[str, int]:
    """The pattern, and in how many ways it can fit at one place. Raises InvalidPatternError."""
    if not isinstance(pattern, str):
        raise InvalidPatternError(f"The pattern {pattern!r} is not a text.")
    if not pattern.strip():
        raise InvalidPatternError("A pattern for order numbers is empty.")
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidPatternError(f"A pattern for order numbers has at most {LONGEST_PATTERN} characters.")
    try:
        re.compile(pattern)
        parsed = parser.parse(pattern)
        ways = _ways_of(parsed)
        shortest = parsed.getwidth()[0]
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidPatternError(f"The pattern {pattern} cannot be read: {error}.") from error
    if shortest == 0:
        raise InvalidPatternError(f"The pattern {pattern} also fits where nothing is written.")
    if ways is None:
        raise InvalidPatternError(
            f"The pattern {pattern} has no end: say how often something repeats, at most {MOST_REPEATS} times, "
            r"as in \d{4,12} instead of \d+."
        )
    if ways > MOST_WAYS:
        raise InvalidPatternError(f"The pattern {pattern} can fit in too many ways: repeat less, or shorter parts.")
    return pattern, ways


def _ways_of(sequence: Any) -> int | None:
    """In how many ways this can fit at one place, at most; None where a repeat has no end."""
    ways = 1
    for code, value in sequence:
        part = _ways_of_part(code, value)
        if part is None:
            return None
        # Beyond the limit the exact number does not matter, and would grow without bounds itself.
        ways = min(ways * part, MOST_WAYS + 1)
    return ways


def _ways_of_part(code: Any, value: Any) -> int | None:
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        return _ways_of_repeat(*value)
    if code is codes.BRANCH:
        return _sum(value[1])
    if code is codes.GROUPREF_EXISTS:
        return _sum([branch for branch in value[1:] if branch is not None])
    if code is codes.SUBPATTERN:
        return _ways_of(value[3])
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        return _ways_of(value[1])
    if code is codes.ATOMIC_GROUP:
        return _ways_of(value)
    return 1


def _ways_of_repeat(fewest: int, most: int, repeated: Any) -> int | None:
    once = _ways_of(repeated)
    if once is None or most > MOST_REPEATS:
        return None
    return min(sum(once**times for times in range(fewest, most + 1)), MOST_WAYS + 1)


def _sum(branches: Any) -> int | None:
    ways = [_ways_of(branch) for branch in branches]
    return None if None in ways else sum(way for way in ways if way is not None)
