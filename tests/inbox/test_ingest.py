"""Storing what platforms tell: once, whole, in its latest version, and nothing that was deleted."""

import pytest

from monitor.inbox.models import Author, Conversation, Post, PostChange, RawEvent, Sighting
from tests.inbox.makers import incoming, store

pytestmark = pytest.mark.django_db


def test_it_stores_a_post_with_everything_around_it(channel):
    report = store(channel, incoming(1))
    assert (report.stored, report.updated, report.unchanged) == (1, 0, 0)
    post = Post.objects.get()
    assert report.post_ids == (post.pk,)
    assert (post.text, post.stage, post.version, post.author.handle) == (
        "Where is my parcel?",
        "received",
        1,
        "person1",
    )
    assert post.conversation.first_post_at == post.conversation.last_inbound_at == post.created_at
    assert post.conversation.last_own_at is None
    assert RawEvent.objects.count() == Sighting.objects.count() == 1
    assert list(PostChange.objects.values_list("kind", flat=True)) == ["stored"]
    assert Author.objects.count() == Conversation.objects.count() == 1


def test_it_stores_the_same_page_once_however_often_it_comes(channel):
    page = [incoming(number) for number in range(20)]
    store(channel, *page)
    report = store(channel, *reversed(page))
    assert (report.stored, report.updated, report.unchanged) == (0, 0, 20)
    for model in (Post, Author, Conversation, RawEvent, Sighting, PostChange):
        assert model.objects.count() == 20, model
