"""Answers: once, to whom they may go, as long as they may be, and looked up where the platform did not say."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.platforms.base import SendRequest
from monitor.platforms.errors import PlatformError, RejectedError, UnconfirmedSendError
from monitor.platforms.registry import get_platform
from monitor.replies import guard
from monitor.replies.eligibility import AUTOMATION, PERSON, Facts, can_reply
from monitor.replies.gathering import limit_of
from monitor.replies.services.sending import DOUBTFUL_CODES
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import MESSAGES, Scene
from tests.platforms.contract.test_trouble import WRITES

ANSWER = "We are sorry to hear that. Please write to us in private."
KINDS = ("reply", "direct_message")
FAMILY = "👩‍👩‍👧‍👦"
TOO_LONG = {"guard.too_long", "guard.too_many_bytes"}


def request_to(scene: Scene, kind: str, text: str = ANSWER, **more: Any) -> SendRequest:
    """An answer to somebody who spoke to us just now."""
    if kind == "reply":
        scene.says("where is my parcel?")
        [post] = [post for post in scene.read()[0] if not post.is_own]
    else:
        scene.writes("where is my parcel?")
        [post] = [post for post in scene.read(MESSAGES)[0] if not post.is_own]
    return SendRequest(
        kind,
        text,
        target_id=post.platform_id,
        conversation_id=post.conversation_id,
        recipient_id=post.author.external_id,
        last_inbound_at=scene.world.now(),
        idempotency_key="the one key of this answer",
        **more,
    )


def said(scene: Scene) -> int:
    us = scene.world.brands[scene.code]
    public = [entry.text for entry in scene.world.visible(scene.code) if entry.author is us]
    private = [message.text for message in scene.world.messages_with(scene.code) if message.sender is us]
    return len([text for text in public + private if ANSWER in text])


@rule(19)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["drop", "drop_after_commit"])
def test_an_answer_whose_outcome_is_unknown_can_be_looked_up(scene: Scene, kind: str, fault: str) -> None:
    request = request_to(scene, kind)
    scene.simulated.add_fault(fault, method="POST", path="send|put" if scene.code == "bluesky" else "")
    since = scene.world.now()
    with pytest.raises(UnconfirmedSendError):
        scene.simulated.connect(scene.code).send(request)
    found = scene.simulated.connect(scene.code).read_back(request, since=since)
    assert found is not None and len(found) == said(scene) == (1 if fault == "drop_after_commit" else 0)
    assert all(post.is_own and ANSWER in post.text for post in found)


@rule(20)
def test_the_same_answer_again_is_never_a_second_one(scene: Scene) -> None:
    request = request_to(scene, "reply")
    first = scene.simulated.connect(scene.code).send(request)
    outcome = ""
    try:
        second = scene.simulated.connect(scene.code).send(request)
    except RejectedError as refusal:
        outcome = refusal.code
    else:
        outcome = "the same" if second.external_id == first.external_id else "another"
    assert outcome in {"the same", *DOUBTFUL_CODES}
    assert said(scene) == 1


@rule(21)
@pytest.mark.parametrize(
    ("waited", "speakers"),
    [
        (timedelta(hours=24) - timedelta(seconds=1), {PERSON, AUTOMATION}),
        (timedelta(hours=24, seconds=1), {PERSON}),
        (timedelta(days=7) - timedelta(seconds=1), {PERSON}),
        (timedelta(days=7, seconds=1), set()),
    ],
)
def test_windows_are_counted_when_it_is_sent(scene: Scene, waited: timedelta, speakers: set[str]) -> None:
    request = request_to(scene, MESSAGES.removesuffix("s"))
    now = timezone.now()
    facts = Facts(form="direct_message", is_public=False, created_at=now, last_inbound_at=now)
    verdict = can_reply(facts, scene.declaration, now + waited)
    went = set()
    scene.world.shift_clock((waited - (scene.world.now() - request.last_inbound_at)).total_seconds())  # type: ignore[operator]
    for speaker in (PERSON, AUTOMATION):
        attempt = SendRequest(**{**_fields(request), "sent_by": speaker, "text": f"{ANSWER} {speaker}"})
        try:
            scene.simulated.connect(scene.code).send(attempt)
        except RejectedError as refusal:
            assert refusal.code == "window_closed"
        else:
            went.add(speaker)
    assert (set(verdict.by_whom), went) == (speakers, speakers)


def _fields(request: SendRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__slots__}


@rule(21)
def test_a_private_answer_to_a_comment_is_given_once_and_within_a_week(scene: Scene) -> None:
    request = SendRequest(**{**_fields(request_to(scene, "reply")), "kind": "private_reply"})
    scene.simulated.connect(scene.code).send(request)
    with pytest.raises(RejectedError) as again:
        scene.simulated.connect(scene.code).send(request)
    scene.world.shift_clock(7 * 86_400 + 1)
    with pytest.raises(RejectedError) as late:
        scene.simulated.connect(scene.code).send(request)
    assert (again.value.code, late.value.code) == ("already_replied", "window_closed")


@rule(18)
def test_who_has_not_summoned_us_is_answered_by_a_person_in_the_app(scene: Scene) -> None:
    entry = scene.simulated.person_says(scene.code, "lumora never delivers")
    found = Facts(mentions_us=False, created_at=entry.created_at)
    verdict = can_reply(found, scene.declaration, timezone.now())
    with pytest.raises(RejectedError) as refusal:
        scene.simulated.connect(scene.code).send(SendRequest("reply", ANSWER, target_id=entry.identifier))
    assert (verdict.allowed, verdict.kind, verdict.code) == (False, "native_task", "not_summoned")
    assert (refusal.value.code, said(scene)) == ("not_summoned", 0)
    assert can_reply(Facts(mentions_us=True), scene.declaration, timezone.now()).allowed


@rule(28)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_long_never_leaves_the_desk(scene: Scene, kind: str) -> None:
    limit, counts_weighted = limit_of(scene.declaration, kind)
    graphemes, byte_limit = scene.declaration.counts_graphemes, scene.declaration.byte_limits.get(kind, 0)
    facts = guard.Facts(
        limit=limit,
        counts_weighted=counts_weighted,
        counts_graphemes=graphemes,
        byte_limit=byte_limit,
        is_public=kind == "reply",
    )
    each = guard.length_of(FAMILY, counts_weighted=counts_weighted, counts_graphemes=graphemes)
    most = limit // each
    if byte_limit:
        most = min(most, byte_limit // len(FAMILY.encode()))
    fits = FAMILY * most
    found = [{reason.code for reason in guard.check(text, facts)} & TOO_LONG for text in (fits, fits + FAMILY)]
    assert not found[0] and len(found[1]) == 1
    assert not guard.can_override(guard.check(fits + FAMILY, facts))
    assert each == (1 if graphemes else 2 if counts_weighted else len(FAMILY))


@rule(28, where=lambda code: bool(get_platform(code).declaration.byte_limits))
@pytest.mark.parametrize("kind", [*KINDS, "private_reply"])
def test_more_bytes_than_the_platform_takes_are_refused_there_as_here(scene: Scene, kind: str) -> None:
    """Few emoji, many bytes: the count of characters has room for both texts."""
    byte_limit = scene.declaration.byte_limits.get(kind, 0)
    request = request_to(scene, "direct_message" if kind == "direct_message" else "reply")
    most = (byte_limit or 1_000) // len(FAMILY.encode())
    codes = []
    # The long one first: a comment is answered in private only once.
    for text in (FAMILY * (most + 1), FAMILY * most):
        attempt = SendRequest(**{**_fields(request), "kind": kind, "text": text, "idempotency_key": text[:8] + kind})
        try:
            scene.simulated.connect(scene.code).send(attempt)
        except RejectedError as refusal:
            codes.append(refusal.code)
    assert codes == (["too_long"] if byte_limit else [])


@rule(19)
def test_a_write_that_the_platform_does_not_offer_is_refused_before_any_call(scene: Scene) -> None:
    with pytest.raises(PlatformError):
        scene.simulated.connect(scene.code).send(SendRequest("teleport", ANSWER))
    assert scene.world.calls == [] and WRITES
