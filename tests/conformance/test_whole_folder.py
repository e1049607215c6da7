"""Every file of the folder of published payloads, whatever its name: told apart by its shape, and read or counted.

The words that people wrote are looked for in the raw JSON first, by rules that know nothing of our parsers, and must
all be found in posts. So the same tests judge files that were kept back, and files that come later.
"""

import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError, PlatformError
from monitor.platforms.meta import errors as meta_errors
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.registry import get_platform
from monitor.platforms.x import webhooks as x

pytestmark = pytest.mark.conformance

US = {
    "x": ChannelContext(1, "account", "1111111111111111111", "ExampleUser", {}, ""),
    "facebook": ChannelContext(2, "page", "1234567890321", "lumora", {}, ""),
    "instagram": ChannelContext(3, "account", "17841452691600098", "lumora", {}, ""),
}
# Kinds of files that hold no post, and why each of them is none of ours to read.
NOT_READ: Mapping[str, str] = {
    "MANIFEST.md": "says what is there",
    "PRISM.md": "says how to run Prism",
    "x-openapi": "read by test_x_specification.py and by Prism",
    "meta-sdk-codegen": "read by test_meta_payloads.py",
    "twitter-text": "read by test_lengths.py",
    "meta-postman": "requests of others, not what a platform answers",
}


