"""An answer that a colleague deletes in the platform's own app: said so, counted, and the customer waits again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.api.services import hold_delivery, take_deliveries
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, Channel
from monitor.cases.models import Case, CaseState
from monitor.inbox import selectors as inbox
from monitor.inbox.models import Post, Recheck
from monitor.inbox.services import recheck_channel
from monitor.platforms.base import Receipt
from monitor.replies import services
from monitor.replies.models import Reply, ReplyState
from monitor.replies.services.outcomes import settle_sent
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook, written
from tests.replies.conftest import ANSWER, approved
from tests.support.channels import collect, connect
from tests.support.desk import make_case
from tests.support.simulated import Simulated

PLATFORMS = ("x", "facebook", "instagram", "mastodon", "bluesky")
ASKED = "@lumora where is it?"


def answered(brand: Brand, simulated: Simulated, platform: str, lead: Any) -> tuple[Channel, Reply]:
    """Somebody asked in our thread, and got our answer."""
    channel = connect(brand, simulated, platform)
    root = simulated.world.publish(platform, simulated.world.brands[platform], "New lamps are here!")
    simulated.person_says(platform, ASKED, parent_id=root.identifier)
    collect(channel)
    post = Post.objects.get(text__contains="where is it")
    reply = approved(lead, make_case(brand, post=post))
    for effect in services.claim_effects():
        services.perform_effect(effect_id=effect.pk)
    reply.refresh_from_db()
    assert reply.state == ReplyState.SENT
    assert (reply.case.state, reply.case.waiting_since) == (CaseState.WAITING, None)
    return channel, reply


def ours(simulated: Simulated, platform: str) -> Any:
    return next(each for each in simulated.world.visible(platform) if ANSWER in each.text)


def told(simulated: Simulated, channel: Channel, entry: Any) -> None:
    """X and Facebook push what happens to our own; elsewhere it is looked up."""
    if channel.platform in ("x", "facebook"):
        sender, module = ("x", x_push) if channel.platform == "x" else ("meta", meta_push)
        hook = Hook("1", sender, "http://127.0.0.1/", "s", simulated.world.now())
        for body in module.bodies(simulated.world, hook, "deleted", entry):  # type: ignore[attr-defined]
            hold_delivery(sender=sender, raw=written(body))
        assert take_deliveries() == 1
    else:
        looked_up(channel)


def looked_up(channel: Channel) -> None:
    inbox.due_rechecks(limit=100)
    Recheck.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    for scope in ("cases", "recent"):
        recheck_channel(channel_id=channel.pk, scope=scope, of_cases=lambda *_: [])


def case_of(reply: Reply) -> Case:
    return Case.objects.get(pk=reply.case_id)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_its_case_waits_again_and_it_is_said(platform: str, brand: Brand, alice: Any, simulated: Simulated) -> None:
    channel, reply = answered(brand, simulated, platform, alice)
    first_reply_at, asked_at = case_of(reply).first_reply_at, case_of(reply).last_inbound_at
    entry = ours(simulated, platform)
    simulated.world.delete(entry.identifier)
    told(simulated, channel, entry)
    assert services.note_answers_gone() == 1
    reply.refresh_from_db()
    case = case_of(reply)
    assert (reply.state, reply.text, reply.own_post.text) == (ReplyState.DELETED, "", "")  # type: ignore[union-attr]
    assert (case.state, case.waiting_since) == (CaseState.OPEN, asked_at)
    # That it was answered, and when, goes on counting.
    assert case.first_reply_at == first_reply_at
    assert AuditEvent.objects.filter(act="post.deleted_there").count() == 1
    # Once is enough, and a colleague may have said meanwhile that no answer is needed.
    Case.objects.filter(pk=case.pk).update(state=CaseState.WAITING, waiting_since=None)
    assert services.note_answers_gone() == 0
    assert case_of(reply).state == CaseState.WAITING
    # The same words can be said again.
    Case.objects.filter(pk=case.pk).update(state=CaseState.OPEN)
    again = approved(alice, case_of(reply))
    assert again.state == ReplyState.APPROVED


def test_the_timeline_says_so(brand: Brand, alice: Any, simulated: Simulated, client: Client) -> None:
    channel, reply = answered(brand, simulated, "x", alice)
    entry = ours(simulated, "x")
    simulated.world.delete(entry.identifier)
    told(simulated, channel, entry)
    services.note_answers_gone()
    client.force_login(alice)
    page = client.get(f"/b/{brand.slug}/cases/{reply.case.reference}/").content.decode()
    assert "Deleted on the platform" in page
    assert "It was given, and deleted on the platform" in page
    assert "our answer was deleted on the platform" in page
    assert "Deleted by its author" not in page and ANSWER not in page


def test_another_answer_keeps_the_case_answered(brand: Brand, alice: Any, simulated: Simulated) -> None:
    channel, reply = answered(brand, simulated, "facebook", alice)
    entry = ours(simulated, "facebook")
    simulated.world.publish(
        "facebook", simulated.world.brands["facebook"], "It arrives on Friday.", parent_id=entry.parent_id
    )
    collect(channel)
    # Facebook tells whole seconds: the answer may be of the same one as the question.
    Post.objects.filter(text="It arrives on Friday.").update(created_at=case_of(reply).last_inbound_at)
    simulated.world.delete(entry.identifier)
    told(simulated, channel, entry)
    assert services.note_answers_gone() == 1
    reply.refresh_from_db()
    assert (reply.state, case_of(reply).state) == (ReplyState.DELETED, CaseState.WAITING)


def test_an_answer_given_and_deleted_in_the_app_counts_the_same(brand: Brand, simulated: Simulated) -> None:
    channel = connect(brand, simulated, "mastodon")
    asked = simulated.person_says("mastodon", ASKED)
    collect(channel)
    case = make_case(brand, post=Post.objects.get(is_own=False))
    own = simulated.world.publish(
        "mastodon", simulated.world.brands["mastodon"], "@mara On Friday.", parent_id=asked.identifier
    )
    collect(channel)
    services.match_own_posts(post_ids=list(Post.objects.filter(is_own=True).values_list("pk", flat=True)))
    assert Case.objects.get(pk=case.pk).state == CaseState.WAITING
    simulated.world.delete(own.identifier)
    looked_up(channel)
    assert services.note_answers_gone() == 1
    case.refresh_from_db()
    assert (case.state, case.waiting_since) == (CaseState.OPEN, case.last_inbound_at)
    assert services.note_answers_gone() == 0


def test_one_that_is_gone_before_we_hear_that_it_was_said(brand: Brand, alice: Any, simulated: Simulated) -> None:
    """The platform's answer is lost; its echo and its deletion come first."""
    channel = connect(brand, simulated, "x")
    simulated.person_says("x", ASKED)
    collect(channel)
    reply = approved(alice, make_case(brand, post=Post.objects.get(is_own=False)))
    claimed = services.claim_effects()
    simulated.add_fault("drop_after_commit", path="/2/tweets", method="POST")
    for effect in claimed:
        services.perform_effect(effect_id=effect.pk)
    reply.refresh_from_db()
    assert reply.state == ReplyState.UNCONFIRMED
    entry = ours(simulated, "x")
    simulated.world.delete(entry.identifier)
    told(simulated, channel, entry)
    assert settle_sent(claimed[0].pk, Receipt(entry.identifier))
    reply.refresh_from_db()
    assert (reply.state, reply.text, reply.own_post) == (ReplyState.DELETED, "", None)
    assert case_of(reply).state == CaseState.NEW
    assert AuditEvent.objects.filter(act="reply.deleted_there").count() == 1


def test_what_we_delete_from_here_is_not_said_twice(brand: Brand, alice: Any, simulated: Simulated) -> None:
    _channel, reply = answered(brand, simulated, "x", alice)
    services.request_effect(kind="delete", user=alice, post=reply.own_post)
    for effect in services.claim_effects():
        services.perform_effect(effect_id=effect.pk)
    assert services.note_answers_gone() == 0
    assert AuditEvent.objects.filter(act="post.deleted").count() == 1
