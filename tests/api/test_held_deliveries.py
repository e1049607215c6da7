"""Deliveries that are held unread: a deletion that overtakes them is not undone by reading them, now or later."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.api import services as deliveries
from monitor.api.models import HeldDelivery
from monitor.api.privacy import sweep_retention
from monitor.brands.models import Brand
from monitor.inbox.models import Post
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingDeletion
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook, written
from tests.support.channels import connect
from tests.support.simulated import Simulated
from tests.support.traces import traces_of

pytestmark = pytest.mark.django_db
MARK = "quetzalwort"


def said(simulated: Simulated, platform: str, text: str, handle: str = "mara") -> Any:
    root = simulated.world.publish(platform, simulated.world.brands[platform], "our news")
    return simulated.person_says(platform, f"@lumora {text}", handle=handle, parent_id=root.identifier)


def bodies_of(simulated: Simulated, platform: str, about: Any, kind: str = "published") -> list[bytes]:
    sender, module = ("x", x_push) if platform == "x" else ("meta", meta_push)
    hook = Hook("1", sender, "http://127.0.0.1/", "s", simulated.world.now())
    return [written(body) for body in module.bodies(simulated.world, hook, kind, about)]  # type: ignore[attr-defined]


def hold(platform: str, *bodies: bytes) -> None:
    assert bodies
    for body in bodies:
        deliveries.hold_delivery(sender="x" if platform == "x" else "meta", raw=body)


def delete(brand: Brand, platform: str, entry: Any) -> None:
    apply_deletions(brand_id=brand.pk, deletions=[IncomingDeletion(platform, entry.identifier)])


@pytest.mark.parametrize("platform", ["x", "facebook", "instagram"])
def test_a_post_that_was_deleted_while_it_waited_is_never_stored(
    brand: Brand, simulated: Simulated, platform: str
) -> None:
    connect(brand, simulated, platform)
    gone, kept = said(simulated, platform, MARK), said(simulated, platform, "a kept word", handle="tom")
    for entry in (gone, kept):
        hold(platform, *bodies_of(simulated, platform, entry))
    assert traces_of(MARK)
    delete(brand, platform, gone)
    deliveries.take_deliveries()
    assert traces_of(MARK) == []
    assert Post.objects.get(is_own=False).text.endswith("a kept word")
    assert not HeldDelivery.objects.exists()


def test_a_deletion_and_its_post_in_one_batch_leave_nothing_in_any_order(brand: Brand, simulated: Simulated) -> None:
    connect(brand, simulated, "facebook")
    gone = said(simulated, "facebook", MARK)
    told = bodies_of(simulated, "facebook", gone)
    simulated.world.delete(gone.identifier)
    hold("facebook", *bodies_of(simulated, "facebook", gone, "deleted"), *told)
    deliveries.take_deliveries()
    assert traces_of(MARK) == [] and not Post.objects.filter(deleted_at=None, is_own=False).exists()


def broken(body: bytes) -> bytes:
    """As a later version of the platform might write it: nobody here can read that."""
    return b'{"format": 99, "events": [' + body + b"]"


@pytest.mark.parametrize("platform", ["x", "facebook", "instagram"])
@pytest.mark.parametrize("spoil", [broken, lambda body: body], ids=["unreadable", "failed"])
def test_one_that_nobody_can_read_goes_with_the_sweep(
    brand: Brand, simulated: Simulated, platform: str, spoil: Any
) -> None:
    connect(brand, simulated, platform)
    gone, kept = said(simulated, platform, MARK), said(simulated, platform, "a kept word", handle="tom")
    hold(platform, *map(spoil, bodies_of(simulated, platform, gone)), broken(b'{"text": "a kept word"}'))
    HeldDelivery.objects.update(reason_code="failed")
    sweep_retention(timezone.now())
    assert traces_of(MARK), "nothing was deleted yet"
    delete(brand, platform, gone)
    assert sweep_retention(timezone.now())["unreadable deliveries"] >= 1
    assert traces_of(MARK) == []
    assert traces_of("a kept word") == ["api_helddelivery.body"]
    # What was made readable in the meantime is read, and brings nothing back.
    assert deliveries.retake_deliveries() == 1
    deliveries.take_deliveries()
    assert Post.objects.filter(is_own=False).count() == 0 and kept.text


def test_one_that_is_read_again_before_the_sweep_brings_nothing_back(brand: Brand, simulated: Simulated) -> None:
    connect(brand, simulated, "x")
    gone = said(simulated, "x", MARK)
    hold("x", *bodies_of(simulated, "x", gone))
    HeldDelivery.objects.update(reason_code="failed")
    delete(brand, "x", gone)
    deliveries.retake_deliveries()
    deliveries.take_deliveries()
    assert traces_of(MARK) == []


def test_whose_author_went_goes_too(brand: Brand, simulated: Simulated) -> None:
    connect(brand, simulated, "x")
    entry = said(simulated, "x", MARK)
    hold("x", *map(broken, bodies_of(simulated, "x", entry)))
    HeldDelivery.objects.update(reason_code="malformed")
    departed = IncomingDeletion("x", "", "protected", takes_author=True, author_id=entry.author.external_id)
    apply_deletions(brand_id=brand.pk, deletions=[departed])
    sweep_retention(timezone.now())
    assert traces_of(MARK) == []


@pytest.mark.parametrize("reason", ["", "malformed"])
def test_none_is_kept_longer_than_the_journal(db: None, settings: Any, reason: str) -> None:
    hold("x", b'{"text": "old"}', b'{"text": "new"}')
    HeldDelivery.objects.update(reason_code=reason)
    old = HeldDelivery.objects.order_by("pk").first()
    assert old is not None
    days = timedelta(days=settings.JOURNAL_RETENTION_DAYS, hours=1)
    HeldDelivery.objects.filter(pk=old.pk).update(received_at=timezone.now() - days)
    assert sweep_retention(timezone.now())["held deliveries"] == 1
    assert [bytes(body) for body in HeldDelivery.objects.values_list("body", flat=True)] == [b'{"text": "new"}']
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_helddelivery WHERE reason_code = %s", [reason])
        assert cursor.fetchone() == (1,)
