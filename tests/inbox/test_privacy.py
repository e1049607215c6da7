"""Erasing a person: no word, name or id is left in this room, what counts goes on counting, and nothing comes back."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.selectors import channel_context
from monitor.erasure import Person
from monitor.inbox import privacy
from monitor.inbox.models import Author, Conversation, Customer, Post, PostChange, QuarantinedEvent, RawEvent
from monitor.inbox.services import PutAside, apply_deletions, put_aside
from monitor.inbox.services.deleting import hold_deletions_off
from monitor.inbox.services.quarantine import understand
from monitor.platforms.base import Attachment, IncomingAuthor, IncomingDeletion, RawUpdate
from monitor.platforms.extra import Extra
from monitor.privacy.registry import columns_to_claim
from tests.inbox.makers import NOON, incoming, store
from tests.inbox.platforms import FakePlatform

pytestmark = pytest.mark.django_db

CANARY = "zanzibar"


def canary_posts():
    author = IncomingAuthor(f"id-{CANARY}", handle=f"h_{CANARY}", name=f"Name {CANARY}", followers=12)
    own = {"is_own": True, "own_by": "us", "in_reply_to": f"post-{CANARY}"}
    return [
        incoming(1, f"I am {CANARY}", author=author, external_id=f"post-{CANARY}", url=f"https://x.example/{CANARY}",
                 place=CANARY, extra=Extra(stars=1, device=CANARY), attachments=(Attachment("photo", f"https://x.example/{CANARY}"),),
                 platform_id=f"edit-{CANARY}", conversation_id=f"post-{CANARY}"),
        incoming(2, "private", author=author, external_id=f"dm-{CANARY}", form="direct_message", is_public=False,
                 conversation_id=f"100-{CANARY}"),
        incoming(3, f"Dear {CANARY}", external_id="ours", conversation_id="thread-1", **own),
        incoming(4, "me too", external_id="other", conversation_id="thread-1", in_reply_to=f"post-{CANARY}"),
    ]  # fmt: skip


def person(brand):
    authors = Author.objects.filter(external_id=f"id-{CANARY}")
    posts = Post.objects.filter(author__in=authors) | Post.objects.filter(external_id="ours")
    return Person(
        platform="x",
        external_id=f"id-{CANARY}",
        brand_ids=(brand.pk,),
        author_ids=tuple(authors.values_list("pk", flat=True)),
        post_ids=tuple(posts.values_list("pk", flat=True)),
        conversation_ids=tuple(Conversation.objects.filter(is_public=False).values_list("pk", flat=True)),
        names=(f"h_{CANARY}", f"Name {CANARY}"),
    )


def erase(brand):
    with transaction.atomic(), connection.cursor() as cursor:
        hold_deletions_off(cursor, brand.pk, deletes=True)
        return privacy.erase_author(person(brand))


def everything_stored():
    """Every row of every table of the room, as text and bytes."""
    with connection.cursor() as cursor:
        for model in apps.get_app_config("inbox").get_models():
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            for row in cursor.fetchall():
                yield from (
                    bytes(cell).decode("latin-1") if isinstance(cell, memoryview) else str(cell) for cell in row
                )


def test_every_column_is_claimed():
    assert set(privacy.COLUMNS) == columns_to_claim("inbox")


def test_no_trace_of_an_erased_person_is_left(channel, brand):
    store(channel, *canary_posts())
    customer = Customer.objects.create(brand=brand, name=f"Customer {CANARY}")
    Author.objects.filter(external_id=f"id-{CANARY}").update(customer=customer)
    put_aside(
        brand_id=brand.pk,
        channel_id=channel.pk,
        found=[
            PutAside("mentions", "event.malformed", b"{}", {"author_ids": [f"id-{CANARY}"]}),
            PutAside("file.csv:3", "row.not_csv", f"5,h_{CANARY},hello".encode()),
            PutAside("file.csv:4", "row.not_csv", b"6,somebody else"),
        ],
    )
    assert any(CANARY in cell for cell in everything_stored())
    counts = erase(brand)
    assert [cell for cell in everything_stored() if CANARY in cell] == []
    assert (counts["posts"], counts["authors"], counts["customers"], counts["quarantined events"]) == (3, 1, 1, 2)
    assert QuarantinedEvent.objects.count() == 1


def put_aside_anew(channel, kind="post", author="a1"):
    """How many stay of two that a parser could not read: one with words of this person, one of somebody else's."""
    params = [{"kind": kind, "external_id": f"new{each}", "author_ids": [each]} for each in (author, "a2")]
    found = [PutAside("mentions", "event.malformed", each["external_id"].encode(), each) for each in params]
    return put_aside(brand_id=channel.brand_id, channel_id=channel.pk, found=found)


