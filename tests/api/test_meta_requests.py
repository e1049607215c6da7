"""What Meta asks in a person's name: erased everywhere, told by a code; a login that was taken away is used no more."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitor.alerts.models import Alert
from monitor.api.models import Delivery
from monitor.api.services import take_deliveries
from monitor.brands.models import Brand, Channel, ChannelState
from monitor.brands.sealing import unseal
from monitor.inbox.models import Author, Post
from monitor.inbox.selectors import due_streams
from monitor.inbox.services import collect_channel, ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost
from monitor.privacy import asked
from monitor.privacy.models import DeletionRequest, Erasure
from monitor.simulators.graph_facts import ADMIN_USER_ID, signed_request
from monitor.simulators.world import APP_SECRET, World
from tests.support import channels as support
from tests.support.simulated import Simulated

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
VISITOR_ID = "7000000000000042"
NAMES = ("platform", "kind", "external_id", "handle", "name")


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.META_APP_SECRETS = ["the-next-secret", APP_SECRET]
    settings.PUBLIC_URL = "https://desk.example"


@pytest.fixture
def simulated(stage: Any) -> Simulated:
    world = World()
    world.graph.page_scoped_ids[ADMIN_USER_ID] = VISITOR_ID
    return stage.show(world)


def connect(brand: Brand, simulated: Simulated, platform: str = "facebook", **credentials: str) -> Channel:
    given = {**simulated.context(platform).credentials, **credentials}
    return support.connect(brand, simulated, platform, credentials=given)


def post_of(channel: Channel, author_id: str, number: int = 1) -> IncomingPost:
    author = IncomingAuthor(author_id, name="Dora Quast")
    text = "Dora Quast wants her money back"
    return IncomingPost(channel.platform, f"9_{number}", "comment", text, author, AT, conversation_id="9")


def store(channel: Channel, *posts: IncomingPost) -> int:
    how = {"brand_id": channel.brand_id, "channel_id": channel.pk, "stream": "feed", "how": "poll"}
    return ingest(events=list(posts), **how).stored  # type: ignore[arg-type]


def ask(what: str, user_id: str = ADMIN_USER_ID, *, at: datetime = AT, secret: str = APP_SECRET, **more: Any) -> Any:
    given = signed_request(user_id, secret=secret, issued_at=at, **more)
    return Client().post(f"/webhooks/meta/{what}/", {"signed_request": given})


def status_of(answer: Any, **headers: str) -> str:
    url = answer.json()["url"]
    assert url.startswith("https://desk.example/data-deletion/")
    page = Client().get(url.removeprefix("https://desk.example"), headers=headers)
    assert page.status_code == 200 and page["X-Robots-Tag"] == "noindex" and "no-store" in page["Cache-Control"]
    return page.content.decode()


def test_a_deletion_is_noted_answered_and_carried_out(brand: Brand, other_brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated)
    theirs = connect(other_brand, simulated)
    store(channel, post_of(channel, VISITOR_ID), post_of(channel, "55", number=2))
    store(theirs, post_of(theirs, ADMIN_USER_ID))
    answer = ask("data-deletion")
    assert answer.status_code == 200 and set(answer.json()) == {"url", "confirmation_code"}
    assert answer.json()["confirmation_code"].isalnum()
    assert "We are at it" in status_of(answer)
    assert asked.carry_out_deletions() == 1
    assert [post.text for post in Post.objects.exclude(text="")] == ["Dora Quast wants her money back"]
    assert not Author.objects.filter(external_id__in=(VISITOR_ID, ADMIN_USER_ID)).exists()
    page = status_of(answer)
    assert "Erased: 2 posts and messages" in page and "2 profiles" in page
    kept = DeletionRequest.objects.get()
    assert kept.user_id == "" and kept.done_at is not None
    for told in (page, json.dumps(kept.proof), answer.content.decode()):
        assert "Dora" not in told and ADMIN_USER_ID not in told and VISITOR_ID not in told
    assert {erasure.source for erasure in Erasure.objects.all()} == {"platform"}


def test_what_was_erased_does_not_come_back(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated)
    store(channel, post_of(channel, VISITOR_ID))
    ask("data-deletion")
    asked.carry_out_deletions()
    assert store(channel, post_of(channel, VISITOR_ID), post_of(channel, VISITOR_ID, number=3)) == 0


def test_the_same_request_again_is_the_same_code_and_does_nothing(brand: Brand, simulated: Simulated) -> None:
    codes = {ask("data-deletion").json()["confirmation_code"] for _ in range(3)}
    asked.carry_out_deletions()
    codes.add(ask("data-deletion").json()["confirmation_code"])
    assert len(codes) == 1 and DeletionRequest.objects.count() == 1
    assert asked.carry_out_deletions() == 0
    later = ask("data-deletion", at=AT + timedelta(days=1)).json()["confirmation_code"]
    assert later not in codes


def test_somebody_of_whom_nothing_is_known_is_told_so(brand: Brand) -> None:
    answer = ask("data-deletion", "10160000000000009")
    asked.carry_out_deletions()
    assert "We held nothing of yours" in status_of(answer)


def test_the_page_speaks_the_visitors_language_and_knows_no_other_code(brand: Brand) -> None:
    answer = ask("data-deletion")
    assert '<html lang="zh-hans"' in status_of(answer, **{"accept-language": "zh-hans"}).lower()
    assert Client().get("/data-deletion/0123456789abcdef/").status_code == 404


def test_a_platform_that_does_not_answer_is_asked_again_and_what_is_known_is_erased_now(
    brand: Brand, simulated: Simulated
) -> None:
    channel = connect(brand, simulated)
    store(channel, post_of(channel, ADMIN_USER_ID), post_of(channel, VISITOR_ID, number=2))
    answer = ask("data-deletion")
    simulated.add_fault("server_error")
    assert asked.carry_out_deletions() == 0
    assert Post.objects.exclude(text="").count() == 1 and "We are at it" in status_of(answer)
    assert asked.carry_out_deletions() == 0
    DeletionRequest.objects.update(next_try_at=AT)
    assert asked.carry_out_deletions() == 1
    assert not Post.objects.exclude(text="").exists()
    assert "Erased: 2 posts and messages" in status_of(answer)


def test_a_dead_token_does_not_hold_a_deletion_up(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated)
    store(channel, post_of(channel, ADMIN_USER_ID))
    simulated.world.is_revoked = True
    ask("data-deletion")
    assert asked.carry_out_deletions() == 1 and not Post.objects.exclude(text="").exists()


def test_after_a_day_of_silence_it_is_done_with_what_is_known(brand: Brand, simulated: Simulated) -> None:
    connect(brand, simulated)
    ask("data-deletion")
    simulated.add_fault("server_error", times=100)
    DeletionRequest.objects.update(tries=asked.MOST_TRIES - 1)
    assert asked.carry_out_deletions() == 1
    assert DeletionRequest.objects.get().last_error == "UnavailableError"


@pytest.mark.parametrize("what", ["data-deletion", "deauthorise"])
@pytest.mark.parametrize("secret", ["wrong", "", "simulated-app-secret "])
def test_a_stranger_changes_nothing(brand: Brand, simulated: Simulated, what: str, secret: str) -> None:
    channel = connect(brand, simulated, user_id=ADMIN_USER_ID)
    assert ask(what, secret=secret).status_code == 403
    assert ask(what, algorithm="none").status_code == 403
    channel.refresh_from_db()
    assert channel.state == ChannelState.HEALTHY
    assert not DeletionRequest.objects.exists() and not Delivery.objects.exists()


@pytest.mark.parametrize("what", ["data-deletion", "deauthorise"])
def test_odd_forms_are_refused(db: None, client: Client, settings: Any, what: str) -> None:
    path = f"/webhooks/meta/{what}/"
    assert client.post(path).status_code == 403
    assert client.post(path, {"signed_request": "a.b"}).status_code == 403
    assert client.post(path, b"--x\r\n", content_type="multipart/form-data").status_code in {400, 403}
    assert client.get(path).status_code == 405
    settings.META_APP_SECRETS = []
    assert ask(what, secret="").status_code == 403
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert client.post(path, {"signed_request": "x" * 5_000}).status_code in {403, 413}


def test_a_login_that_was_taken_away_stops_its_channels_and_keeps_what_waits(
    brand: Brand, simulated: Simulated
) -> None:
    page = connect(brand, simulated, user_id=ADMIN_USER_ID)
    profile = connect(brand, simulated, "instagram", user_id=ADMIN_USER_ID)
    collect_channel(channel_id=page.pk, stream="feed")
    cursor = page.streams.get(name="feed").cursor
    for _ in range(3):
        assert ask("deauthorise").status_code == 200
    for channel in (page, profile):
        channel.refresh_from_db()
        assert (channel.state, channel.state_code) == (ChannelState.NEEDS_REAUTH, "authorization_revoked")
    assert set(unseal(page.credentials)) == {"app_secret"}
    assert set(unseal(profile.credentials)) == {"app_secret", "page_id"}
    assert due_streams(limit=50) == []
    assert page.streams.get(name="feed").cursor == cursor
    alerts = Alert.objects.filter(code="channel.authorization_revoked")
    assert [(alert.count, alert.closed_at) for alert in alerts] == [(1, None), (1, None)]
    assert Delivery.objects.filter(reason_code="deauthorise").count() == 3


def test_the_login_of_somebody_else_is_not_touched(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, user_id="10160000000000002")
    ask("deauthorise")
    channel.refresh_from_db()
    assert channel.state == ChannelState.HEALTHY and "access_token" in unseal(channel.credentials)


def test_a_channel_that_does_not_say_whose_login_it_uses_is_looked_at_at_once(
    brand: Brand, simulated: Simulated
) -> None:
    channel = connect(brand, simulated)
    for stream in channel.streams.all():
        collect_channel(channel_id=channel.pk, stream=stream.name)
    assert due_streams(limit=50) == []
    simulated.world.is_revoked = True
    ask("deauthorise")
    for channel_id, stream_name in due_streams(limit=1):
        collect_channel(channel_id=channel_id, stream=stream_name)
    channel.refresh_from_db()
    assert (channel.state, channel.state_code) == (ChannelState.NEEDS_REAUTH, "auth_expired")


def test_a_deletion_also_ends_the_login(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, user_id=ADMIN_USER_ID)
    ask("data-deletion")
    channel.refresh_from_db()
    assert channel.state == ChannelState.NEEDS_REAUTH and "user_id" not in unseal(channel.credentials)


@pytest.mark.parametrize(("verb", "state"), [("revoked", "needs_reauth"), ("granted", "healthy")])
def test_the_webhook_of_permissions_says_the_same(brand: Brand, simulated: Simulated, verb: str, state: str) -> None:
    channel = connect(brand, simulated, user_id=ADMIN_USER_ID)
    entry = {"id": "0", "uid": ADMIN_USER_ID, "time": 1, "changes": [{"field": "connected", "verb": verb}]}
    raw = json.dumps({"object": "permissions", "entry": [entry]}).encode()
    mac = hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}"}
    answer = Client().post("/webhooks/meta/", raw, content_type="application/json", headers=headers)
    take_deliveries()
    channel.refresh_from_db()
    assert (answer.status_code, channel.state) == (200, state)
