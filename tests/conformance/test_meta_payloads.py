"""Recorded Graph pages and webhook bodies are read into posts or counted; every field asked for exists at Meta."""

import json
from collections import Counter
from pathlib import Path

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.meta import facebook, instagram
from monitor.platforms.meta.webhooks import platform_of, split
from monitor.platforms.registry import get_platform
from monitor.simulators.graph_fields import parse_fields

pytestmark = pytest.mark.conformance

CONTEXTS = {
    "facebook": ChannelContext(1, "page", "1234567890321", "lumora", {}, ""),
    "instagram": ChannelContext(2, "account", "17841452691600098", "lumora", {}, ""),
}


def json_in(folder: Path, pattern: str = "*.json"):
    found = []
    for path in sorted(folder.glob(pattern)):
        try:
            found.append((path.name, json.loads(path.read_text())))
        except ValueError:
            continue
    assert found, f"{folder.name}/{pattern} is empty"
    return found


def events_of(body):
    platform = platform_of(body) or "facebook"
    updates = [update for _owner, update in split(body)]
    return [event for update in updates for event in get_platform(platform).normalize(update, CONTEXTS[platform])]


def test_every_recorded_webhook_is_read_or_counted(platform_data):
    kinds = Counter()
    for name, body in json_in(platform_data / "restfb" / "webhooks"):
        events = events_of(body)
        assert events, name
        for event in events:
            assert isinstance(event, IncomingPost | IncomingDeletion | IncomingNotice), name
            kinds[type(event).__name__] += 1
    assert kinds["IncomingPost"] >= 30 and kinds["IncomingDeletion"] >= 4 and kinds["IncomingNotice"] >= 20


@pytest.mark.parametrize(
    ("name", "form", "text"),
    [
        ("feed-comment-add-211", "comment", "and the next one"),
        ("feed-comment-edited-25", "comment", None),
        ("feed-post-add-25", "post", "Let's check this"),
        ("feed-status-add-25", "post", "This is just a short test message"),
        ("mention-post-add-real", "post", "A test post message"),
        ("messaging-message-basic", "direct_message", "hello, world!"),
        ("messaging-message-edits", "direct_message", "hello, world!"),
        ("ratings-rating-add-31", "review", "Ja ziemlich coole Sache"),
    ],
)
def test_what_people_wrote_is_found_in_the_recorded_webhooks(platform_data, name, form, text):
    [(_name, body)] = json_in(platform_data / "restfb" / "webhooks", f"{name}.json")
    [post] = events_of(body)
    assert post.form == form and (text is None or post.text == text)


def test_echoes_in_the_recorded_webhooks_are_own(platform_data):
    for name in ("messaging-message-basic-echo", "standby-message-basic-echo"):
        [(_name, body)] = json_in(platform_data / "restfb" / "webhooks", f"{name}.json")
        [post] = events_of(body)
        assert post.is_own and post.own_by == "other_tool"


def test_recorded_instagram_webhooks_are_read_or_counted(platform_data):
    names = {"wh-comments", "wh-comments-2021", "wh-livecomments", "messaging-attachment-unsupported"}
    for name, body in json_in(platform_data / "restfb" / "instagram"):
        if body.get("entry"):
            events = events_of(body)
            assert events, name
            assert any(isinstance(event, IncomingPost) for event in events) is (name.removesuffix(".json") in names), (
                name
            )


def read(platform, kind, name, node, **beside):
    return get_platform(platform).normalize(RawUpdate(kind, "", {name: node, **beside}), CONTEXTS[platform])[0]


def nodes_of(body):
    return body["data"] if isinstance(body.get("data"), list) else [body]


@pytest.mark.parametrize(
    ("folder", "pattern", "platform", "kind", "name"),
    [
        ("facebook/apidata/posts", "feeds_*.json", "facebook", "feed_post", "post"),
        ("facebook/apidata/posts", "single_*.json", "facebook", "feed_post", "post"),
        ("facebook/apidata/comments", "*.json", "facebook", "comment", "comment"),
        ("instagram/apidata/users", "medias_*.json", "instagram", "media", "media"),
        ("instagram/apidata/medias", "comments_*.json", "instagram", "comment", "comment"),
        ("instagram/apidata/comments", "*.json", "instagram", "comment", "comment"),
    ],
)
def test_recorded_nodes_are_posts(platform_data, folder, pattern, platform, kind, name):
    for file_name, body in json_in(platform_data / "python-facebook" / folder, pattern):
        for node in nodes_of(body):
            if "id" not in node:
                # One recording asked for no ids: nothing can be made of such nodes, and they say so.
                with pytest.raises(MalformedPayloadError):
                    read(platform, kind, name, node)
                continue
            post = read(platform, kind, name, node)
            assert isinstance(post, IncomingPost) and post.external_id == node["id"], file_name


def test_recorded_messages_are_messages(platform_data):
    found = [
        ("facebook", node)
        for _name, body in json_in(platform_data / "restfb" / "misc", "root_conversation.json")
        for node in body["messages"]["data"]
    ]
    found += [
        ("instagram", body)
        for _name, body in json_in(platform_data / "restfb" / "misc", "v10_0_instagram-message*.json")
    ]
    # Some are templates with <PLACEHOLDERS> where a time would be.
    found = [(platform, node) for platform, node in found if node["created_time"][0].isdigit()]
    assert len(found) >= 3
    for platform, node in found:
        post = read(platform, "message", "message", node, thread={"id": "t_1"})
        assert post.form in ("direct_message", "story_mention") and post.created_at and not post.is_public


def fields_of(specification):
    return {field["name"] for field in specification["fields"]} | {
        api["endpoint"] for api in specification["apis"] if api["method"] == "GET" and api.get("endpoint")
    }


# PagePost lists neither, but its edges `comments` and `attachments` are there; a Comment's are fields and edges.
@pytest.mark.parametrize(
    ("node", "expression"),
    [
        ("PagePost", facebook.POST_FIELDS + ",comments"),
        ("Comment", facebook.COMMENT_FIELDS),
        ("IGMedia", instagram.MEDIA_FIELDS + ",comments"),
        ("IGComment", instagram.COMMENT_FIELDS + ",replies"),
        ("UnifiedThread", "id,updated_time,participants,messages"),
        ("IGUser", "mentioned_comment,mentioned_media,media"),
        ("Page", "feed,conversations"),
    ],
)
def test_every_field_that_we_ask_for_exists(platform_data, node, expression):
    specification = json.loads((platform_data / "meta-sdk-codegen" / f"{node}.json").read_text())
    asked = {field.name for field in parse_fields(expression)}
    assert asked <= fields_of(specification), asked - fields_of(specification)


@pytest.mark.parametrize(
    ("node", "edge"),
    [
        ("Page", "messages"),
        ("Comment", "comments"),
        ("Comment", "likes"),
        ("IGComment", "replies"),
        ("IGMedia", "comments"),
    ],
)
def test_every_edge_that_we_write_to_exists(platform_data, node, edge):
    specification = json.loads((platform_data / "meta-sdk-codegen" / f"{node}.json").read_text())
    assert any(api["method"] == "POST" and api.get("endpoint") == edge for api in specification["apis"])
