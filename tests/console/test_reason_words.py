"""Coded reasons as people read them: true words, in the form of their number."""

from typing import Any

import pytest

from monitor.console.reasons import sentence, short


@pytest.mark.parametrize(
    ("code", "params", "says"),
    [
        ("author.returns", {"count": 1}, "1 earlier post within a week needed an answer"),
        ("author.returns", {"count": 2}, "2 earlier posts within a week needed an answer"),
        ("waiting.repeat", {"count": 1}, "Wrote 1 more time without an answer"),
        ("waiting.repeat", {"count": 3}, "Wrote 3 more times without an answer"),
        ("waiting.long", {"hours": 26}, "Has waited 26 hours for an answer"),
        ("spam.young_account", {"days": 1}, "The profile was 1 day old"),
        ("spam.young_account", {"days": 0}, "The profile was 0 days old"),
        ("spam.links", {"percent": 90}, "90% of the author's latest posts hold a link"),
        ("author.reach.1000", {"followers": 12345}, "The author has 12,345 followers"),
    ],
)
def test_a_sentence_takes_the_form_of_its_number(code: str, params: dict[str, Any], says: str) -> None:
    assert sentence({"code": code, "params": params}) == says


def test_so_do_a_few_words_for_the_queue() -> None:
    assert short({"code": "author.returns", "params": {"count": 1}}) == "Asked 1 time before"
    assert short({"code": "author.returns", "params": {"count": 4}}) == "Asked 4 times before"


@pytest.mark.parametrize("code", ["waiting.repeat", "spam.young_account", "of.another.version"])
def test_a_sentence_without_its_number_or_its_words_is_told_by_its_code(code: str) -> None:
    assert sentence({"code": code, "params": {}}) == sentence(code) == code