def test_words_of_an_erased_person_are_not_put_aside_anew(channel, brand):
    store(channel, *canary_posts())
    assert put_aside_anew(channel, author=f"id-{CANARY}") == 2
    erase(brand)
    QuarantinedEvent.objects.all().delete()
    assert put_aside_anew(channel, author=f"id-{CANARY}") == 1
    assert put_aside_anew(channel, author=f"id-{CANARY}", kind="direct_message_v1") == 0
    assert QuarantinedEvent.objects.get().params["author_ids"] == ["a2"]


@pytest.mark.parametrize(("kind", "kept"), [("post", 1), ("post_v1", 1), ("direct_message_v1", 2)])
def test_words_of_who_shows_nothing_any_more_are_not_put_aside_anew_but_for_conversations(channel, kind, kept):
    gone = IncomingDeletion("x", "", reason="protected", takes_author=True, author_id="a1")
    apply_deletions(brand_id=channel.brand_id, deletions=[gone])
    assert put_aside_anew(channel, kind) == kept
    assert QuarantinedEvent.objects.filter(params__author_ids__contains="a1").count() == kept - 1


def test_an_author_whose_id_is_too_long_is_known_by_what_is_stored_of_it(channel):
    name = "https://example.org/" + "a" * 200
    gone = IncomingDeletion("x", "", reason="protected", takes_author=True, author_id=name)
    apply_deletions(brand_id=channel.brand_id, deletions=[gone])
    update = RawUpdate("malformed", "q1", {"text": "hello"}, (name,))
    _, odd = understand(FakePlatform(), channel_context(channel), [update], source="mentions")
    assert len(odd) == 1
    assert put_aside(brand_id=channel.brand_id, channel_id=channel.pk, found=odd) == 0


def test_the_skeletons_go_on_counting_and_other_people_are_untouched(channel, brand):
    store(channel, *canary_posts())
    erase(brand)
    assert Post.objects.count() == RawEvent.objects.count() == 4
    other = Post.objects.get(external_id="other")
    assert (other.text, other.deleted_at, other.in_reply_to) == ("me too", None, "")
    gone = Post.objects.exclude(deleted_at=None)
    assert gone.count() == 3
    assert set(gone.values_list("deletion_reason", flat=True)) == {"erased"}
    assert gone.filter(created_at__isnull=False, form="direct_message").count() == 1
    assert PostChange.objects.filter(kind="erased").count() == 3


def test_erasing_twice_changes_nothing(channel, brand):
    store(channel, *canary_posts())
    first = person(brand)
    erase(brand)
    before = list(Post.objects.order_by("pk").values())
    with transaction.atomic():
        again = privacy.erase_author(first)
    assert not any(again.values())
    assert list(Post.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("how", ["poll", "webhook", "replay", "import"])
def test_nothing_comes_back(channel, brand, how):
    store(channel, *canary_posts())
    erase(brand)
    unknown_before = incoming(8, "older words", author=canary_posts()[0].author)
    report = store(channel, *canary_posts(), unknown_before, how=how)
    assert (report.stored, report.refused) == (0, 4)
    assert not any(CANARY in cell for cell in everything_stored())


def test_who_writes_again_after_the_erasure_is_a_new_person(channel, brand):
    store(channel, *canary_posts())
    erase(brand)
    new = incoming(9, "hello again", author=canary_posts()[0].author, created_at=timezone.now() + timedelta(minutes=1))
    assert store(channel, new).stored == 1
    author = Author.objects.get(erased_at=None, external_id=f"id-{CANARY}")
    assert author.posts.count() == 1
    assert b"hello again" in bytes(RawEvent.objects.get(external_id="p9").body)


def test_retention_takes_words_and_names_and_leaves_counts(channel, brand):
    store(channel, *canary_posts())
    store(channel, incoming(20))
    now = timezone.now()
    assert not any(privacy.sweep_retention(now).values())
    Post.objects.exclude(external_id="p20").update(stored_at=now - timedelta(days=900))
    Author.objects.exclude(external_id="a20").update(first_seen_at=now - timedelta(days=900))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_rawevent SET recorded_at = recorded_at - interval '100 days'")
    counts = privacy.sweep_retention(now)
    assert (counts["posts"], counts["journal"], counts["authors"]) == (4, 5, 3)
    assert Post.objects.count() == 5
    assert Post.objects.exclude(text="").get().external_id == "p20"
    assert Author.objects.filter(erased_at=None).get().external_id == "a20"
    assert Post.objects.get(external_id="p20").created_at == NOON + timedelta(seconds=20)
