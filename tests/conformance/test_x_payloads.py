"""X's documented webhook payloads, example bodies and recorded pages are read into posts or counted as ignored."""

import json
from collections import Counter
from pathlib import Path

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.payload import list_at, mapping_at
from monitor.platforms.x import PLATFORM
from monitor.platforms.x.updates import message_update, post_update
from monitor.platforms.x.webhooks import split

pytestmark = pytest.mark.conformance

US = ChannelContext(1, "account", "1111111111111111111", "ExampleUser", {}, "")
POSTS = {"post.create", "post.mention.create", "post.reply.create", "post.quote.create"}
MESSAGES = {"dm.received", "dm.sent"}
CODES = {"chat.received": "encrypted_chat", "oauth.revoke": "authorization_revoked"}


def bodies_in(folder: Path, pattern: str):
    files = sorted(folder.glob(pattern))
    assert files, f"{pattern} is empty"
    return [(path.name, json.loads(path.read_text())) for path in files]


def events_of(body):
    return [event for _owner, update in split(body) for event in PLATFORM.normalize(update, US)]


def test_every_documented_activity_event_is_read_or_counted(platform_data):
    seen = Counter()
    for name, body in bodies_in(platform_data / "x-docs-payloads", "activity_event-payloads__*.json"):
        if not body["data"].get("payload"):
            continue
        kind, events = body["data"]["event_type"], events_of(body)
        seen[kind] += 1
        if kind in POSTS:
            assert [type(event) for event in events] == [IncomingPost], name
            assert events[0].text and events[0].created_at and events[0].external_id, name
        elif kind in MESSAGES:
            assert events and all(event.form == "direct_message" for event in events), name
        elif kind == "post.delete":
            assert [type(event) for event in events] == [IncomingDeletion], name
        else:
            expected = "repost_ignored" if kind == "post.repost.create" else CODES.get(kind, "event_ignored")
            assert [event.code for event in events] == [expected], name
    assert len(seen) >= 25 and set(seen) >= POSTS | MESSAGES


def test_the_documented_events_say_how_we_are_addressed(platform_data):
    found = {}
    for _name, body in bodies_in(platform_data / "x-docs-payloads", "activity_event-payloads__0[4-6]*.json"):
        [found[body["data"]["event_type"]]] = events_of(body)
    assert found["post.mention.create"].beside["mention"] == "explicit"
    assert found["post.reply.create"].form == "reply" and found["post.reply.create"].beside["mention"] == "leading"
    assert found["post.quote.create"].quotes_us and not found["post.quote.create"].mentions_us


def test_account_activity_samples_are_read(platform_data):
    found = {
        name.split("__")[1][:2]: events_of(body)
        for name, body in bodies_in(platform_data / "x-docs-payloads", "account-activity_introduction__*.json")
    }
    assert found["10"][0].code == "authorization_revoked"
    assert (found["11"][0].text, found["11"][0].author.handle) == ("Hello World!", "furiouscamper")
    assert found["11"][0].conversation_id == "3001969357-4337869213"
    assert [event.code for event in found["12"] + found["13"]] == ["event_ignored", "event_ignored"]
    assert found["14"][0].external_id == "1045405559317569537"


def _read_page(page):
    includes, errors = mapping_at(page, "includes"), list_at(page, "errors")
    listed = page["data"] if isinstance(page.get("data"), list) else [page.get("data")]
    updates = []
    for node in listed:
        if isinstance(node, dict) and ("text" in node or "dm_conversation_id" in node):
            is_message = "event_type" in node and "event_uuid" not in node
            updates.append(
                message_update(node, includes) if is_message else post_update(node, includes, errors, "search")
            )
    return [event for update in updates for event in PLATFORM.normalize(update, US)]


def test_the_playground_s_example_bodies_are_read(platform_data):
    posts = 0
    for name, examples in bodies_in(platform_data / "x-playground-examples", "*.json"):
        for example in examples:
            body = example.get("response")
            if isinstance(body, dict):
                events = _read_page(body)
                # One of the examples is withheld everywhere: that is a deletion to us.
                assert all(isinstance(event, IncomingPost | IncomingNotice | IncomingDeletion) for event in events), (
                    name
                )
                posts += len(events)
    assert posts >= 10


def test_recorded_pages_are_read_post_by_post(platform_data):
    posts = []
    for _name, exchanges in bodies_in(platform_data / "tweepy-cassettes-json", "test_client_*.json"):
        for exchange in exchanges:
            page = exchange["response"].get("json")
            if isinstance(page, dict) and "/2/" in exchange["request"]["uri"]:
                posts += [event for event in _read_page(page) if isinstance(event, IncomingPost)]
    assert len(posts) >= 50
    assert all(post.external_id.isdigit() and post.created_at is not None for post in posts)


def test_the_documented_examples_of_messages_and_mentions_are_read(platform_data):
    for pattern in ("direct-messages_lookup_integrate__*.json", "posts_timelines_quickstart*.json"):
        for name, body in bodies_in(platform_data / "x-docs-payloads", pattern):
            page = body if isinstance(body.get("data"), list) else {"data": [body.get("data", body)]}
            assert _read_page(page), name


def test_a_body_of_the_wrong_kind_never_breaks_the_split(platform_data):
    for folder in ("x-docs-payloads", "x-playground-examples", "tweepy-cassettes-json"):
        for _name, body in bodies_in(platform_data / folder, "*.json"):
            for _owner, update in split(body) if isinstance(body, dict) else []:
                assert isinstance(update, RawUpdate)
