import pytest

from monitor.simulators.story import RETELL_SECONDS, Story, StoryPlayer, load_story
from monitor.simulators.world import PATHS, World

STORY = load_story()


def told(world):
    public = [each for platform in world.brands for each in world.visible(platform)]
    return [each for each in public if each.author is not world.brands[each.platform]] + world.messages


def test_the_demo_story_is_wide_enough():
    entries = STORY.entries
    assert len(entries) >= 40
    assert {entry["language"] for entry in entries} >= {"en", "de", "fr", "es", "pt", "ar", "ja", "zh", "hi"}
    assert {entry["platform"] for entry in entries} == set(PATHS)
    for platform in set(PATHS) - {"feed"}:
        assert any(each["platform"] == platform and each.get("form") == "direct_message" for each in entries)


def test_the_demo_story_has_reviews_with_stars_and_a_comment_on_an_ad():
    assert {each["platform"] for each in STORY.entries if each.get("rating")} == {"feed", "facebook"}
    ads = {step["key"] for step in STORY.opening if step.get("kind") == "ad"}
    assert any(each.get("in_reply_to") in ads for each in STORY.entries[:12])


def test_every_teller_of_the_demo_story_is_another_person_with_other_words():
    handles = [entry["author"]["handle"] for entry in STORY.entries]
    texts = [entry["text"] for entry in STORY.entries]
    assert len(set(handles)) == len(handles) and len(set(texts)) == len(texts)


def test_the_handles_on_x_are_handles_that_x_allows():
    handles = [entry["author"]["handle"] for entry in STORY.entries if entry["platform"] == "x"]
    assert all(handle.replace("_", "").isalnum() and handle.isascii() and len(handle) <= 15 for handle in handles)


def test_the_first_entries_come_at_once_and_then_one_every_few_seconds():
    player = StoryPlayer(World(), STORY)
    player.open()
    assert told(player.world) == []
    assert player.play(0) == 1
    player.play(2)
    assert player.told == 5
    for second in range(3, 33):
        player.play(second)
    assert player.told == 15


def test_the_story_is_told_again_slowly_by_other_people():
    player = StoryPlayer(World(), STORY)
    player.open()
    second = 0.0
    while player.told < len(STORY.entries) + 3:
        player.play(second)
        second += 0.5
    started = second
    while player.told < len(STORY.entries) + 6:
        player.play(second)
        second += 0.5
    assert second - started == pytest.approx(3 * RETELL_SECONDS, abs=1)
    authors = [each.author if hasattr(each, "author") else each.sender for each in told(player.world)]
    assert len({(author.platform, author.external_id) for author in authors}) == len(STORY.entries) + 6


def test_a_long_sleep_is_not_followed_by_a_flood():
    player = StoryPlayer(World(), STORY)
    player.open()
    player.play(0)
    assert player.play(10_000) < 25


def test_replies_and_quotes_find_their_posts():
    world = World()
    entries = (
        {"platform": "x", "author": {"handle": "a"}, "text": "first", "key": "one"},
        {"platform": "x", "author": {"handle": "b"}, "text": "re", "in_reply_to": "one"},
        {"platform": "x", "author": {"handle": "c"}, "text": "look", "quotes": "one"},
    )
    StoryPlayer(world, Story((), entries)).play(10)
    quote, reply, first = world.visible("x")
    assert reply.parent_id == first.identifier and quote.quoted_id == first.identifier


def test_each_teller_has_an_order_of_their_own():
    entry = {"platform": "x", "author": {"handle": "a"}, "text": "order {order}"}
    player = StoryPlayer(World(), Story((), (entry, {**entry, "author": {"handle": "b"}})))
    player.play(10)
    texts = {each.text for each in player.world.visible("x")}
    assert len(texts) == 2 and all("LM-" in text for text in texts)
