"""One edit is one version, in however many ways it is told and in whatever order they come, over the fake platforms."""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from monitor.brands.models import Brand, Channel
from monitor.inbox import selectors
from monitor.inbox.models import Post, PostChange, Recheck
from monitor.inbox.services import collect_channel, receive_updates, recheck_channel
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.x import webhooks as x
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook
from monitor.simulators.world import Entry
from tests.support.channels import connect
from tests.support.simulated import Simulated

pytestmark = pytest.mark.django_db
Way = Callable[[], None]


def collect(channel: Channel, stream: str) -> None:
    channel.streams.filter(name=stream).update(next_poll_at=timezone.now())
    report = collect_channel(channel_id=channel.pk, stream=stream)
    assert not report.error and not report.skipped, report


def recheck(channel: Channel) -> None:
    selectors.due_rechecks(limit=100)
    for scope in ("cases", "recent"):
        Recheck.objects.filter(channel=channel, scope=scope).update(due_at=timezone.now() - timedelta(seconds=1))
        assert not recheck_channel(channel_id=channel.pk, scope=scope, of_cases=lambda *_: []).error


def delivery(simulated: Simulated, channel: Channel, entry: Entry, kind: str, dialect: str = "activity") -> Way:
    """What the platform pushes of it now; it may arrive whenever the caller likes."""
    platform, module, split = ("x", x_push, x.split) if channel.platform == "x" else ("meta", meta_push, meta.split)
    hook = Hook("1", platform, "http://127.0.0.1/", "s", simulated.world.now(), dialect=dialect)
    bodies = list(module.bodies(simulated.world, hook, kind, entry))  # type: ignore[attr-defined]
    updates = [update for body in bodies for _owner, update in split(body)]
    assert updates
    return lambda: receive_updates(channel_id=channel.pk, updates=updates) and None  # type: ignore[func-returns-value]


def versions() -> tuple[str, int, int]:
    """The text, its version, and how many edits the change log has."""
    post = Post.objects.get(is_own=False)
    return post.text, post.version, PostChange.objects.filter(post_id=post.pk, kind="edited").count()


X_WAYS = ("poll", "activity", "account_activity", "recheck")


@pytest.mark.parametrize("order", [(*two, *sorted(set(X_WAYS) - set(two))) for two in permutations(X_WAYS, 2)])
def test_an_edit_on_x_is_one_version(brand: Brand, simulated: Simulated, order: tuple[str, ...]) -> None:
    channel = connect(brand, simulated, "x")
    entry = simulated.person_says("x", "@lumora where is it")
    collect(channel, "mentions")
    simulated.world.shift_clock(60)
    simulated.world.edit(entry.identifier, "@lumora where is my parcel")
    ways: dict[str, Way] = {
        "poll": lambda: collect(channel, "mentions"),
        "recheck": lambda: recheck(channel),
        **{
            name: delivery(simulated, channel, entry, "edited", name) for name in ("activity", "account_activity")
        },
    }  # fmt: skip
    for name in (*order, *order):
        ways[name]()
        assert versions() == ("@lumora where is my parcel", 2, 1), name


PAGE_WAYS = ("poll", "webhook", "recheck")


@pytest.mark.parametrize("order", list(permutations(PAGE_WAYS)))
def test_an_edit_on_a_page_is_one_version(brand: Brand, simulated: Simulated, order: tuple[str, ...]) -> None:
    channel = connect(brand, simulated, "facebook")
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "ours")
    comment = simulated.person_says("facebook", "where is it", parent_id=root.identifier)
    collect(channel, "feed")
    simulated.world.edit(comment.identifier, "where is my parcel")
    ways: dict[str, Way] = {
        "poll": lambda: collect(channel, "feed"),
        "webhook": delivery(simulated, channel, comment, "edited"),
        "recheck": lambda: recheck(channel),
    }
    for name in (*order, *order):
        ways[name]()
        assert versions() == ("where is my parcel", 2, 1), name


@pytest.mark.parametrize("seen_by", ["poll", "recheck"])
def test_a_push_of_the_edit_before_the_last_changes_nothing(brand: Brand, simulated: Simulated, seen_by: str) -> None:
    channel = connect(brand, simulated, "facebook")
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "ours")
    comment = simulated.person_says("facebook", "where is it", parent_id=root.identifier)
    collect(channel, "feed")
    time.sleep(1.1)  # pushes tell whole seconds: what is read now is later than this test's own transaction
    pushes = []
    for text in ("where is my parcel", "found it, thanks"):
        simulated.world.edit(comment.identifier, text)
        pushes.append(delivery(simulated, channel, comment, "edited"))
    collect(channel, "feed") if seen_by == "poll" else recheck(channel)
    for push in (*pushes, *reversed(pushes)):
        push()
        assert versions() == ("found it, thanks", 2, 1)


def test_an_edit_after_one_that_only_a_poll_saw_counts_again(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "facebook")
    root = simulated.world.publish("facebook", simulated.world.brands["facebook"], "ours")
    comment = simulated.person_says("facebook", "where is it", parent_id=root.identifier)
    collect(channel, "feed")
    simulated.world.edit(comment.identifier, "where is my parcel")
    recheck(channel)
    simulated.world.shift_clock(5)
    simulated.world.edit(comment.identifier, "found it, thanks")
    delivery(simulated, channel, comment, "edited")()
    assert versions() == ("found it, thanks", 3, 2)
