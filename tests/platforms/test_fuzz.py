"""Whatever a platform sends, reading it ends in events or in MalformedPayloadError, and splitting it always ends."""

import json
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.errors import MalformedPayloadError
from monitor.platforms.extra import Extra
from monitor.platforms.meta import webhooks as meta_webhooks
from monitor.platforms.registry import get_platform
from monitor.platforms.x import webhooks as x_webhooks

# For each of eight tests; those of the endpoints are in tests/api/test_webhooks.py. BUDGET=full takes minutes.
EXAMPLES = 5_000 if os.environ.get("BUDGET") == "full" else 200
US = ChannelContext(1, "account", "900100", "lumora", {"page_id": "600"}, "")
KINDS = {
    "x": ("post", "post_v1", "direct_message", "direct_message_v1", "deletion", "notice"),
    "facebook": ("feed_post", "comment", "change", "message", "messaging", "rating", "lookup", "notice"),
    "instagram": ("media", "comment", "change", "message", "messaging", "lookup", "notice"),
    "mastodon": ("status", "deletion", "notification", "notice"),
    "bluesky": ("post", "message", "deletion", "notice"),
    "feed": ("entry", "deletion", "notice"),
}
# Names that the readers look for, so that random values land where they hurt.
NAMES_TEXT = (
    "id id_str text full_text message author_id from sender sender_id user users data includes tweets posts media "
    "media_keys attachments attachment created_at created_time timestamp entities mentions urls user_mentions indices "
    "referenced_tweets type note_tweet edit_history_tweet_ids display_text_range extended_tweet affiliation geo place "
    "post comment event field value item verb post_id comment_id parent parent_id mid is_echo reply_to story thread "
    "participants to message_edit num_edit postback payload message_create target message_data quoted_status "
    "direct_message_events tweet_create_events entry changes messaging filter event_type object photos errors "
    "status thread key uri url account acct content spoiler_text visibility in_reply_to_id quote quoted_status reblog "
    "media_attachments poll options title fields language edited_at"
    "uri did record reply root facets features index byteStart byteEnd embed images external langs labels val context "
    "via convo members sender sentAt createdAt indexedAt $type handle displayName "
    "rating reviewer review_text recommendation_type open_graph_story lookup is_gone is_hidden hidden change "
    "noticed_at is_tagged is_mention ad_id code stream referral is_published app_version "
    "external_id title title_kind body body_kind author author_url published updated changed_at link rating when code "
    "direct_message_events tweet_create_events entry changes messaging filter event_type object photos errors"
)
NAMES = st.sampled_from(NAMES_TEXT.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(
        [
            "feed",
            "comments",
            "add",
            "remove",
            "comment",
            "post",
            "lumora",
            "900100",
            "2026-01-01T00:00:00Z",
            "at://did:plc:abc/app.bsky.feed.post/3kaaaaaaaaaaa",
        ]
    ),
)
BODIES: Any = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, BODIES, max_size=6)


@pytest.mark.parametrize("platform", list(KINDS))
@settings(max_examples=EXAMPLES, deadline=None)
@given(body=OBJECTS, choice=st.integers(0, 7))
def test_any_body_is_read_or_malformed(platform, body, choice):
    kind = KINDS[platform][choice % len(KINDS[platform])]
    try:
        events = get_platform(platform).normalize(RawUpdate(kind, "1", body), US)
    except MalformedPayloadError:
        return
    assert all(isinstance(event, IncomingPost | IncomingDeletion | IncomingNotice) for event in events)
    for post in (event for event in events if isinstance(event, IncomingPost)):
        assert Extra.from_json(json.loads(json.dumps(post.extra.to_json()))) == post.extra


@pytest.mark.parametrize("split", [x_webhooks.split, meta_webhooks.split])
@settings(max_examples=EXAMPLES, deadline=None)
@given(body=OBJECTS)
def test_any_delivery_is_split_or_malformed(split, body):
    try:
        updates = split(body)
    except MalformedPayloadError:
        return
    for owner, update in updates:
        assert isinstance(owner, str) and isinstance(update.external_id, str)
        assert all(isinstance(author, str) for author in update.author_ids)
