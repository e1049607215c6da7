"""Whatever order events come in, and however often, the end is the same."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.brands.models import Brand, Channel
from monitor.inbox.models import Author, Conversation, Post
from monitor.platforms.base import IncomingDeletion
from tests.inbox.makers import NOON, incoming, store

pytestmark = pytest.mark.django_db


def versioned(number: int, version: int):
    """As X tells: a counter and a time of edit."""
    edited_at = NOON + timedelta(hours=version) if version > 1 else None
    return incoming(number, f"{number} v{version}", version=version, edited_at=edited_at, conversation_id="c")


def timed(number: int, version: int):
    """As Meta tells: a time of edit only."""
    edited_at = NOON + timedelta(hours=version) if version > 1 else None
    return incoming(number, f"{number} v{version}", edited_at=edited_at, conversation_id="d")


EVENTS = [
    *[versioned(1, version) for version in (1, 2, 3)],
    *[timed(2, version) for version in (1, 2, 3)],
    versioned(3, 1),
    versioned(3, 2),
    IncomingDeletion("x", "p3"),
    incoming(4, conversation_id="c", is_own=True, own_by="native_app"),
]
histories = (
    st.lists(st.sampled_from(EVENTS), max_size=8).flatmap(lambda again: st.permutations([*EVENTS, *again])).map(list)
)
cuts = st.lists(st.integers(1, 5), min_size=20, max_size=20)


@given(history=histories, cuts=cuts)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_history_ends_the_same(history, cuts):
    brand = Brand.objects.create(slug=f"b{Brand.objects.count()}", name="Lumora")
    channel = Channel.objects.create(brand=brand, platform="x", kind="account", external_id="1")
    for cut in cuts:
        if page := history[:cut]:
            store(channel, *page, how="webhook")
        history = history[cut:]
    assert not history
    posts = {post.external_id: post for post in Post.objects.filter(brand=brand, deleted_at=None)}
    assert {key: post.text for key, post in posts.items()} == {
        "p1": "1 v3",
        "p2": "2 v3",
        "p4": "Where is my parcel?",
    }
    assert posts["p1"].edited_at == posts["p2"].edited_at == NOON + timedelta(hours=3)
    assert not Post.objects.filter(brand=brand).exclude(deleted_at=None).exclude(text="", author=None).exists()
    assert Author.objects.filter(brand=brand, external_id__in=["a1", "a2", "a4"]).count() == 3
    thread = Conversation.objects.get(brand=brand, external_id="c")
    assert thread.last_own_at == posts["p4"].created_at
