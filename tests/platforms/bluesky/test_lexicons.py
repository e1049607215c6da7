"""What we write and what the fake Bluesky answers, judged by the atproto library's models of the published lexicons."""

import pytest

from monitor.platforms.base import SendRequest
from monitor.simulators import bluesky_api as api


@pytest.fixture
def models():
    """Imported when it is needed: it takes two seconds and more."""
    return pytest.importorskip("atproto_client.models", reason="the atproto library is for development only")


@pytest.fixture
def world(simulated):
    """Somebody of every sort has written."""
    us = simulated.world.brands["bluesky"]
    ours = simulated.world.publish("bluesky", us, "Market week", language="en")
    asked = simulated.person_says("bluesky", "@lumora.example grüß dich https://lumora.example/a", language="de")
    simulated.person_says("bluesky", "nice", parent_id=ours.identifier)
    simulated.person_says("bluesky", "look", quoted_id=ours.identifier)
    simulated.person_writes("bluesky", "hello")
    text = "Hi @mara.bsky.example 👍 #sorry https://lumora.example/help"
    simulated.connect("bluesky").send(SendRequest("reply", text, target_id=asked.identifier))
    simulated.connect("bluesky").send(SendRequest("like", target_id=asked.identifier))
    return simulated.world


def read(model, answer):
    """Strict: types, required names, and the forms of addresses, hashes, handles and times."""
    import json

    return model.model_validate_json(json.dumps(answer), context={"strict_string_format": True})


def test_the_answers_have_the_published_form(models, world):
    convo = api._list_convos(world, {})["convos"][0]["id"]
    uris = [entry.identifier for entry in world.visible("bluesky")]
    actor = world.brands["bluesky"].external_id
    answers = [
        (models.AppBskyNotificationListNotifications, api._list_notifications(world, {})),
        (models.AppBskyFeedSearchPosts, api._search_posts(world, {"q": "lumora"})),
        (models.AppBskyFeedGetAuthorFeed, api._get_author_feed(world, {"actor": actor})),
        (models.AppBskyFeedGetPosts, api._get_posts(world, {"uris": uris})),
        (models.ChatBskyConvoListConvos, api._list_convos(world, {})),
        (models.ChatBskyConvoGetMessages, api._get_messages(world, {"convoId": convo})),
        (models.ComAtprotoServerCreateSession, world.bluesky.new_session(world.now())),
        (models.ComAtprotoServerGetSession, api._get_session(world, {})),
    ]
    for module, answer in answers:
        read(module.Response, answer)
    assert len(api._list_notifications(world, {})["notifications"]) == 3


def test_what_we_write_has_the_published_form(models, world):
    records = {record["$type"]: record for record in world.bluesky.records.values()}
    post = read(models.AppBskyFeedPost.Record, records["app.bsky.feed.post"])
    assert [facet.features[0].py_type.rpartition("#")[2] for facet in post.facets] == ["mention", "tag", "link"]
    assert post.model_extra in (None, {}) and post.reply.root.cid
    read(models.AppBskyFeedLike.Record, records["app.bsky.feed.like"])
    for uri in world.bluesky.records:
        key = uri.rpartition("/")[2]
        body = {
            "repo": "did:plc:lumoramarketsimulated234",
            "collection": "app.bsky.feed.post",
            "rkey": key,
            "record": {},
        }
        read(models.ComAtprotoRepoPutRecord.Data, body)
