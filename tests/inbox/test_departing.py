"""Authors who close their profile or are suspended on X: everything that they showed goes, and what was said in private
stays. Over HTTP, against the fake X."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.api.models import HeldDelivery
from monitor.api.services import hold_delivery, take_deliveries
from monitor.brands.models import Brand, Channel
from monitor.inbox import selectors
from monitor.inbox.models import Author, Post, RawEvent, Recheck
from monitor.inbox.services import collect_channel, recheck_channel
from monitor.simulators import x_push
from monitor.simulators.pushing import Hook, written
from monitor.simulators.world import Entry
from tests.support.channels import connect
from tests.support.simulated import Simulated

pytestmark = pytest.mark.django_db


@pytest.fixture
def x(brand: Brand, simulated: Simulated) -> Channel:
    return connect(brand, simulated, "x")


def collect(channel: Channel) -> None:
    """From the beginning, as after a lost cursor."""
    channel.streams.update(cursor={}, next_poll_at=timezone.now())
    for stream in channel.streams.values_list("name", flat=True):
        assert not collect_channel(channel_id=channel.pk, stream=stream).error


def recheck(channel: Channel) -> int:
    """How many posts went."""
    selectors.due_rechecks(limit=100)
    Recheck.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    reports = [
        recheck_channel(channel_id=channel.pk, scope=scope, of_cases=lambda *_: []) for scope in ("cases", "recent")
    ]
    assert not any(report.error or report.skipped for report in reports)
    return sum(report.gone for report in reports)


def push(simulated: Simulated, about: Any, kind: str, dialect: str = "activity") -> None:
    """A delivery that is held, and not read yet."""
    hook = Hook("1", "x", "http://127.0.0.1/", "s", simulated.world.now(), dialect=dialect)
    bodies = list(x_push.bodies(simulated.world, hook, kind, about))
    assert bodies
    for body in bodies:
        hold_delivery(sender="x", raw=written(body))


def mara_writes(simulated: Simulated, channel: Channel) -> list[Entry]:
    """Three public posts and a message, beside a post of somebody else."""
    posts = [simulated.person_says("x", f"@lumora secret{number}") for number in range(3)]
    simulated.person_writes("x", "in private")
    simulated.person_says("x", "@lumora tom's own", handle="tom")
    collect(channel)
    assert Post.objects.filter(is_own=False, deleted_at=None).count() == 5
    return posts


def mara(simulated: Simulated) -> Any:
    return simulated.world.people["x", "mara"]


def living() -> set[str]:
    return set(Post.objects.filter(deleted_at=None).values_list("text", flat=True))


def words_in_journal(word: str) -> int:
    return sum(word.encode() in bytes(body) for body in RawEvent.objects.values_list("body", flat=True))


@pytest.mark.parametrize("standing", ["protected", "suspended"])
def test_with_one_post_that_is_refused_all_that_its_author_showed_goes(
    x: Channel, simulated: Simulated, standing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mara_writes(simulated, x)
    simulated.world.set_standing(mara(simulated), standing)
    # One look-up: two of the three are never asked for.
    monkeypatch.setattr("monitor.inbox.services.rechecking._affordable", lambda *_: (1, timezone.now()))
    assert recheck(x) == 3
    assert living() == {"in private", "@lumora tom's own"}
    gone = Post.objects.exclude(deleted_at=None)
    assert set(gone.values_list("text", "author", "deletion_reason")) == {("", None, "protected")}
    assert words_in_journal("secret") == 0
    assert Post.objects.filter(is_own=False).count() == 5
    assert Author.objects.get(handle="mara").posts.get().text == "in private"


def test_a_deleted_post_takes_no_other_with_it(x: Channel, simulated: Simulated) -> None:
    posts = mara_writes(simulated, x)
    simulated.world.delete(posts[0].identifier)
    assert recheck(x) == 1
    assert len(living()) == 4


@pytest.mark.parametrize("standing", ["protected", "suspended"])
def test_an_open_profile_brings_nothing_back_and_goes_on_anew(x: Channel, simulated: Simulated, standing: str) -> None:
    mara_writes(simulated, x)
    simulated.world.set_standing(mara(simulated), standing)
    recheck(x)
    simulated.world.set_standing(mara(simulated), "")
    simulated.world.shift_clock(60)
    simulated.person_says("x", "@lumora me again")
    collect(x)
    assert recheck(x) == 0
    assert living() == {"in private", "@lumora tom's own", "@lumora me again"}
    assert words_in_journal("secret") == 0 and words_in_journal("me again") == 1


def test_what_waits_unread_of_a_closed_profile_is_never_stored(x: Channel, simulated: Simulated) -> None:
    mara_writes(simulated, x)
    unseen = simulated.person_says("x", "@lumora unseen words")
    push(simulated, unseen, "published")
    push(simulated, simulated.person_says("x", "@lumora look at this", handle="tom", quoted_id=unseen.identifier),
         "published")  # fmt: skip
    simulated.world.set_standing(mara(simulated), "protected")
    recheck(x)
    assert take_deliveries() == 2
    assert not HeldDelivery.objects.exists()
    assert living() == {"in private", "@lumora tom's own", "@lumora look at this"}
    assert words_in_journal("unseen words") == 0


def test_a_message_from_before_that_comes_late_still_comes_in(x: Channel, simulated: Simulated) -> None:
    mara_writes(simulated, x)
    late = simulated.person_writes("x", "please answer me here")
    simulated.world.set_standing(mara(simulated), "protected")
    recheck(x)
    push(simulated, late, "said")
    take_deliveries()
    collect(x)
    assert "please answer me here" in living()
    assert words_in_journal("please answer me here") >= 1


@pytest.mark.parametrize("standing", ["protected", "suspended"])
def test_a_compliance_event_reaches_every_brand_at_once(
    x: Channel, simulated: Simulated, other_brand: Brand, standing: str
) -> None:
    theirs = connect(other_brand, simulated, "x")
    mara_writes(simulated, x)
    collect(theirs)
    simulated.world.set_standing(mara(simulated), standing)
    push(simulated, mara(simulated), "standing", "compliance")
    take_deliveries()
    assert living() == {"in private", "@lumora tom's own"}
    assert set(Post.objects.exclude(deleted_at=None).values_list("brand", "deletion_reason")) == {
        (brand, standing) for brand in (x.brand_id, other_brand.pk)
    }
    assert words_in_journal("secret") == 0
    assert words_in_journal(mara(simulated).external_id) == 2, "of the messages only"
    # That the profile is open again is no news to us.
    simulated.world.set_standing(mara(simulated), "")
    push(simulated, mara(simulated), "standing", "compliance")
    take_deliveries()
    collect(x)
    assert living() == {"in private", "@lumora tom's own"}


def test_a_compliance_event_of_a_post_takes_that_post(x: Channel, simulated: Simulated) -> None:
    posts = mara_writes(simulated, x)
    simulated.world.delete(posts[1].identifier)
    push(simulated, posts[1], "deleted", "compliance")
    take_deliveries()
    assert living() == {"in private", "@lumora tom's own", "@lumora secret0", "@lumora secret2"}


def test_a_second_departure_takes_what_came_between(x: Channel, simulated: Simulated) -> None:
    mara_writes(simulated, x)
    for round_ in range(2):
        simulated.world.set_standing(mara(simulated), "protected")
        recheck(x)
        assert living() == {"in private", "@lumora tom's own"}, round_
        simulated.world.set_standing(mara(simulated), "")
        simulated.world.shift_clock(60)
        again = simulated.person_says("x", f"@lumora again {round_}")
        push(simulated, again, "published")
        take_deliveries()
        assert f"@lumora again {round_}" in living()
