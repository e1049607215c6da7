"""Push, asked for by the desk itself: the platform shakes hands with our own address, pushes to it, and is asked again
after it has let the subscription go. Everything over HTTP, both ways."""

from typing import Any

import pytest

from monitor.alerts.models import Alert
from monitor.api.services import take_deliveries
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, Channel
from monitor.inbox.models import Post, Sighting
from monitor.inbox.services import disconnect, examine_channel, subscribe_channel
from monitor.platforms.errors import RejectedError
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET
from monitor.simulators.faults import Fault
from monitor.simulators.x_push_api import APP_TOKEN
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def subscribes(code: str) -> bool:
    return "subscribe" in get_platform(code).declaration.abilities


def address_of(scene: Scene, desk: Any) -> str:
    """Meta is told the address of the whole app by a person, in its own pages; X with the subscription."""
    if scene.code == "x":
        return f"{desk.url}/webhooks/x/"
    address = f"{desk.url}/webhooks/meta/"
    scene.world.graph.subscribed_fields = []
    scene.world.pushes.subscribe("meta", address, verify_token="verify-me")  # noqa: S106
    return address


def webhook_of(channel: Channel) -> tuple[str, str]:
    examine_channel(channel_id=channel.pk)
    [found] = channel.conditions.filter(aspect="webhook")
    return found.state, found.code


def arrives(scene: Scene, text: str) -> bool:
    """Whether what somebody writes now is with us without any reading."""
    scene.writes(text)
    scene.world.pushes.deliver_due()
    while take_deliveries():
        pass
    return Sighting.objects.filter(how="webhook", post_id__in=Post.objects.filter(text=text).values("pk")).exists()


@rule(31, 32, where=subscribes)
def test_a_channel_that_is_subscribed_is_pushed_to(scene: Scene, brand: Any, alice: Any, live_server: Any) -> None:
    channel = scene.open_channel(brand)
    address = address_of(scene, live_server)
    assert webhook_of(channel)[1] == "not_subscribed"
    for _time in range(2):
        subscribe_channel(channel=channel, callback_url=address, user=alice)
    hooks = [hook for hook in scene.world.pushes.hooks.values() if hook.url == address]
    acts = AuditEvent.objects.filter(act="channel.subscribed")
    assert [condition.state for condition in channel.conditions.filter(aspect="webhook")] == ["ok"]
    assert (len(hooks), acts.count()) == (1, 2) and {event.actor_id for event in acts} == {alice.pk}
    assert arrives(scene, "Is anybody there?")


def let_go(scene: Scene, way: str) -> None:
    """The platform drops the subscription: it gives up on the address (or on what we need of it), or forgets it all."""
    pushes = scene.world.pushes
    if scene.code != "x":
        scene.world.graph.subscribed_fields = ["leadgen"] if way == "in part" else []
        return
    if way == "in part":
        for hook in pushes.hooks.values():
            hook.is_valid = False
        return
    pushes.hooks.clear()
    pushes.subscriptions.clear()


@rule(31, 32, where=subscribes)
@pytest.mark.parametrize("way", ["in part", "altogether"])
def test_a_subscription_that_the_platform_dropped_is_noticed_and_asked_for_again(
    scene: Scene, brand: Any, alice: Any, live_server: Any, way: str
) -> None:
    channel = scene.open_channel(brand)
    address = address_of(scene, live_server)
    subscribe_channel(channel=channel, callback_url=address, user=alice)
    assert arrives(scene, "first")
    let_go(scene, way)
    assert webhook_of(channel)[0] in ("warning", "broken")
    told = [alert.code for alert in Alert.objects.filter(closed_at=None)]
    assert len(told) == 1 and told[0].startswith("channel.webhook.")
    assert not arrives(scene, "unheard")
    subscribe_channel(channel=channel, callback_url=address, user=alice)
    assert [condition.state for condition in channel.conditions.filter(aspect="webhook")] == ["ok"]
    assert not Alert.objects.filter(closed_at=None).exists()
    assert arrives(scene, "second")


@rule(31, 32, where=subscribes)
def test_a_channel_that_is_disconnected_is_not_pushed_to_any_more(
    scene: Scene, brand: Any, alice: Any, live_server: Any
) -> None:
    channel = scene.open_channel(brand)
    address = address_of(scene, live_server)
    if scene.code != "x":
        scene.world.graph.subscribed_fields = ["leadgen"]  # somebody else's wish
    subscribe_channel(channel=channel, callback_url=address, user=alice)
    assert arrives(scene, "first")
    assert disconnect(channel=channel, user=alice) == ""
    assert not scene.world.pushes.subscriptions and len(scene.world.pushes.hooks) == 1
    assert scene.code == "x" or scene.world.graph.subscribed_fields == ["leadgen"]
    scene.writes("second")
    assert scene.world.pushes.deliver_due() == 0
    channel.refresh_from_db()
    assert (channel.state, channel.credentials) == ("disconnected", None)


@rule(31, 32, where=subscribes)
def test_what_another_channel_lives_on_goes_on_and_a_failure_stops_nothing(
    scene: Scene, brand: Any, alice: Any, live_server: Any
) -> None:
    channel = scene.open_channel(brand)
    address = address_of(scene, live_server)
    subscribe_channel(channel=channel, callback_url=address, user=alice)
    sister = scene.open_channel(Brand.objects.create(slug="sister", name="Sister"))
    assert disconnect(channel=sister, user=alice) == "" and arrives(scene, "first")
    scene.world.faults.add(Fault(kind="server_error", path="", times=9))
    assert disconnect(channel=channel, user=alice) == "unavailable"
    channel.refresh_from_db()
    assert (channel.state, channel.credentials) == ("disconnected", None)


@rule(31, where=lambda code: code == "x")
def test_a_channel_that_signed_in_asks_for_push_with_the_token_of_the_app(
    scene: Scene, brand: Any, alice: Any, live_server: Any, settings: Any
) -> None:
    keys = (SIMULATED_CLIENT_ID, SIMULATED_CLIENT_SECRET, "https://platform.example")
    settings.SIGN_IN_APPS = dict.fromkeys(settings.SIGN_IN_APPS, keys)
    channel, address = scene.sign_in(brand), address_of(scene, live_server)
    with pytest.raises(RejectedError) as refusal:
        subscribe_channel(channel=channel, callback_url=address, user=alice)
    assert refusal.value.code == "no_app_token"
    settings.APP_CREDENTIALS = {"x": {"bearer_token": APP_TOKEN}}
    with pytest.raises(RejectedError):  # another server than the platform's own does not get it
        subscribe_channel(channel=channel, callback_url=address, user=alice)
    settings.PLATFORM_API_URLS = {**settings.PLATFORM_API_URLS, "x": channel.api_url}
    Channel.objects.filter(pk=channel.pk).update(api_url="")
    subscribe_channel(channel=Channel.objects.get(pk=channel.pk), callback_url=address, user=alice)
    assert arrives(scene, "Is anybody there?")
