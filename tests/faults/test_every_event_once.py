"""Every event is delivered three times, in any order, by eight clients, while polls bring the same, three programs read
and one works: one post for each, and no case or acknowledgement more than people wrote.

500 events in the quick budget, 10,000 with BUDGET=full.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from monitor.api.models import Delivery, HeldDelivery
from monitor.api.services import take_deliveries
from monitor.brands.models import Brand, Channel
from monitor.cases.models import Case, CasePost
from monitor.demo.setup import create_demo
from monitor.inbox import services as inbox
from monitor.inbox.models import Post, RawEvent, Sighting, Stage
from monitor.replies.models import Reply
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook, joined, signature, written
from monitor.simulators.world import APP_SECRET, X_CONSUMER_SECRET, World
from tests.support.simulated import Simulated, simulated_platforms
from workers import pipeline

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 10_000 if os.environ.get("BUDGET") == "full" else 500
CLIENTS, READERS, TIMES = 8, 3, 3
SECRETS = {"x": X_CONSUMER_SECRET, "meta": APP_SECRET}
# What each hundred events are: most of the public ones are no complaints, every message asks for an answer.
SHARES = (("x", "post", 40), ("facebook", "comment", 30), ("instagram", "comment", 20), ("facebook", "message", 10))
TEXTS = (
    "my parcel has been lost for three weeks and nobody answers",
    "what a lovely shop, thank you so much",
    "do you deliver to Finland?",
    "you charged me twice for the same order, please fix this",
)


@pytest.fixture
def platforms() -> Iterator[Simulated]:
    with simulated_platforms(World(limit_scale=1_000)) as running:
        yield running


@pytest.fixture
def lumora(platforms: Simulated, transactional_db: None, settings: Any) -> Brand:
    settings.X_CONSUMER_SECRETS, settings.META_APP_SECRETS = [X_CONSUMER_SECRET], [APP_SECRET]
    return create_demo(platforms.address)


def people_write(platforms: Simulated) -> tuple[dict[str, list[Mapping[str, Any]]], set[str]]:
    """EVENTS events, each by somebody else: the bodies that are pushed of them, and their ids."""
    world, rng = platforms.world, random.Random(7)
    roots = {
        name: world.publish(name, world.brands[name], "Market week").identifier for name in ("facebook", "instagram")
    }
    dialects = ("activity", "account_activity")
    hooks = [Hook(name, "x", "", "", world.now(), dialect=name) for name in dialects]
    meta = Hook("meta", "meta", "", "", world.now())
    bodies: dict[str, list[Mapping[str, Any]]] = {"x": [], "meta": []}
    ids: set[str] = set()
    for number in range(EVENTS):
        platform, form = _kind_of(number)
        text, handle = f"{TEXTS[number % len(TEXTS)]} ({number})", f"teller_{number}"
        if form == "message":
            made = platforms.person_writes(platform, text, handle=handle)
        else:
            parent = roots.get(platform, "")
            made = platforms.person_says(platform, f"@lumora {text}", handle=handle, parent_id=parent)
        kind = "said" if form == "message" else "published"
        # On X each event comes by one of its two ways.
        hook = rng.choice(hooks) if platform == "x" else meta
        maker = x_push.bodies if platform == "x" else meta_push.bodies
        bodies[hook.platform] += maker(world, hook, kind, made)
        ids.add(made.identifier)
    return bodies, ids


def _kind_of(number: int) -> tuple[str, str]:
    place, end = number % 100, 0
    for platform, form, share in SHARES:
        end += share
        if place < end:
            return platform, form
    raise AssertionError("the shares are a hundred")


def deliveries_of(bodies: Mapping[str, list[Mapping[str, Any]]]) -> list[tuple[str, bytes]]:
    """Everything three times, shuffled anew each time; Meta joins what lies together."""
    rng = random.Random(11)
    made: list[tuple[str, bytes]] = []
    for _ in range(TIMES):
        made += [("x", written(body)) for body in bodies["x"]]
        for kind in ("page", "instagram"):
            of_kind = [body for body in bodies["meta"] if body["object"] == kind]
            rng.shuffle(of_kind)
            while of_kind:
                size = rng.randint(1, 40)
                made.append(("meta", written(joined(of_kind[:size]))))
                del of_kind[:size]
    rng.shuffle(made)
    return made


class Crowd:
    """Threads that work until they are told to stop, or are done; the first error of any is raised."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self._errors: list[BaseException] = []

    def start(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (raised by `check`)
                self._errors.append(error)
                self.is_over.set()
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def until_over(self, step: Callable[[], Any]) -> Callable[[], None]:
        def work() -> None:
            while not self.is_over.is_set():
                found = step()
                # Back to the pool, as between two requests.
                connection.close()
                if not found:
                    self.is_over.wait(0.05)

        return work

    def check(self) -> None:
        if self._errors:
            raise self._errors[0]


def deliver(share: list[tuple[str, bytes]]) -> None:
    client = Client()
    for platform, raw in share:
        name, value = signature(platform, SECRETS[platform], raw)
        answer = client.post(
            f"/webhooks/{platform}/", raw, content_type="application/json", headers={name.lower(): value}
        )
        assert answer.status_code == 200
        connection.close()


def poll() -> int:
    """The newest pages of every stream that webhooks bring too, whether they are due or not."""
    for channel in Channel.objects.filter(platform__in=["x", "facebook", "instagram"], kind__in=["account", "page"]):
        for stream in channel.streams.all():
            inbox.collect_channel(channel_id=channel.pk, stream=stream.name, max_pages=2)
    return 0


def work() -> int:
    """One batch of the pipeline; the acknowledgements stay in the outbox."""
    taken = pipeline.analyze()
    touched = pipeline.open_cases()
    pipeline.answer(touched)
    return taken + len(touched)


def test_every_event_is_one_post_however_often_and_by_whatever_way_it_comes(
    platforms: Simulated, lumora: Brand
) -> None:
    bodies, ids = people_write(platforms)
    deliveries = deliveries_of(bodies)
    crowd = Crowd()
    behind = [crowd.start(crowd.until_over(step)) for step in [take_deliveries] * READERS + [poll, work]]
    clients = [
        crowd.start(lambda share=deliveries[number::CLIENTS]: deliver(share))  # type: ignore[misc]
        for number in range(CLIENTS)
    ]
    for thread in clients:
        thread.join()
    crowd.is_over.set()
    for thread in behind:
        thread.join()
    crowd.check()
    while take_deliveries():
        pass
    while work():
        pass

    posts = Post.objects.filter(is_own=False)
    assert posts.count() == len(ids) == EVENTS
    assert set(posts.values_list("external_id", flat=True)) == ids
    assert not Post.objects.exclude(stage=Stage.TRIAGED).exists()
    assert not HeldDelivery.objects.exists() and Delivery.objects.count() == len(deliveries)
    assert Delivery.objects.exclude(reason_code="").count() == 0
    # Every event came by push; some by polls, too: that is no post more, only one more sighting.
    pushed = Sighting.objects.filter(how="webhook", post_id__in=posts.values("pk")).values("post_id").distinct()
    assert pushed.count() == EVENTS
    assert Sighting.objects.filter(how="poll").exists()
    assert set(RawEvent.objects.values_list("external_id", flat=True)) >= ids
    _nothing_was_done_twice()


def _nothing_was_done_twice() -> None:
    """Each event is by another person: one case at most for each, one and its acknowledgement for each message."""
    cases = Counter(Case.objects.values_list("author_id", flat=True))
    assert set(cases.values()) == {1}
    assert CasePost.objects.count() == len(cases)
    messages = Post.objects.filter(is_own=False, form="direct_message")
    assert messages.count() == EVENTS // 10
    assert set(messages.values_list("author_id", flat=True)) <= set(cases)
    acknowledged = Counter(Reply.objects.filter(is_acknowledgement=True).values_list("conversation_id", flat=True))
    assert set(acknowledged.values()) == {1}
    assert set(acknowledged) == set(messages.values_list("conversation_id", flat=True))
