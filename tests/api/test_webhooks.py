"""Webhooks: nothing of a stranger is read, everything signed is stored once, nothing breaks on odd bodies."""

import base64
import hashlib
import hmac
import json
import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.api import services
from monitor.api.bodies import BodyError, read_object
from monitor.api.models import Delivery, HeldDelivery
from monitor.brands.models import Channel
from monitor.brands.sealing import seal
from monitor.inbox.models import Post, QuarantinedEvent, RawEvent

X_SECRET, META_SECRET = "consumer-secret", "app-secret"


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.X_CONSUMER_SECRETS = ["the-next-secret", X_SECRET]
    settings.META_APP_SECRETS = [META_SECRET]
    settings.META_VERIFY_TOKEN = "verify-me"


@pytest.fixture
def care_page(brand: Any) -> Channel:
    return Channel.objects.create(brand=brand, platform="facebook", kind="page", external_id="9001", handle="lumora")


def send_x(raw: bytes, secret: str = X_SECRET) -> Any:
    """Delivered, answered, and then read."""
    answer = deliver_x(raw, secret)
    services.take_deliveries()
    return answer


def send_meta(raw: bytes, secret: str = META_SECRET) -> Any:
    answer = deliver_meta(raw, secret)
    services.take_deliveries()
    return answer


def deliver_x(raw: bytes, secret: str = X_SECRET, *, by: Client | None = None) -> Any:
    mac = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    headers = {"x-twitter-webhooks-signature": f"sha256={mac}"}
    return (by or Client()).post("/webhooks/x/", raw, content_type="application/json", headers=headers)


def deliver_meta(raw: bytes, secret: str = META_SECRET, *, by: Client | None = None) -> Any:
    mac = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return (by or Client()).post(
        "/webhooks/meta/", raw, content_type="application/json", headers={"x-hub-signature-256": f"sha256={mac}"}
    )


def mention(post_id: str = "1924465506158878979", text: str = "@lumora where is my parcel?") -> dict[str, Any]:
    post = {
        "id": post_id,
        "text": text,
        "author_id": "555",
        "created_at": "2026-03-10T12:00:00.000Z",
        "conversation_id": post_id,
        "entities": {"mentions": [{"start": 0, "end": 7, "username": "lumora", "id": "100"}]},
    }
    users = [{"id": "555", "username": "mia", "name": "Mia"}]
    event = {
        "event_uuid": post_id,
        "event_type": "post.mention.create",
        "filter": {"user_id": "100"},
        "payload": post,
        "includes": {"users": users},
    }
    return {"data": event}


def page_message(text: str = "Hello, my order is late", page_id: str = "9001") -> bytes:
    message = {
        "sender": {"id": "777"},
        "recipient": {"id": page_id},
        "timestamp": 1773144000000,
        "message": {"mid": "m_1", "text": text},
    }
    # Meta escapes what is not ASCII, and the signature is over those bytes.
    return json.dumps({"object": "page", "entry": [{"id": page_id, "time": 1, "messaging": [message]}]}).encode()


def test_x_is_answered_with_the_newest_secret(client: Client) -> None:
    answer = client.get("/webhooks/x/", {"crc_token": "a token+/="})
    mac = hmac.new(b"the-next-secret", b"a token+/=", hashlib.sha256).digest()
    assert answer.json() == {"response_token": "sha256=" + base64.b64encode(mac).decode()}


def test_meta_gets_its_challenge_back_as_plain_text(client: Client) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    answer = client.get("/webhooks/meta/", query)
    assert (answer.content, answer["Content-Type"]) == (b"1158201444", "text/plain; charset=utf-8")
    assert client.get("/webhooks/meta/", {**query, "hub.verify_token": "guess"}).status_code == 403
    assert client.get("/webhooks/meta/").status_code == 403


def test_a_mention_that_x_pushes_is_stored_with_its_journal(channel: Channel) -> None:
    assert send_x(json.dumps(mention()).encode()).status_code == 200
    post = Post.objects.get()
    assert (post.external_id, post.mentions_us, post.author.handle) == ("1924465506158878979", True, "mia")  # type: ignore[union-attr]
    assert RawEvent.objects.count() == 1
    assert Delivery.objects.get().updates == 1


def test_the_same_delivery_three_times_is_one_post(channel: Channel) -> None:
    for _ in range(3):
        assert send_x(json.dumps(mention()).encode()).status_code == 200
    assert Post.objects.count() == 1
    assert RawEvent.objects.count() == 1


