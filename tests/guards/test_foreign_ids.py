"""Nothing of another brand is reached by its id under our address: real ids are tried on every page that takes one.

Each page is tried with our own ids too: a page that answered 404 to everything would prove nothing.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.alerts.services import raise_alert
from monitor.analysis.models import BrandTopic, SampledPost
from monitor.brands.models import ApiToken, Brand, Channel, ChannelStream, Membership, User
from monitor.brands.services import create_api_token
from monitor.cases.models import Case, HandOff, Note
from monitor.inbox.models import ChannelGap, QuarantinedEvent, Rereading
from monitor.replies.models import Reply, SuggestedReply
from tests.guards.test_rights_matrix import VIEWS, _all_routes
from tests.support.desk import make_case, make_channel

ROUTES = dict(_all_routes())
#: The parts of an address that name one thing of a brand.
IDS = (
    *("reference", "public_id", "post_id", "alert_id", "channel_id"),
    *("event_id", "user_id", "token_id", "sampled_id", "topic_id", "gap_id", "rereading_id"),
)
TAKING_IDS = sorted(name for name in VIEWS if any(f":{part}>" in ROUTES[name] for part in IDS))
TABLES = (
    Alert,
    ApiToken,
    BrandTopic,
    Case,
    Channel,
    Membership,
    QuarantinedEvent,
    Reply,
    SampledPost,
    SuggestedReply,
)
#: Filled in so that each act would do something if it found its object.
FORM = {
    "act": "pause", "role": "viewer", "resolution": "answered", "why": "because", "text": "We look into it.",
    "hours": "4", "to": "email", "field": "topic", "value": "promotions", "kind": "reply", "language": "en",
    "verdict": "none", "intent": "complaint",
}  # fmt: skip


@dataclass
class Belongings:
    """One of each thing that has an id."""

    user: User
    case: Case
    reply: Reply
    suggestion: SuggestedReply
    hand_off: HandOff
    parts: dict[str, Any]


def _make_one_of_each(brand: Brand) -> Belongings:
    user = User.objects.create_user(f"admin@{brand.slug}.example", name=brand.name)
    Membership.objects.create(user=user, brand=brand, role="admin")
    case = make_case(brand)
    reply = Reply.objects.create(
        brand=brand, case=case, conversation=case.deciding_post.conversation, target=case.deciding_post, kind="reply",
        state="draft", text="We are sorry.", written_by=user, language="en",
    )  # fmt: skip
    event = QuarantinedEvent.objects.create(
        brand=brand, channel=make_channel(brand), source="mentions", reason_code="event.malformed", body=b"{}",
        params={"kind": "post", "external_id": "1", "author_ids": []},
    )  # fmt: skip
    channel = make_channel(brand)
    stream = ChannelStream.objects.create(channel=channel, name="mentions")
    now = timezone.now()
    reading = Rereading.objects.create(channel=channel, source="journal", since=now, live_since=now)
    parts = {
        "slug": "lumora",
        "gap_id": ChannelGap.objects.create(stream=stream, code="mention_horizon").pk,
        "rereading_id": reading.pk,
        "reference": case.reference,
        "public_id": reply.public_id,
        "post_id": case.deciding_post.public_id,
        "alert_id": raise_alert(brand_id=brand.pk, code="trend.spike"),
        "channel_id": channel.pk,
        "event_id": event.pk,
        "user_id": user.pk,
        "sampled_id": SampledPost.objects.create(
            brand=brand,
            post=case.deciding_post,
            drawn_on=date(2026, 5, 4),
            said_complaint=True,
            model_version="m",
            language="en",
            platform="x",
        ).pk,
        "topic_id": BrandTopic.objects.create(brand=brand, name="gift_cards", examples=["a"] * 3).pk,
        "token_id": create_api_token(brand=brand, name="key", role="viewer", user=user)[0].pk,
    }
    hand_off = HandOff.objects.create(case=case, to="email", note="")
    return Belongings(user, case, reply, SuggestedReply.objects.get(case=case), hand_off, parts)


@pytest.fixture
def ours(brand: Brand) -> Belongings:
    return _make_one_of_each(brand)


@pytest.fixture
def theirs(other_brand: Brand) -> Belongings:
    return _make_one_of_each(other_brand)


@pytest.fixture
def as_admin(client: Client, ours: Belongings) -> Client:
    client.force_login(ours.user)
    return client


def _state_of(brand: Brand) -> list[Any]:
    return [list(table.objects.filter(brand=brand).order_by("pk").values()) for table in TABLES]


def _address(name: str, parts: dict[str, Any]) -> str:
    return reverse(name, kwargs={part: value for part, value in parts.items() if f":{part}>" in ROUTES[name]})


def _try(client: Client, address: str) -> int:
    """Reads the page; where it only takes writes, writes."""
    answer = client.get(address)
    return client.post(address, FORM).status_code if answer.status_code == 405 else answer.status_code


def test_every_kind_of_id_is_tried() -> None:
    taken = {part for name in VIEWS for part in IDS if f":{part}>" in ROUTES[name]}
    assert taken == set(IDS)
    known = {*IDS, "slug", "token", "code", "platform", "return_code"}
    assert all(part.split(">")[0] in known for route in ROUTES.values() for part in route.split(":")[1:])


@pytest.mark.parametrize("name", TAKING_IDS)
def test_an_id_of_another_brand_does_not_exist_here(
    name: str, as_admin: Client, ours: Belongings, theirs: Belongings, other_brand: Brand
) -> None:
    before = _state_of(other_brand)
    for part in (part for part in IDS if f":{part}>" in ROUTES[name]):
        # Each foreign id alone among ours, so that the others cannot be what stops it.
        assert _try(as_admin, _address(name, ours.parts | {part: theirs.parts[part]})) == 404, part
    assert _try(as_admin, _address(name, theirs.parts | {"slug": "lumora"})) == 404
    assert _state_of(other_brand) == before


@pytest.mark.parametrize("name", TAKING_IDS)
def test_our_own_id_is_found_on_the_same_page(name: str, as_admin: Client, ours: Belongings) -> None:
    assert _try(as_admin, _address(name, ours.parts)) != 404


@pytest.mark.parametrize("name", ["case_preview", "case_count", "case_decline"])
def test_an_id_of_another_brand_in_a_form_is_not_found(
    name: str, as_admin: Client, ours: Belongings, theirs: Belongings, other_brand: Brand
) -> None:
    before = _state_of(other_brand)
    fields = {"case_decline": {"reply": theirs.reply.public_id}}
    form = fields.get(name, {"target": theirs.case.deciding_post.public_id})
    assert as_admin.post(_address(name, ours.parts), FORM | form).status_code == 404
    assert _state_of(other_brand) == before


def test_a_draft_of_another_brand_is_not_changed_through_our_case(
    as_admin: Client, ours: Belongings, theirs: Belongings, other_brand: Brand
) -> None:
    before = _state_of(other_brand)
    form = FORM | {"reply": theirs.reply.public_id}
    assert as_admin.post(_address("case_preview", ours.parts), form).status_code == 404
    assert _state_of(other_brand) == before


def test_a_suggestion_of_another_brand_is_not_taken(as_admin: Client, ours: Belongings, theirs: Belongings) -> None:
    form = FORM | {"suggestion": theirs.suggestion.pk, "text": "Words of our own."}
    as_admin.post(_address("case_preview", ours.parts), form)
    assert Reply.objects.get(text="Words of our own.").suggestion is None
    assert not Reply.objects.filter(suggestion=theirs.suggestion).exists()


def test_a_hand_off_and_a_colleague_of_another_brand_are_refused(
    as_admin: Client, ours: Belongings, theirs: Belongings
) -> None:
    as_admin.post(_address("case_confirm_hand_off", ours.parts), {"hand_off": theirs.hand_off.pk})
    as_admin.post(_address("case_assign", ours.parts), {"assignee": theirs.user.pk})
    theirs.hand_off.refresh_from_db()
    ours.case.refresh_from_db()
    assert theirs.hand_off.confirmed_at is None
    assert ours.case.assignee is None
    assert not Note.objects.exists()
