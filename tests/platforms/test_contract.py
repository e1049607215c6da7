"""What holds for every registered platform, whatever it is. New platforms are picked up by themselves."""

import re

import pytest

from monitor.platforms.base import FORMS, ChannelContext, IncomingPost, SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import RejectedError
from monitor.platforms.registry import get_platform, platform_codes
from monitor.simulators import bluesky_facts
from monitor.simulators.story import StoryPlayer, load_story
from monitor.simulators.world import DEMO_CHANNELS, World
from tests.platforms.exemptions import does_not_apply
from tests.support.simulated import Simulated, collect_all, simulated_platforms

WRITES = ("reply", "direct_message", "private_reply", "hide", "unhide", "like", "unlike", "delete")
CODES = platform_codes()
# Ids of posts and people as each platform writes them.
AUTHOR_IDS = {"bluesky": r"did:[a-z]+:[a-z0-9._:%-]+", "mastodon": r"https://\S+|\d+", "feed": r"\S.*"}
NOBODY = {"bluesky": "did:plc:404404404404404404404404"}
NOTHING = {"bluesky": f"at://{bluesky_facts.DID}/app.bsky.feed.post/3kaaaaaaaaaaa"}


@pytest.fixture(scope="module")
def told():
    """The whole demo story has been told."""
    player = StoryPlayer(World(limit_scale=100), load_story())
    player.open()
    while player.told < len(player.story.entries):
        player.play(player.next_at)
    with simulated_platforms(player.world) as simulated:
        yield simulated


def everything_of(simulated: Simulated, code: str) -> list[IncomingPost]:
    found = []
    kinds = [channel["kind"] for channel in DEMO_CHANNELS if channel["platform"] == code]
    for kind in kinds:
        for stream in simulated.connect(code, kind).streams():
            found += collect_all(simulated, code, stream, kind=kind)[0]
    return found


@pytest.mark.parametrize("code", CODES)
def test_everything_that_the_story_says_to_us_is_collected(told, code):
    world, posts = told.world, everything_of(told, code)
    # A platform that names posts by their address puts the id at its end.
    found = {name: post for post in posts for name in (post.external_id, post.external_id.rpartition("/")[2])}
    for entry in world.visible(code):
        is_about_us = code != "x" or "lumora" in entry.text.casefold() or entry.author is world.brands["x"]
        if is_about_us:
            assert found[entry.first_id].text == entry.text
            assert found[entry.first_id].is_own is (entry.author is world.brands[code])
    for message in world.messages_with(code):
        post = found[message.identifier]
        assert (post.text, post.form, post.is_public) == (message.text, "direct_message", False)


@pytest.mark.parametrize("code", CODES)
def test_every_post_is_complete(told, code):
    declaration = get_platform(code).declaration
    posts = everything_of(told, code)
    assert posts
    for post in posts:
        assert post.platform == code and post.form in declaration.forms and post.external_id and post.platform_id
        assert post.author.external_id and post.created_at is not None and post.created_at.tzinfo is not None
        assert re.fullmatch(AUTHOR_IDS.get(code, r"\d+"), post.author.external_id)
        assert post.created_at is not None and post.created_at.tzinfo is not None
        assert post.conversation_id and not (post.is_own and post.mentions_us)


@pytest.mark.parametrize("code", CODES)
def test_the_same_page_three_times_is_the_same_posts(told, code):
    connector = told.connect(code)
    for stream in connector.streams():
        pages = [connector.collect(stream, {}).updates for _time in range(3)]
        assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize("code", CODES)
def test_a_cursor_is_plain_json(told, code):
    import json

    for stream in told.connect(code).streams():
        cursor = told.connect(code).collect(stream, {}).cursor
        assert json.loads(json.dumps(cursor)) == cursor


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("code", CODES)
def test_what_is_declared_is_offered_and_nothing_else(told, code, kind):
    """A declared write reaches the platform (which finds nothing there); another is refused before any call."""
    told.world.calls.clear()
    nobody = "404404404404404404"
    target = NOTHING.get(code, nobody)
    request = SendRequest(kind, "hello", target_id=target, recipient_id=NOBODY.get(code, nobody))
    refusal = ""
    try:
        told.connect(code).send(request)
    except RejectedError as error:
        refusal = error.code
    is_declared = kind in get_platform(code).declaration.abilities
    assert bool(told.world.calls) is is_declared
    # Deleting what is not there is no failure.
    assert refusal in ("gone", "unreachable", "") if is_declared else refusal == "bad_request"
    assert refusal or kind in ("delete", "unlike")


@pytest.mark.parametrize("code", CODES)
def test_where_reading_costs_every_stream_has_a_price(code):
    platform = get_platform(code)
    prices = platform.declaration.read_prices
    assert code != "x" or prices
    for kind in platform.declaration.channel_kinds if prices else ():
        context = ChannelContext(1, kind, "7", "lumora", {}, "https://platform.example", query="lumora")
        assert set(platform.connect(context, NullBudget()).streams()) <= set(prices)


@pytest.mark.parametrize("code", CODES)
def test_a_declaration_is_coherent(code):
    declaration = get_platform(code).declaration
    assert set(declaration.forms) <= set(FORMS)
    if does_not_apply(code, 19):
        assert declaration.abilities == frozenset()
    else:
        assert {"reply", "direct_message", "read_back"} <= declaration.abilities
    window, human = declaration.direct_message_window_hours, declaration.human_window_hours
    assert (window is None) == (human is None) and (window is None or window < human)


@pytest.mark.parametrize("code", CODES)
def test_an_unknown_write_is_refused_before_any_call(told, code):
    told.world.calls.clear()
    with pytest.raises(RejectedError):
        told.connect(code).send(SendRequest("teleport"))
    assert told.world.calls == []
