"""A channel that was disconnected keeps its posts, so it still hears what is gone: pushed, or looked up by another
channel of the brand. Over HTTP, against the fake platforms."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.api.services import hold_delivery, take_deliveries
from monitor.brands.models import Brand, Channel
from monitor.inbox import selectors
from monitor.inbox.models import Post, QuarantinedEvent, RawEvent, Recheck
from monitor.inbox.services import disconnect, recheck_channel
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook, written
from tests.support.channels import collect, connect
from tests.support.simulated import Simulated

pytestmark = pytest.mark.django_db


def push(simulated: Simulated, platform: str, about: Any, kind: str, dialect: str = "activity") -> None:
    sender, module = ("x", x_push) if platform == "x" else ("meta", meta_push)
    hook = Hook("1", sender, "http://127.0.0.1/", "s", simulated.world.now(), dialect=dialect)
    bodies = list(module.bodies(simulated.world, hook, kind, about))  # type: ignore[attr-defined]
    assert bodies
    for body in bodies:
        hold_delivery(sender=sender, raw=written(body))
    take_deliveries()


def let_go(channel: Channel, simulated: Simulated) -> None:
    """The platform is told, and pushes on for a while none the less."""
    fields = simulated.world.graph.subscribed_fields
    disconnect(channel=channel, user=None)
    simulated.world.graph.subscribed_fields = fields


def said(simulated: Simulated, platform: str, text: str) -> Any:
    root = simulated.world.publish(platform, simulated.world.brands[platform], "our news")
    return simulated.person_says(platform, f"@lumora {text}", parent_id=root.identifier)


def living() -> list[str]:
    texts = Post.objects.filter(deleted_at=None).exclude(text="our news").values_list("text", flat=True)
    return sorted(text.removeprefix("@lumora ") for text in texts)


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_what_is_deleted_there_goes_here_and_nothing_else_comes(
    brand: Brand, simulated: Simulated, platform: str
) -> None:
    channel = connect(brand, simulated, platform)
    entry, kept = said(simulated, platform, "taken back"), said(simulated, platform, "kept")
    if platform == "x":  # which tells an account of its own deletions; others' are looked up
        simulated.world.delete(entry.identifier)
        entry = simulated.world.publish("x", simulated.world.brands["x"], "taken back")
    collect(channel)
    let_go(channel, simulated)
    journal = RawEvent.objects.count()
    later = said(simulated, platform, "too late")
    push(simulated, platform, later, "published")
    simulated.world.edit(kept.identifier, "@lumora edited")
    push(simulated, platform, kept, "edited")
    assert living() == ["kept", "taken back"]
    simulated.world.delete(entry.identifier)
    push(simulated, platform, entry, "deleted")
    assert living() == ["kept"]
    assert RawEvent.objects.count() == journal and not QuarantinedEvent.objects.exists()
    assert not any(b"taken back" in bytes(body) for body in RawEvent.objects.values_list("body", flat=True))


def test_a_message_that_was_unsent_goes(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "instagram")
    message = simulated.person_writes("instagram", "taken back")
    hook = Hook("1", "meta", "http://127.0.0.1/", "s", simulated.world.now())
    [body] = meta_push.bodies(simulated.world, hook, "said", message)
    hold_delivery(sender="meta", raw=written(body))
    take_deliveries()
    assert living() == ["taken back"]
    let_go(channel, simulated)
    [event] = body["entry"][0]["messaging"]
    event["message"] = {"mid": event["message"]["mid"], "is_deleted": True}
    hold_delivery(sender="meta", raw=written(body))
    take_deliveries()
    assert living() == []


def test_who_closes_the_profile_takes_their_posts_along(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "x")
    said(simulated, "x", "taken back")
    collect(channel)
    let_go(channel, simulated)
    mara = simulated.world.people["x", "mara"]
    simulated.world.set_standing(mara, "protected")
    push(simulated, "x", mara, "standing", "compliance")
    assert living() == []


def recheck(channel: Channel) -> Any:
    due = selectors.due_rechecks(limit=100)
    Recheck.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    recheck_channel(channel_id=channel.pk, scope="cases", of_cases=lambda *_: [])
    return (channel.pk, "recent") in due, recheck_channel(
        channel_id=channel.pk, scope="recent", of_cases=lambda *_: []
    )  # fmt: skip


def test_another_channel_of_the_brand_looks_its_posts_up(brand: Brand, simulated: Simulated) -> None:
    channel, other = connect(brand, simulated, "x"), connect(brand, simulated, "x", "search")
    entry = said(simulated, "x", "taken back")
    said(simulated, "x", "kept")
    collect(channel)
    let_go(channel, simulated)
    simulated.world.delete(entry.identifier)
    is_due, report = recheck(channel)
    assert is_due and (report.gone, report.error) == (1, "")
    assert living() == ["kept"]
    let_go(other, simulated)
    is_due, report = recheck(channel)
    assert not is_due and report.skipped


def test_another_page_cannot_tell_and_is_not_asked(brand: Brand, simulated: Simulated) -> None:
    """To its token a comment of this page looks as if it were gone."""
    channel = connect(brand, simulated, "facebook")
    connect(brand, simulated, "facebook", external_id="200", handle="other")
    said(simulated, "facebook", "kept")
    collect(channel)
    let_go(channel, simulated)
    is_due, report = recheck(channel)
    assert not is_due and report.skipped and living() == ["kept"]


@pytest.mark.parametrize("change", [{"api_url": "http://127.0.0.1:9/"}, {"state": "needs_reauth"}, {"kind": "import"}])
def test_only_a_healthy_channel_of_the_same_server_is_asked(
    brand: Brand, simulated: Simulated, change: dict[str, str]
) -> None:
    channel, other = connect(brand, simulated, "x"), connect(brand, simulated, "x", "search")
    let_go(channel, simulated)
    assert recheck(channel)[0]
    Channel.objects.filter(pk=other.pk).update(**change)
    is_due, report = recheck(channel)
    assert not is_due and report.skipped