def test_the_answer_comes_before_anything_is_read(channel: Channel) -> None:
    assert deliver_x(json.dumps(mention()).encode()).status_code == 200
    assert HeldDelivery.objects.count() == 1
    assert not Post.objects.exists() and not RawEvent.objects.exists() and not Delivery.objects.exists()
    assert services.take_deliveries() == 1
    assert Post.objects.count() == RawEvent.objects.count() == Delivery.objects.count() == 1
    assert not HeldDelivery.objects.exists()


def test_a_reader_that_dies_leaves_the_delivery_to_the_next(channel: Channel, monkeypatch: Any) -> None:
    deliver_x(json.dumps(mention()).encode())
    with monkeypatch.context() as patch:
        # Stored, and killed before the row went.
        patch.setattr(services, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            services.take_deliveries()
    assert services.take_deliveries() == 0, "its lease still runs"
    HeldDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.take_deliveries() == 1
    assert Post.objects.count() == RawEvent.objects.count() == 1
    assert not HeldDelivery.objects.exists()


def test_one_delivery_that_cannot_be_stored_holds_no_other_up(channel: Channel, monkeypatch: Any) -> None:
    for number in range(4):
        deliver_x(json.dumps(mention(f"192446550615887897{number}")).encode())
    receive = services.receive_updates

    def refuse_one(*, channel_id: int, updates: Any) -> Any:
        if any(update.external_id.endswith("2") for update in updates):
            raise RuntimeError("a fault of ours")
        return receive(channel_id=channel_id, updates=updates)

    with monkeypatch.context() as patch:
        patch.setattr(services, "receive_updates", refuse_one)
        for _ in range(services.MAX_TRIES):
            services.take_deliveries()
            HeldDelivery.objects.update(lease_until=None)
        assert services.take_deliveries() == 0
    assert Post.objects.count() == 3
    assert HeldDelivery.objects.get().reason_code == "failed"
    # The fault is mended: it is read again.
    assert services.retake_deliveries() == 1
    assert services.take_deliveries() == 1
    assert Post.objects.count() == 4 and not HeldDelivery.objects.exists()


def test_a_claim_is_bounded_in_bytes(channel: Channel, monkeypatch: Any) -> None:
    for number in range(5):
        deliver_x(json.dumps(mention(f"192446550615887897{number}")).encode())
    monkeypatch.setattr(services, "CLAIM_BYTES", 1)
    assert [services.take_deliveries() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert Post.objects.count() == 5


def test_a_message_to_the_page_is_stored_with_its_letters(care_page: Channel) -> None:
    assert send_meta(page_message("¿Dónde está mi pedido? 你好 😀")).status_code == 200
    post = Post.objects.get()
    assert (post.text, post.form, post.is_public) == ("¿Dónde está mi pedido? 你好 😀", "direct_message", False)


@pytest.mark.parametrize("secret", ["wrong", "", "consumer-secret "])
def test_a_wrong_signature_stores_nothing(channel: Channel, secret: str) -> None:
    assert send_x(json.dumps(mention()).encode(), secret).status_code == 403
    assert not Post.objects.exists() and not RawEvent.objects.exists() and not Delivery.objects.exists()


def test_no_signature_stores_nothing(care_page: Channel, client: Client) -> None:
    assert client.post("/webhooks/meta/", page_message(), content_type="application/json").status_code == 403
    assert not Post.objects.exists() and not Delivery.objects.exists()


def test_no_secret_means_nobody_comes_in(care_page: Channel, settings: Any) -> None:
    settings.META_APP_SECRETS = []
    settings.X_CONSUMER_SECRETS = []
    assert send_meta(page_message(), "").status_code == 403
    assert send_x(b"{}", "").status_code == 403
    assert Client().get("/webhooks/x/", {"crc_token": "x"}).status_code == 403


def test_one_changed_bit_is_noticed(channel: Channel) -> None:
    raw = json.dumps(mention()).encode()
    mac = base64.b64encode(hmac.new(X_SECRET.encode(), raw, hashlib.sha256).digest()).decode()
    for place in range(0, len(raw), 37):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        headers = {"x-twitter-webhooks-signature": f"sha256={mac}"}
        answer = Client().post("/webhooks/x/", changed, content_type="application/json", headers=headers)
        assert answer.status_code == 403


def test_a_page_that_we_do_not_know_is_counted_and_answered(care_page: Channel) -> None:
    assert send_meta(page_message(page_id="404")).status_code == 200
    assert Delivery.objects.get().reason_code == "unknown_channel"
    assert not Post.objects.exists()


def test_a_brand_that_shares_the_page_gets_its_own_copy(care_page: Channel, other_brand: Any) -> None:
    Channel.objects.create(brand=other_brand, platform="facebook", kind="page", external_id="9001")
    send_meta(page_message())
    assert sorted(Post.objects.values_list("brand_id", flat=True)) == sorted([care_page.brand_id, other_brand.pk])


def test_an_odd_update_is_put_aside_and_its_neighbours_are_stored(care_page: Channel) -> None:
    body = json.loads(page_message())
    body["entry"].append({"id": "9001", "time": 1, "changes": [{"field": "feed", "value": {"item": 7, "verb": []}}]})
    body["entry"].append({"id": "9001", "time": 1, "changes": [{"field": "tomorrow's field", "value": 3}]})
    assert send_meta(json.dumps(body).encode()).status_code == 200
    assert Post.objects.count() == 1
    assert QuarantinedEvent.objects.count() <= 2


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"not json", "not_json"),
        (b"[]", "not_an_object"),
        (b'"words"', "not_an_object"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": Infinity}', "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "too_deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not_json"),
        (b'{"object": "page", "entry": {"id": "9001"}}', "malformed"),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_kept_and_counted_with_its_reason(
    db: None, raw: bytes, reason: str
) -> None:
    assert send_meta(raw).status_code == 200
    assert (Delivery.objects.get().status, Delivery.objects.get().reason_code) == (200, reason)
    kept = HeldDelivery.objects.get()
    assert (bytes(kept.body), kept.reason_code) == (raw, reason)
    assert services.take_deliveries() == 0


def test_a_body_beyond_the_cap_is_refused_unread(db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert send_meta(page_message("x" * 2_000)).status_code == 413
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("text", ["a\u0000b", "\ud800 alone", "\u202eright to left", "Z" * 20_000])
def test_hostile_letters_are_stored_safely(care_page: Channel, text: str) -> None:
    assert send_meta(page_message(text)).status_code == 200
    assert Post.objects.count() == 1


# What PostgreSQL takes no text with, which JSON may well hold; alone, and in what looks like an id.
POISON = ("\u0000", "\ud800", "12\u0000", "\udfff34", "9001\u0000")


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize("name", ["x owner", "compliance", "gone", "post_id", "comment_id", "page", "revoked"])
def test_an_id_that_no_database_takes_stops_no_other_delivery(
    channel: Channel, care_page: Channel, brand: Any, name: str, poison: str
) -> None:
    Channel.objects.create(brand=brand, platform="instagram", kind="account", external_id="7001", credentials=seal({}))
    change = {"field": "mentions", "value": {"media_id": "1", name: poison}}
    named = {"field": "mention", "value": {"item": "post", "verb": "add", "comment_id": "1", name: poison}}
    bodies: dict[str, Any] = {
        "x owner": {"for_user_id": poison},
        "compliance": {"data": {"user_protect": {"user": {"id": poison}, "event_at": "2026-03-10T12:00:00Z"}}},
        "gone": {"for_user_id": "100", "tweet_delete_events": [{"status": {"id": poison, "user_id": poison}}]},
        "page": {"object": "page", "entry": [{"id": poison, "changes": [named]}]},
        "post_id": {"object": "page", "entry": [{"id": "9001", "changes": [named]}]},
        "revoked": {
            "object": "permissions",
            "entry": [{"uid": poison, "changes": [{"field": "connected", "verb": "revoke"}]}],
        },
    }
    body = bodies.get(name, {"object": "instagram", "entry": [{"id": "7001", "changes": [change]}]})
    deliver = deliver_meta if "object" in body else deliver_x
    assert deliver(json.dumps(body).encode()).status_code == 200
    deliver_x(json.dumps(mention()).encode())
    assert services.take_deliveries() == 2
    assert Post.objects.count() == 1
    assert not HeldDelivery.objects.exists()


def fail_at_ids_that_end_in(monkeypatch: Any, ending: str, error: BaseException) -> None:
    receive = services.receive_updates

    def receive_or_fail(*, channel_id: int, updates: Any) -> Any:
        if any(update.external_id.endswith(ending) for update in updates):
            raise error
        return receive(channel_id=channel_id, updates=updates)

    monkeypatch.setattr(services, "receive_updates", receive_or_fail)


@pytest.mark.parametrize("error", [DataError("it will never fit"), OperationalError("nor this")])
def test_what_the_database_refuses_every_time_is_put_aside_and_its_neighbours_go_on(
    channel: Channel, monkeypatch: Any, error: Exception
) -> None:
    for number in range(4):
        deliver_x(json.dumps(mention(f"192446550615887897{number}")).encode())
    fail_at_ids_that_end_in(monkeypatch, "2", error)
    for _ in range(services.MAX_TRIES + 1):
        with suppress(OperationalError):
            services.take_deliveries()
        HeldDelivery.objects.update(lease_until=None)
    assert services.take_deliveries() == 0
    assert Post.objects.count() == 3
    assert HeldDelivery.objects.get().reason_code == "failed"
    assert Delivery.objects.filter(reason_code="failed").count() == 1


def test_a_delivery_that_kills_its_reader_does_so_once_more_by_itself_and_never_again(
    channel: Channel, monkeypatch: Any
) -> None:
    for number in range(3):
        deliver_x(json.dumps(mention(f"192446550615887897{number}")).encode())
    fail_at_ids_that_end_in(monkeypatch, "0", KeyboardInterrupt())
    for _ in range(services.MAX_TRIES + 1):
        with pytest.raises(KeyboardInterrupt):
            services.take_deliveries()
        HeldDelivery.objects.update(lease_until=None)
    assert services.take_deliveries() == 2
    assert Post.objects.count() == 2
    assert HeldDelivery.objects.get().reason_code == "failed"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(POISON),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["data", "payload", "filter", "event_type", "includes", "users", "for_user_id", "tweet_create_events", "user_event",
     "direct_message_events", "object", "entry", "changes", "messaging", "standby", "id", "value", "field", "message",
     "user_id", "algorithm", "issued_at", "post_id", "comment_id", "media_id", "sender_id", "from", "mid", "uid",
     "user_protect", "user", "tweet_delete_events", "status"]
)  # fmt: skip
SHAPED = st.recursive(
    JSON, lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=3), max_leaves=20
)
X_EVENTS = ("post.mention.create", "dm.received", "post.delete", "oauth.revoke", "chat.received", "of tomorrow")
META_FIELDS = ("feed", "mention", "ratings", "comments", "mentions", "of tomorrow")
META_OBJECTS = ("page", "instagram", "permissions", "user")

