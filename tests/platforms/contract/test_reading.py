"""Reading a platform's lists: to the end, over deaths and late arrivals, and each thing as it was said."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, timedelta

import pytest

from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import QuotaExceededError, RejectedError
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import MESSAGES, Scene

EXACT = "Ünïcode ‘cafe\u0301’ 👩‍👩‍👧‍👦👍🏽 مرحبا שלום https://a.example/x?y=1 ﷺ 訂單"


@rule(4)
@pytest.mark.usefixtures("small_pages")
def test_a_backlog_is_read_to_its_end_page_by_page(scene: Scene) -> None:
    for number in range(13):
        scene.says(f"parcel {number}")
    posts, cursor = scene.read()
    assert scene.others(posts) == sorted(f"parcel {number}" for number in range(13))
    again, _cursor = scene.read(cursor=cursor)
    assert again == []


@rule(4)
@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("shown", [(*range(10), *range(21, 31)), range(11, 20)], ids=["middle", "beginning"])
@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
def test_an_empty_page_with_a_next_one_is_not_the_end(scene: Scene, shown: Sequence[int], is_private: bool) -> None:
    """Platforms leave out of a page what we may not see, and the list goes on all the same."""
    stream = MESSAGES if is_private and scene.has_messages else scene.stream
    say = scene.writes if stream == MESSAGES else scene.says
    began = scene.world.now() - timedelta(minutes=10)
    for number in range(31):
        thing = say(f"{number}", handle=f"person{number}", at=began + timedelta(seconds=number))
        if number not in shown:
            scene.world.withheld.add(thing.identifier)
    found, sizes, cursor, has_more = [], [], {}, True
    while has_more:
        posts, cursor, has_more = scene.read_page(cursor, stream)
        found += posts
        sizes.append(len([post for post in posts if not post.is_own]))
    last = max(at for at, size in enumerate(sizes) if size)
    assert scene.others(found) == sorted(f"{number}" for number in shown)
    assert 0 in sizes[:last], "no page was empty before the last one"


@rule(4, 5)
@pytest.mark.usefixtures("small_pages")
def test_a_worker_that_dies_between_pages_loses_nothing(scene: Scene) -> None:
    for number in range(12):
        scene.says(f"{number}")
    found, cursor, has_more = scene.read_page({})
    assert has_more
    # The second page is read, but its worker dies before the commit: the next one starts from the first cursor.
    before = deepcopy(cursor)
    scene.read_page(cursor)
    assert cursor == before
    rest, _cursor = scene.read(cursor=cursor)
    assert scene.others([*found, *rest]) == sorted(f"{number}" for number in range(12))


@rule(5)
@pytest.mark.usefixtures("small_pages")
def test_what_arrives_while_a_backlog_is_read_is_not_lost(scene: Scene) -> None:
    for number in range(12):
        scene.says(f"old {number}")
    found, cursor, has_more = scene.read_page({})
    scene.says("meanwhile", handle="tom")
    rest, cursor = scene.read(cursor=cursor)
    newer, _cursor = scene.read(cursor=cursor)
    assert has_more
    assert scene.others([*found, *rest, *newer]) == sorted(["meanwhile", *(f"old {number}" for number in range(12))])


@rule(2)
def test_what_becomes_visible_late_is_found(scene: Scene) -> None:
    now = scene.world.now()
    scene.says("on time")
    _posts, cursor = scene.read()
    scene.says("late", handle="tom", at=now - timedelta(minutes=2))
    posts, _cursor = scene.read(cursor=cursor)
    assert scene.others(posts) == ["late"]


@rule(2)
def test_a_poll_hands_nothing_on_twice(scene: Scene) -> None:
    scene.says("hello")
    posts, cursor = scene.read()
    again = []
    for _poll in range(3):
        more, cursor = scene.read(cursor=cursor)
        again += more
        scene.world.shift_clock(900)
    assert (scene.others(posts), again) == (["hello"], [])


@rule(9)
def test_a_parent_that_is_gone_takes_nothing_else_along(scene: Scene) -> None:
    parent = scene.says("first")
    scene.says("second", parent=parent, handle="tom")
    scene.says("third", handle="eva")
    scene.world.delete(parent.identifier)
    posts, _cursor = scene.read()
    fallen = {"second"} if scene.ways.replies_fall else set()
    assert set(scene.others(posts)) == {"second", "third"} - fallen


@rule(15)
def test_what_is_answered_is_known(scene: Scene) -> None:
    parent = scene.says("Is the lamp dimmable?")
    scene.says("I ask myself the same", parent=parent, handle="tom")
    posts = {scene.bare(post.text): post for post in scene.read()[0]}
    answer = posts["I ask myself the same"]
    beside = [told.get("text", "") for told in answer.beside.get("context", [])]
    known = [*beside, *(post.text for post in posts.values() if post.external_id == answer.in_reply_to)]
    assert answer.in_reply_to.endswith(parent.identifier)
    assert any("Is the lamp dimmable?" in text for text in known)


@rule(24)
def test_times_are_those_of_the_platform_in_utc(scene: Scene) -> None:
    at = scene.world.now() - timedelta(minutes=3, microseconds=1)
    entry = scene.says("when?", at=at)
    [post] = [post for post in scene.read()[0] if not post.is_own]
    assert post.created_at is not None and post.created_at.utcoffset() == timedelta(0)
    assert abs(post.created_at - entry.created_at.astimezone(UTC)) < timedelta(seconds=1)


@rule(26)
def test_a_long_post_is_read_whole(scene: Scene) -> None:
    words = "very long " * 204 + "and it is BROKEN"
    scene.says(words)
    assert scene.others(scene.read()[0]) == [words]


@rule(29)
def test_words_are_read_exactly_as_written(scene: Scene) -> None:
    scene.says(EXACT)
    posts, _cursor = scene.read()
    assert scene.others(posts) == [EXACT]


@rule(30)
def test_ids_are_text_and_lose_no_digit(scene: Scene) -> None:
    entry = scene.says("which number?")
    batch = scene.simulated.connect(scene.code).collect(scene.stream, {})
    identifiers = [update.external_id for update in batch.updates]
    assert all(type(identifier) is str for identifier in identifiers)
    assert any(identifier.endswith(entry.identifier) for identifier in identifiers)


@rule(27)
def test_the_other_dialect_reads_the_same(scene: Scene) -> None:
    scene.says("very long " * 40 + "refund", quoted_id=scene.ours.identifier)
    before, _cursor = scene.read()
    scene.world.x_dialect = "post"
    after, _cursor = scene.read()
    assert before == after and before[0].quotes_us and before[0].text.endswith("refund")


@rule(17)
def test_a_quote_is_a_post_of_its_own(scene: Scene) -> None:
    scene.says("look at these prices", quoted_id=scene.ours.identifier)
    [post] = [post for post in scene.read()[0] if not post.is_own]
    assert (post.form, post.quotes_us) == ("quote", True)
    assert not post.external_id.endswith(scene.ours.identifier)


@rule(1)
def test_a_stream_that_a_channel_does_not_have_is_refused(scene: Scene) -> None:
    with pytest.raises(RejectedError, match="no stream"):
        scene.simulated.connect(scene.code).collect("tea leaves", {})


@rule(35)
def test_an_empty_budget_stops_before_the_call(scene: Scene) -> None:
    class Empty(NullBudget):
        def spend(self, endpoint: str, *, cost_micros: int = 0, is_write: bool = False) -> None:
            raise QuotaExceededError("our own cap", resets_at=None)

    with pytest.raises(QuotaExceededError):
        scene.simulated.connect(scene.code, budget=Empty()).collect(scene.stream, {})
    assert scene.world.calls == []


@rule(5)
@pytest.mark.usefixtures("small_pages")
def test_a_backlog_of_messages_survives_a_death_between_pages(scene: Scene) -> None:
    stream = MESSAGES if scene.has_messages else scene.stream
    say = scene.writes if scene.has_messages else scene.says
    for number in range(11):
        say(f"message {number}", handle=f"person{number}")
    first, cursor, _has_more = scene.read_page({}, stream)
    scene.read_page(cursor, stream)
    rest, _cursor = scene.read(stream, cursor)
    assert scene.others([*first, *rest]) == sorted(f"message {number}" for number in range(11))
