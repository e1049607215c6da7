"""Words that their author has replaced are in no journal: not where they come late, and not where others quote them."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.inbox.models import Post, RawEvent
from monitor.platforms.base import RawUpdate
from tests.inbox.makers import NOON, incoming, raw_of, store

pytestmark = pytest.mark.django_db


def version(number: int, text: str, **changes: Any) -> Any:
    return incoming(1, text, version=number, edited_at=NOON + timedelta(hours=number), **changes)


def words() -> str:
    return "".join(bytes(body).decode() for body in RawEvent.objects.values_list("body", flat=True))


def test_the_first_version_after_the_edit_leaves_no_words(channel: Any) -> None:
    store(channel, version(2, "mended"))
    for _time in range(2):
        store(channel, version(1, "regretted"), how="webhook")
    assert Post.objects.get().text == "mended"
    assert "mended" in words() and "regretted" not in words()
    assert RawEvent.objects.count() == 2  # that it came is known


def test_a_version_with_an_id_of_its_own_goes_by_that(channel: Any) -> None:
    new, old = version(2, "mended", platform_id="p1-2"), version(1, "regretted", platform_id="p1")
    update = RawUpdate("post", "p1-2", {"text": "mended"}, ("a1",), ("p1",))
    store(channel, new, raw=[update])
    store(channel, old, how="webhook")
    assert "mended" in words() and "regretted" not in words()


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("own_id", [False, True])
def test_two_versions_in_one_page_leave_the_words_of_the_newer(channel: Any, is_late: bool, own_id: bool) -> None:
    new = version(2, "mended", platform_id="p1-2" if own_id else "")
    old = version(1, "regretted")
    updates = [RawUpdate("post", new.platform_id or "p1", {"text": "mended"}, ("a1",), ("p1",)), raw_of(old)]
    both = [new, old] if is_late else [old, new]
    store(channel, *both, raw=updates if is_late else updates[::-1])
    assert "mended" in words() and "regretted" not in words()


def test_an_edit_takes_the_old_words_out_of_what_quotes_them(channel: Any) -> None:
    store(channel, version(1, "regretted"))
    quote, other = incoming(2, "look at that"), incoming(3, "something else")
    told = RawUpdate("post", "p2", {"text": "look at that", "quoted": "regretted"}, ("a2", "a1"), ("p1",))
    store(channel, quote, other, raw=[told, raw_of(other)])
    assert words().count("regretted") == 2
    store(channel, version(2, "mended"))
    assert "regretted" not in words() and "mended" in words() and "something else" in words()
    assert Post.objects.get(external_id="p2").text == "look at that"


def test_a_shorter_telling_of_the_same_words_is_kept(channel: Any) -> None:
    store(channel, incoming(1, "Where is my parcel? I wait."))
    store(channel, incoming(1, "Where is my…"), how="webhook")
    assert Post.objects.get().text.endswith("I wait.") and "Where is my\\u2026" in words()