# Five payloads an example. With the parsers' 1,600 (40,000) of tests/platforms/test_fuzz.py: 2,000, or 50,000.
FUZZED = 2_000 if os.environ.get("BUDGET") == "full" else 80


def payloads_of(body: dict[str, Any], choice: int) -> tuple[list[bytes], list[bytes], bytes]:
    """The same odd body where it does harm: as a whole and inside of what a channel of ours is told, for X and for
    Meta; and in a request that Meta signs in a person's name."""
    event = {"event_type": X_EVENTS[choice % 6], "filter": {"user_id": "100"}, "payload": body, "includes": body}
    change = {"field": META_FIELDS[choice % 6], "value": body}
    entry = {**body, "id": "9001", "time": choice, "changes": [change], "messaging": [body, {"message": body}]}
    told = [{"object": "page", "entry": [entry]}, {**body, "object": META_OBJECTS[choice % 4]}]
    signed = base64.urlsafe_b64encode(json.dumps({"algorithm": "HMAC-SHA256", **body}).encode())
    return (
        [json.dumps(each).encode() for each in (body, {"data": event})],
        [json.dumps(each).encode() for each in told],
        signed,
    )


def post_signed_request(client: Client, payload: bytes, choice: int) -> int:
    mac = hmac.new(META_SECRET.encode(), payload, hashlib.sha256).digest()
    text = f"{base64.urlsafe_b64encode(mac).decode()}.{payload.decode()}"
    address = ("/webhooks/meta/data-deletion/", "/webhooks/meta/deauthorise/")[choice % 2]
    return int(client.post(address, {"signed_request": text}).status_code)


@settings(
    max_examples=FUZZED,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.dictionaries(NAMES, SHAPED, max_size=5), choice=st.integers(0, 11))
def test_no_signed_body_of_any_shape_breaks_us(
    care_page: Channel, channel: Channel, client: Client, body: dict[str, Any], choice: int
) -> None:
    """One client for all examples and one reading for all payloads of an example: that is where the time went."""
    to_x, to_meta, signed = payloads_of(body, choice)
    statuses = [deliver_x(raw, by=client).status_code for raw in to_x]
    statuses += [deliver_meta(raw, by=client).status_code for raw in to_meta]
    assert statuses == [200] * 4
    assert post_signed_request(client, signed, choice) in (200, 400, 403)
    while services.take_deliveries():
        pass
    assert not HeldDelivery.objects.filter(reason_code__in=["", "failed"]).exists()
    HeldDelivery.objects.all().delete()


@settings(max_examples=200)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_an_object_or_an_error(raw: bytes) -> None:
    try:
        assert isinstance(read_object(raw), dict)
    except BodyError as error:
        assert error.code in {"not_utf8", "not_json", "too_deep", "not_an_object"}


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_not_known(method: str, client: Client) -> None:
    assert getattr(client, method)("/webhooks/x/").status_code == 405
