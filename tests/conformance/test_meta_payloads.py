"""Recorded Graph pages and webhook bodies are read into posts or counted; every field asked for exists at Meta."""

import json
from collections import Counter
from pathlib import Path

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.meta import facebook, instagram
from monitor.platforms.meta.graph import usage_in_headers
from monitor.platforms.meta.stories import without_story_media
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
        ("PagePost", facebook.AD_FIELDS + ",comments"),
        ("PagePost", facebook.RECHECK_FIELDS),
        ("Comment", facebook.RECHECK_FIELDS),
        ("Comment", facebook.COMMENT_FIELDS),
        ("IGMedia", instagram.MEDIA_FIELDS + ",comments"),
        ("IGComment", instagram.COMMENT_FIELDS + ",replies"),
        ("UnifiedThread", "id,updated_time,participants,messages"),
        ("IGComment", instagram.MENTIONED_FIELDS),
        ("IGUser", "mentioned_comment,mentioned_media,media,tags"),
        ("Page", "feed,conversations,visitor_posts,ads_posts,tagged,ratings,subscribed_apps"),
        ("UserIDForPage", "id,page"),
    ],
)
def test_every_field_that_we_ask_for_exists(platform_data, node, expression):
    specification = json.loads((platform_data / "meta-sdk-codegen" / f"{node}.json").read_text())
    asked = {field.name for field in parse_fields(expression)}
    assert asked <= fields_of(specification), asked - fields_of(specification)


@pytest.mark.parametrize("platform", [facebook, instagram])
def test_every_list_that_is_polled_is_an_edge_of_its_profile(platform_data, platform):
    node = {"facebook": "Page", "instagram": "IGUser"}[platform.PLATFORM.declaration.code]
    page, profile = (
        fields_of(json.loads((platform_data / "meta-sdk-codegen" / f"{name}.json").read_text()))
        for name in ("Page", node)
    )
    connector = type(platform.PLATFORM.connect(CONTEXTS[platform.PLATFORM.declaration.code], None))
    edges = {step.kind for step in connector.roots.values()}
    # Messages of a profile are those of the page that it is linked to.
    assert "conversations" in page and edges - {"conversations"} <= profile
    assert connector.tagged_edge in profile


def test_what_subscribing_sends_is_what_the_edge_takes(platform_data):
    specification = json.loads((platform_data / "meta-sdk-codegen" / "Page.json").read_text())
    [post] = [
        api for api in specification["apis"] if api["method"] == "POST" and api.get("endpoint") == "subscribed_apps"
    ]
    assert [(each["name"], each["required"]) for each in post["params"]] == [("subscribed_fields", True)]


@pytest.mark.parametrize(
    ("folder", "pattern", "name"),
    [("instagram", "users/tagged_medias.json", "tags"), ("instagram", "users/mentioned_media.json", "mentioned")],
)
def test_recorded_media_of_others_is_a_post_to_us(platform_data, folder, pattern, name):
    for file_name, body in json_in(platform_data / "python-facebook" / folder / "apidata", pattern):
        for node in nodes_of(body.get("mentioned_media", body)):
            post = read("instagram", "media", "media", node, is_mention=True)
            assert post.external_id == node["id"] and post.mentions_us and not post.is_own, file_name


def test_a_recorded_post_that_tags_a_page_has_no_author(platform_data):
    [(_name, node)] = json_in(platform_data / "restfb" / "misc", "v10_0_tagged-post.json")
    post = read("facebook", "feed_post", "post", node, is_tagged=True)
    assert (post.author.external_id, post.is_own, post.beside["addressed_by"]) == ("", False, "tag")


def test_recorded_hiding_is_told_with_its_post(platform_data):
    told = {}
    for name in ("feed-comment-hide", "feed-comment-unhide", "feed-photo-hide", "feed-share-unhide"):
        [(_name, body)] = json_in(platform_data / "restfb" / "webhooks", f"{name}.json")
        [notice] = events_of(body)
        told[name] = notice.code
        assert notice.params["id"]
    assert told == {
        "feed-comment-hide": "post_hidden",
        "feed-comment-unhide": "post_unhidden",
        "feed-photo-hide": "post_hidden",
        "feed-share-unhide": "post_unhidden",
    }


def test_recorded_stories_leave_no_address(platform_data):
    [(_name, body)] = json_in(platform_data / "restfb" / "misc", "v10_0_instagram-message-story.json")
    assert "lookaside" in json.dumps(body)
    bare = without_story_media(body)
    assert "lookaside" not in json.dumps(bare) and bare["story"]["reply_to"]["id"]


def test_the_recorded_usage_header_is_read(platform_data):
    header = (platform_data / "restfb" / "api" / "header-business.json").read_text()
    assert usage_in_headers({"x-business-use-case-usage": header}) == (100, 10)


@pytest.mark.parametrize(
    ("node", "edge"),
    [
        ("Page", "messages"),
        ("Page", "subscribed_apps"),
        ("IGUser", "mentions"),
        ("Comment", "comments"),
        ("Comment", "likes"),
        ("IGComment", "replies"),
        ("IGMedia", "comments"),
    ],
)
def test_every_edge_that_we_write_to_exists(platform_data, node, edge):
    specification = json.loads((platform_data / "meta-sdk-codegen" / f"{node}.json").read_text())
    assert any(api["method"] == "POST" and api.get("endpoint") == edge for api in specification["apis"])
