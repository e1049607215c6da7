"""A brand's own pattern for its order numbers: only one that certainly ends may be used."""

import time

import pytest

from monitor.text.entities import find_entities
from monitor.text.patterns import (
    InvalidPatternError,
    check_order_pattern,
    check_order_patterns,
    usable_order_patterns,
)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bLM-?\d{8,10}\b",
        r"LM-\d{2}-[A-Z]{2}",
        r"(?:DE|FR|PL)[- ]?\d{6,12}",
        r"(?i)order-[a-z0-9]{4,20}",
        r"(?<!\d)(\d{3}-){2,4}\d{4}(?!\d)",
        r"#(\d{3})\1",
        r"№\s?\d{4,12}",
    ],
)
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    assert check_order_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(LM", "cannot be read"),
        (r"(?<=LM+)\d", "cannot be read"),
        ("", "is empty"),
        (7, "is not a text"),
        (None, "is not a text"),
        (r"(\d+)+x", "no end"),
        (r"LM-\d+", r"\d{4,12}"),
        (r"(?=\d*)LM", "no end"),
        (r"(a?){1,60}b", "too many ways"),
        (r"(\d{1,10}){1,10}x", "too many ways"),
        (r"(a|a){1,30}b", "too many ways"),
        (r"\d{1,60}\d{1,60}\d{1,60}x", "too many ways"),
        (r"\d{1000000}", "no end"),
        (r"(?:LM)?", "nothing"),
        (r"\b", "nothing"),
        ("L" * 300, "at most 200"),
        ("(" * 150 + ")" * 50, "cannot be read"),
    ],
)
def test_a_pattern_that_is_wrong_or_may_not_end_is_refused_in_a_sentence(pattern: object, says: str) -> None:
    with pytest.raises(InvalidPatternError) as refused:
        check_order_pattern(pattern)
    assert says in str(refused.value)
    assert str(refused.value).endswith(".")


def test_the_patterns_of_a_brand_share_what_may_be_tried() -> None:
    slow, ordinary = r"(?:[0-9A-Z]{1,44}){1,2}~", [rf"\bL{letter}-?\d{{8,10}}\b" for letter in "ABC"]
    check_order_patterns([slow, *ordinary])
    with pytest.raises(InvalidPatternError, match="together"):
        check_order_patterns([slow, *ordinary, slow])
    assert usable_order_patterns([slow, slow, *ordinary]) == ((slow, *ordinary), 1)


@pytest.mark.parametrize(
    "pattern",
    [r"(\d{1,3}-?){1,4}x", r"\d{1,40}\d{1,40}x", r"(?:\w{1,2}\w{1,2}){1,4}!", r"(?:[0-9A-Z]{1,44}){1,2}~"],
)
def test_the_worst_that_is_taken_ends_soon_on_the_worst_text(pattern: str) -> None:
    check_order_pattern(pattern)
    started = time.process_time()
    find_entities("1" * 20_000, [pattern])
    assert time.process_time() - started < 10


def test_of_stored_patterns_the_bad_ones_are_told_apart() -> None:
    assert usable_order_patterns(["(LM", r"LM\d{4}", r"(\d+)+"]) == ((r"LM\d{4}",), 2)
    assert usable_order_patterns("LM") == ((), 1)
    assert usable_order_patterns(None) == usable_order_patterns([]) == ((), 0)
