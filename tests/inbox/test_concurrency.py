"""Many writers at once, against the real database: the same events from everywhere, exactly once."""

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from monitor.inbox.models import Author, Conversation, Post, PostChange, RawEvent, Sighting
from monitor.inbox.services import claim_posts
from monitor.platforms.base import IncomingDeletion
from tests.inbox.makers import incoming, store

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 16


def at_once(work: Callable[[int], None], threads: int = THREADS) -> None:
    """Runs `work(number)` in threads that start together; raises the first error of any."""
    start = threading.Barrier(threads)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait(timeout=30)
            work(number)
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            errors.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=run, args=[number]) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(timeout=120)
    if errors:
        raise errors[0]


def test_sixteen_threads_that_deliver_the_same_events_store_each_once(channel):
    events = [incoming(number, conversation_id=f"c{number % 7}") for number in range(60)]

    def deliver(number: int) -> None:
        mine = random.Random(number).sample(events, len(events))
        for start in range(0, len(mine), 15):
            store(channel, *mine[start : start + 15], how="webhook" if number % 2 else "poll")

    at_once(deliver)
    assert Post.objects.count() == Author.objects.count() == PostChange.objects.count() == 60
    assert Conversation.objects.count() == 7
    # Each way (poll, webhook) noted once; a race may journal an update more than once, never less.
    assert Sighting.objects.filter(how="poll").count() <= 60
    assert Sighting.objects.count() <= 120
    assert RawEvent.objects.values("external_id").distinct().count() == 60


def test_edits_and_deletions_in_any_order_from_many_threads_end_the_same(channel):
    versions = [
        incoming(number, f"text {version}", version=version, conversation_id="c")
        for number in range(20)
        for version in (1, 2, 3)
    ]
    gone = [IncomingDeletion("x", f"p{number}") for number in range(0, 20, 4)]

    def deliver(number: int) -> None:
        mine = random.Random(number).sample([*versions, *gone], len(versions) + len(gone))
        for start in range(0, len(mine), 13):
            store(channel, *mine[start : start + 13], how="webhook")

    at_once(deliver, threads=8)
    alive = Post.objects.filter(deleted_at=None)
    assert set(alive.values_list("external_id", "text")) == {
        (f"p{number}", "text 3") for number in range(20) if number % 4
    }
    assert not Post.objects.exclude(deleted_at=None).exclude(text="").exists()


def test_no_post_is_claimed_by_two_workers(channel):
    store(channel, *[incoming(number) for number in range(120)])
    claimed: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        while ids := claim_posts(stage="received", limit=7, lease_seconds=300):
            with lock:
                claimed.extend(ids)

    at_once(work, threads=6)
    assert len(claimed) == len(set(claimed)) == 120
