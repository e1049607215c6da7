"""Words that are too old, or that their platform deleted, are in no table any more after one sweep."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import DateTimeField
from django.utils import timezone

from monitor.analysis.models import Analysis, Embedding
from monitor.brands.models import Channel
from monitor.cases.models import Case, Note
from monitor.inbox.models import Author, Conversation, Customer, Post
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingAuthor, IncomingDeletion
from monitor.privacy import services
from monitor.trends import selectors
from tests.privacy.canary import THEN, incoming, take_in, traces


def age(days: int) -> None:
    """Makes everything that is stored older by as much; the log, which nobody can change, stays as it is."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            moments = [one.column for one in model._meta.concrete_fields if isinstance(one, DateTimeField)]
            if moments and model._meta.app_label != "audit":
                older = ", ".join(f'"{name}" = "{name}" - make_interval(days => %s)' for name in moments)
                cursor.execute(f'UPDATE "{model._meta.db_table}" SET {older}', [days] * len(moments))


@pytest.fixture
def customer(canary: Case) -> Customer:
    customer = Customer.objects.create(brand_id=canary.brand_id, name="Canary Fullname")
    Author.objects.filter(handle="canaryhandle").update(customer=customer)
    Case.objects.update(customer=customer)
    return customer


def test_one_sweep_after_the_time_leaves_no_word_in_any_table(canary: Case, customer: Customer, settings: Any) -> None:
    age(settings.RETENTION_DAYS + 1)
    services.sweep_retention(now=timezone.now())
    assert traces() == []


def test_before_the_time_nothing_goes(canary: Case, settings: Any) -> None:
    age(settings.JOURNAL_RETENTION_DAYS - 1)
    before = traces()
    services.sweep_retention(now=timezone.now())
    assert traces() == before


def test_a_copy_that_is_younger_than_its_post_goes_with_the_post(canary: Case, settings: Any) -> None:
    """Read again, suggested and decided yesterday; the post is of years ago. Colleagues' own notes are of yesterday."""
    Post.objects.update(stored_at=timezone.now() - timedelta(days=settings.RETENTION_DAYS + 1))
    Author.objects.update(first_seen_at=timezone.now() - timedelta(days=settings.RETENTION_DAYS + 1))
    services.sweep_retention(now=timezone.now())
    left = {trace.split(":")[0] for trace in traces()}
    # The journal, what was put aside and the log have clocks of their own.
    own_clock = {"cases_note.text", "cases_handoff.note", "inbox_quarantinedevent.body"}
    assert left <= own_clock | {"inbox_rawevent.body", "inbox_rawevent.external_id", "inbox_rawevent.author_ids"}
    assert not Embedding.objects.exists()


def test_the_journal_is_not_kept_longer_than_the_words(canary: Case, settings: Any) -> None:
    settings.JOURNAL_RETENTION_DAYS = 10 * settings.RETENTION_DAYS
    age(settings.RETENTION_DAYS + 1)
    services.sweep_retention(now=timezone.now())
    assert traces() == []


def test_a_deletion_on_the_platform_takes_the_words_from_every_table(canary: Case, channel: Channel) -> None:
    gone = [IncomingDeletion("x", f"canary-id-77123-post-{number}") for number in (1, 2)]
    apply_deletions(brand_id=channel.brand_id, deletions=gone)
    services.sweep_retention(now=timezone.now())
    assert [trace for trace in traces() if trace.endswith(": canarysecret")] == []
    assert Note.objects.get().text  # colleagues' own, about the person and not from the post


def test_what_was_put_aside_of_a_deleted_post_goes_too(channel: Channel) -> None:
    from monitor.inbox.services import PutAside, put_aside

    odd = PutAside("mentions", "event.malformed", b"canarysecret", {"external_id": "p-1"})
    put_aside(brand_id=channel.brand_id, channel_id=channel.pk, found=[odd])
    apply_deletions(brand_id=channel.brand_id, deletions=[IncomingDeletion("x", "p-1")])
    assert traces() == []


def test_others_and_counts_stay(canary: Case, channel: Channel, brand: Any, settings: Any) -> None:
    days = {"since": THEN.date(), "until": THEN.date(), "measure": "posts"}
    before = selectors.series(brand=brand, **days).total
    Post.objects.update(stored_at=timezone.now() - timedelta(days=settings.RETENTION_DAYS + 1))
    other = IncomingAuthor("88", handle="other", name="Other")
    take_in(channel, incoming(50, other, external_id="o-1", text="mine", url="", place="", conversation_id="t-9"))
    services.sweep_retention(now=timezone.now())
    post = Post.objects.get(external_id="o-1")
    assert (post.text, post.author.handle, post.conversation.external_id) == ("mine", "other", "t-9")  # type: ignore[union-attr]
    assert Analysis.objects.get(post=canary.deciding_post).topic == "delivery"
    assert selectors.series(brand=brand, **days).total == before + 1
    assert Conversation.objects.filter(external_id="t-9").exists()
