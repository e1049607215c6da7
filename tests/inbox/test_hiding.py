"""Whether a post is hidden: told by polls and by notices, and not forgotten by an old page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.inbox.models import Post, PostChange
from monitor.inbox.services import ingest, set_hidden
from monitor.platforms.base import IncomingAuthor, IncomingNotice, IncomingPost

COMMENT = IncomingPost(
    platform="x", external_id="1", form="comment", text="Thieves!", author=IncomingAuthor("7"), created_at=None
)  # fmt: skip


def store(channel: Any, *events: Any, how: str = "poll") -> Any:
    return ingest(brand_id=channel.brand_id, channel_id=channel.pk, stream="feed", how=how, events=events)


@pytest.mark.parametrize("said", [None, False, True])
def test_a_new_post_is_as_the_platform_says(said: bool | None, channel: Any) -> None:
    store(channel, replace(COMMENT, is_hidden=said))
    post = Post.objects.get()
    assert post.is_hidden is said and (post.hidden_changed_at is not None) is bool(said)


def test_a_poll_tells_what_somebody_did_in_the_app(channel: Any) -> None:
    store(channel, COMMENT)
    for is_hidden in (True, False):
        store(channel, replace(COMMENT, is_hidden=is_hidden))
        assert Post.objects.get().is_hidden is is_hidden
        Post.objects.update(hidden_changed_at=timezone.now() - timedelta(minutes=3))
    # What says nothing changes nothing.
    store(channel, replace(COMMENT, is_hidden=True))
    store(channel, COMMENT, how="webhook")
    assert Post.objects.get().is_hidden is True and Post.objects.get().version == 1


def test_the_same_state_again_writes_nothing(channel: Any) -> None:
    store(channel, COMMENT)
    before = PostChange.objects.count()
    report = store(channel, replace(COMMENT, is_hidden=False))
    assert (report.unchanged, PostChange.objects.count()) == (1, before)


def test_a_page_that_was_read_before_we_hid_the_post_does_not_show_it_again(channel: Any) -> None:
    store(channel, replace(COMMENT, is_hidden=False))
    set_hidden(post_id=Post.objects.get().pk, is_hidden=True, at=timezone.now())
    store(channel, replace(COMMENT, is_hidden=False))
    assert Post.objects.get().is_hidden is True
    Post.objects.update(hidden_changed_at=timezone.now() - timedelta(minutes=3))
    store(channel, replace(COMMENT, is_hidden=False))
    assert Post.objects.get().is_hidden is False


def test_a_notice_of_the_platform_changes_the_post_at_once(channel: Any) -> None:
    store(channel, COMMENT)
    store(channel, IncomingNotice("post_hidden", {"id": "1"}), how="webhook")
    assert Post.objects.get().is_hidden is True
    store(
        channel,
        IncomingNotice("post_hidden", {"id": "1"}),
        IncomingNotice("post_unhidden", {"id": "1"}),
        IncomingNotice("post_hidden", {"id": "not here"}),
        IncomingNotice("post_hidden", {}),
        how="webhook",
    )
    assert Post.objects.get().is_hidden is False


def test_an_old_notice_that_is_delivered_again_changes_nothing(channel: Any) -> None:
    store(channel, COMMENT)
    hidden = IncomingNotice("post_hidden", {"id": "1", "at": "2026-05-04T10:00:00+00:00"})
    shown = IncomingNotice("post_unhidden", {"id": "1", "at": "2026-05-04T10:05:00+00:00"})
    store(channel, shown, hidden, how="webhook")
    assert Post.objects.get().is_hidden is None
    store(channel, hidden, how="webhook")
    assert Post.objects.get().is_hidden is True
    store(channel, shown, how="webhook")
    store(channel, hidden, how="webhook")
    assert Post.objects.get().is_hidden is False


def test_a_notice_for_a_post_in_the_same_delivery_counts(channel: Any) -> None:
    store(channel, COMMENT, IncomingNotice("post_hidden", {"id": "1"}), how="webhook")
    assert Post.objects.get().is_hidden is True


def test_what_another_brand_hides_is_theirs(channel: Any, other_brand: Any) -> None:
    from monitor.brands.models import Channel

    theirs = Channel.objects.create(brand=other_brand, platform="x", kind="account", external_id="200")
    store(channel, COMMENT)
    store(theirs, COMMENT)
    store(theirs, IncomingNotice("post_hidden", {"id": "1"}), how="webhook")
    assert Post.objects.get(brand=channel.brand).is_hidden is None


def test_a_deleted_post_stays_as_it_is(channel: Any) -> None:
    store(channel, COMMENT)
    post = Post.objects.get()
    Post.objects.update(deleted_at=timezone.now())
    store(channel, IncomingNotice("post_hidden", {"id": "1"}), how="webhook")
    set_hidden(post_id=post.pk, is_hidden=True, at=timezone.now())
    assert Post.objects.get().is_hidden is None