def json_files(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        if name.split("/")[0] in NOT_READ:
            continue
        try:
            yield name, json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            # A few recordings are fragments; the readers refuse those before any parser sees them.
            yield name, None


def parts_of(value: Any) -> Iterator[Any]:
    """The value and everything in it."""
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(part)


def is_meta_webhook(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("object"), str) and isinstance(body.get("entry"), list)


def is_x_webhook(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    event = body.get("data")
    is_event = isinstance(event, dict) and "event_type" in event and "payload" in event
    return is_event or "for_user_id" in body or "user_event" in body


def webhooks(folder: Path) -> list[tuple[str, str, Any]]:
    """(file, sender, body) of every webhook body, also of those inside of lists and examples."""
    found = []
    for name, content in json_files(folder):
        for part in parts_of(content):
            if is_meta_webhook(part):
                found.append((name, "meta", part))
            elif is_x_webhook(part):
                found.append((name, "x", part))
    assert found, "no webhook body in the folder"
    return found


def read(sender: str, body: Any) -> tuple[list[Any], int]:
    """(events, updates) of a body."""
    platform = "x" if sender == "x" else meta.platform_of(body) or "facebook"
    parts = x.split(body) if sender == "x" else meta.split(body)
    events = [event for _, update in parts for event in get_platform(platform).normalize(update, US[platform])]
    return events, len(parts)


def test_every_update_of_every_webhook_is_read_or_counted(platform_data: Path) -> None:
    kinds: Counter[str] = Counter()
    for name, sender, body in webhooks(platform_data):
        events, updates = read(sender, body)
        # One event at least for each update: nothing is passed over without a word.
        assert len(events) >= updates, name
        assert updates >= 1 or not body.get("entry"), name
        for event in events:
            assert isinstance(event, IncomingPost | IncomingDeletion | IncomingNotice), name
            if isinstance(event, IncomingNotice):
                assert event.code, name
            kinds[type(event).__name__] += 1
    assert kinds["IncomingPost"] and kinds["IncomingNotice"]


_PLACED = {"comment", "post", "status", "photo", "video", "share", "album", "note", "link"}


def words_in_meta(body: Any) -> Iterator[str]:
    """What people wrote, by the documented places of it."""
    for entry in body["entry"]:
        for event in [*entry.get("messaging", []), *entry.get("standby", [])]:
            message = event.get("message") or {}
            if message.get("text") and not message.get("is_deleted"):
                yield message["text"]
        for change in entry.get("changes", []):
            value = change.get("value")
            if not isinstance(value, dict):
                continue
            if change["field"] in ("feed", "mention") and value.get("verb") in ("add", "edited"):
                if value.get("item") in _PLACED and value.get("message"):
                    yield value["message"]
            elif change["field"] in ("comments", "live_comments") and value.get("text"):
                yield value["text"]
            elif change["field"] == "ratings" and value.get("verb") == "add" and value.get("review_text"):
                yield value["review_text"]


def words_in_x(body: Any) -> Iterator[str]:
    event = body.get("data")
    kind = str(event.get("event_type")) if isinstance(event, dict) else ""
    if kind.startswith("post.") and not kind.startswith("post.repost") and event["payload"].get("text"):
        yield (event["payload"].get("note_tweet") or {}).get("text") or event["payload"]["text"]
    for status in body.get("tweet_create_events", []):
        if "retweeted_status" not in status:
            yield (status.get("extended_tweet") or {}).get("full_text") or status["text"]
    sources = [body, event.get("payload") or {}] if isinstance(event, dict) else [body]
    for source in sources:
        for message in source.get("direct_message_events", []) if isinstance(source, dict) else []:
            if message.get("type") == "message_create":
                yield message["message_create"]["message_data"]["text"]


def test_every_word_that_people_wrote_is_in_a_post(platform_data: Path) -> None:
    counted: Counter[str] = Counter()
    for name, sender, body in webhooks(platform_data):
        wanted = [html.unescape(word) for word in (words_in_x(body) if sender == "x" else words_in_meta(body))]
        events, _ = read(sender, body)
        texts = [event.text for event in events if isinstance(event, IncomingPost)]
        # X puts the handles of a reply first and leaves links at the end; what is kept is told by the post.
        missing = [word for word in wanted if not any(text and (text in word or word in text) for text in texts)]
        assert missing == [], name
        counted[sender] += len(wanted)
    assert counted["meta"] >= 1 or counted["x"] >= 1


def graph_nodes(content: Any) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(platform, kind, name, node) of whatever looks like a post, comment or media of Graph's."""
    for part in parts_of(content):
        if not isinstance(part, dict) or not isinstance(part.get("id"), str):
            continue
        if "created_time" in part and "message" in part and part["id"].count("_") == 1 and "to" not in part:
            is_comment = "can_remove" in part or "user_likes" in part
            yield ("facebook", "comment", "comment", part) if is_comment else ("facebook", "feed_post", "post", part)
        elif "media_type" in part and "caption" in part:
            yield "instagram", "media", "media", part
        elif "timestamp" in part and "text" in part:
            yield "instagram", "comment", "comment", part


def test_every_node_that_graph_recorded_is_a_post_with_its_words(platform_data: Path) -> None:
    kinds: Counter[str] = Counter()
    for name, content in json_files(platform_data):
        if name.startswith("x-"):
            continue
        for platform, kind, field, node in graph_nodes(content):
            [event] = get_platform(platform).normalize(RawUpdate(kind, node["id"], {field: node}), US[platform])
            assert isinstance(event, IncomingPost), name
            told = node.get("message") or node.get("caption") or node.get("text") or ""
            assert (event.external_id, event.text) == (node["id"], told), name
            kinds[kind] += 1
    assert kinds["feed_post"] >= 1 and kinds["media"] >= 1 and kinds["comment"] >= 1


def test_every_error_that_meta_recorded_is_one_that_we_know_what_to_do_with(platform_data: Path) -> None:
    found = 0
    for name, content in json_files(platform_data):
        if name.startswith("x-"):
            continue
        bodies = [part for part in parts_of(content) if isinstance(part, dict) and isinstance(part.get("error"), dict)]
        inner = [json.loads(part["body"]) for part in parts_of(content) if _is_batch_answer(part)]
        for body in [*bodies, *(each for each in inner if isinstance(each, dict) and "error" in each)]:
            error = meta_errors.translate(400, body, is_write=False, retry_at=None)
            assert isinstance(error, PlatformError), name
            # The words of the platform stay out of ours.
            message = str(body["error"].get("message", ""))
            assert len(message) < 12 or message not in str(error), name
            found += 1
    assert found


def _is_batch_answer(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("body"), str) and part["body"].startswith("{")


def test_no_file_of_the_folder_breaks_a_reader(platform_data: Path) -> None:
    """Each body is put to each reader, also to those that it is not for: events, or MalformedPayloadError."""
    kinds = {"x": ("post", "post_v1", "direct_message"), "facebook": ("feed_post", "change", "messaging", "message")}
    kinds["instagram"] = ("media", "comment", "change")
    files = 0
    for _name, content in json_files(platform_data):
        files += 1
        bodies = [part for part in parts_of(content) if isinstance(part, dict)][:200]
        for body in bodies:
            for platform, names in kinds.items():
                for kind in names:
                    for shaped in (body, {kind.split("_")[0]: body}, {"event": body}):
                        _read_or_malformed(platform, RawUpdate(kind, "1", shaped))
    assert files >= 1


def _read_or_malformed(platform: str, update: RawUpdate) -> None:
    try:
        events = get_platform(platform).normalize(update, US[platform])
    except MalformedPayloadError:
        return
    assert all(isinstance(event, IncomingPost | IncomingDeletion | IncomingNotice) for event in events)


def test_every_folder_is_read_or_has_its_reason(platform_data: Path) -> None:
    read_here = {"x-docs-payloads", "x-playground-examples", "tweepy-cassettes-json", "restfb", "python-facebook"}
    present = {path.name for path in platform_data.iterdir()}
    assert present <= read_here | set(NOT_READ), "a new folder: read it, or say why not"
