"""Hiding, liking, deleting and answering privately over real HTTP: what really stands on the platform afterwards."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.brands.models import Brand, Membership, User
from monitor.cases.models import Case, CaseConversation
from monitor.cases.services import open_cases
from monitor.inbox.models import Post
from monitor.platforms.base import SendRequest
from monitor.platforms.errors import RejectedError
from monitor.platforms.registry import get_platform
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.triage.services import TriageOutcome
from tests.replies.conftest import ANSWER, approved
from tests.replies.platform import later
from tests.support.channels import collect, connect
from tests.support.desk import analyze, make_case
from tests.support.simulated import Simulated

HIDING = ("x", "facebook", "instagram", "bluesky")
LIKING = ("facebook", "mastodon", "bluesky")
WRITING = ("x", "facebook", "instagram", "mastodon", "bluesky")
PRIVATELY = ("facebook", "instagram", "mastodon", "bluesky")


@pytest.fixture
def lead(brand: Brand) -> User:
    user = User.objects.create_user("lea@example.com", "a long password")
    Membership.objects.create(user=user, brand=brand, role="lead")
    return user


def comment_on(brand: Brand, simulated: Simulated, platform: str) -> tuple[Any, Post, Any]:
    """The entry on the platform, the post here, and the channel."""
    channel = connect(brand, simulated, platform)
    root = simulated.world.publish(platform, simulated.world.brands[platform], "New lamps are here!")
    entry = simulated.person_says(platform, "@lumora thieves!", parent_id=root.identifier)
    collect(channel)
    return entry, Post.objects.get(text__contains="thieves"), channel


def carry_out(**options: Any) -> None:
    for effect in services.claim_effects(**options):
        services.perform_effect(effect_id=effect.pk, **options)


def done(user: User, post: Post, kind: str) -> None:
    effect = services.request_effect(kind=kind, user=user, post=post)
    carry_out()
    effect.refresh_from_db()
    assert (effect.state, effect.error_code) == (EffectState.DONE, "")


@pytest.mark.parametrize("platform", HIDING)
def test_a_reply_in_our_thread_is_hidden_and_shown_again(
    platform: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, platform)
    done(lead, post, "hide")
    assert entry.is_hidden
    done(lead, post, "unhide")
    assert not entry.is_hidden


@pytest.mark.parametrize("platform", HIDING)
def test_hiding_twice_is_harmless_and_elsewhere_refused(platform: str, simulated: Simulated) -> None:
    us = simulated.world.brands[platform]
    root = simulated.world.publish(platform, us, "New lamps are here!")
    first = simulated.person_says(platform, "Thieves!", parent_id=root.identifier)
    second = simulated.person_says(platform, "Liars!", parent_id=root.identifier)
    connector = simulated.connect(platform)

    def hide(entry: Any, kind: str = "hide") -> None:
        connector.send(SendRequest(kind, target_id=entry.identifier, conversation_id=entry.root_id))

    for entry in (first, second, first):
        hide(entry)
    assert first.is_hidden and second.is_hidden
    hide(first, "unhide")
    hide(first, "unhide")
    assert not first.is_hidden and second.is_hidden
    with pytest.raises(RejectedError) as refused:
        hide(root)
    assert refused.value.code == "permission_missing"


def test_replies_in_a_strangers_thread_cannot_be_hidden(simulated: Simulated) -> None:
    for platform in ("x", "instagram", "bluesky"):
        root = simulated.person_says(platform, "What do you think of @lumora?", handle="ivo")
        reply = simulated.person_says(platform, "Awful.", parent_id=root.identifier)
        with pytest.raises(RejectedError) as refused:
            simulated.connect(platform).send(
                SendRequest("hide", target_id=reply.identifier, conversation_id=root.identifier)
            )
        assert refused.value.code == "permission_missing" and not reply.is_hidden


def test_what_bluesky_hides_beside_ours_stays_hidden(simulated: Simulated) -> None:
    """The record that guards a thread may hold rules and hidden replies that somebody set in the app."""
    us = simulated.world.brands["bluesky"]
    root = simulated.world.publish("bluesky", us, "New lamps are here!")
    ours = simulated.person_says("bluesky", "Thieves!", parent_id=root.identifier)
    theirs = simulated.person_says("bluesky", "Liars!", parent_id=root.identifier)
    gate = root.identifier.replace("feed.post", "feed.threadgate")
    simulated.world.bluesky.records[gate] = {
        "$type": "app.bsky.feed.threadgate", "post": root.identifier, "createdAt": "2026-05-01T08:00:00.000Z",
        "allow": [{"$type": "app.bsky.feed.threadgate#followingRule"}], "hiddenReplies": [theirs.identifier],
    }  # fmt: skip
    simulated.connect("bluesky").send(SendRequest("hide", target_id=ours.identifier))
    record = simulated.world.bluesky.records[gate]
    assert record["hiddenReplies"] == [theirs.identifier, ours.identifier]
    assert record["allow"] == [{"$type": "app.bsky.feed.threadgate#followingRule"}]


@pytest.mark.parametrize("platform", LIKING)
def test_a_like_is_one_like_however_often_it_is_asked(
    platform: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, channel = comment_on(brand, simulated, platform)
    done(lead, post, "like")
    simulated.connect(platform).send(SendRequest("like", target_id=post.platform_id))
    assert entry.likes == 1
    done(lead, post, "unlike")
    simulated.connect(platform).send(SendRequest("unlike", target_id=post.platform_id))
    assert entry.likes == 0


@pytest.mark.parametrize("fault", ["drop_after_commit", "drop"])
@pytest.mark.parametrize(("platform", "kind"), [("x", "hide"), ("facebook", "like"), ("bluesky", "hide")])
def test_an_answer_that_is_lost_leaves_it_done_once(
    platform: str, kind: str, fault: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, platform)
    services.request_effect(kind=kind, user=lead, post=post)
    path = "putRecord" if platform == "bluesky" else ""
    simulated.add_fault(fault, path=path, method="PUT" if platform == "x" else "POST")
    carry_out()
    assert Effect.objects.get().state == EffectState.PENDING
    carry_out(now=later(minutes=1))
    assert Effect.objects.get().state == EffectState.DONE
    assert entry.is_hidden if kind == "hide" else entry.likes == 1


@pytest.mark.parametrize("platform", WRITING)
def test_our_answer_is_deleted_there_and_here(platform: str, brand: Any, lead: User, simulated: Simulated) -> None:
    _entry, post, channel = comment_on(brand, simulated, platform)
    reply = approved(lead, make_case(brand, post=post))
    carry_out()
    reply.refresh_from_db()
    assert reply.own_post is not None
    said = reply.own_post.platform_id
    done(lead, reply.own_post, "delete")
    assert not [each for each in simulated.world.visible(platform) if ANSWER in each.text]
    # A second time: somebody was faster, or the answer to the first call was lost.
    try:
        simulated.connect(platform).send(SendRequest("delete", target_id=said))
    except RejectedError as refusal:
        assert refusal.code == "gone"
    collect(channel)
    assert not Post.objects.filter(text__contains=ANSWER).exists()
    reply.refresh_from_db()
    assert (reply.state, reply.text) == (ReplyState.DELETED, "")


@pytest.mark.parametrize("platform", PRIVATELY)
def test_a_private_answer_to_a_comment_belongs_to_the_same_case(
    platform: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, channel = comment_on(brand, simulated, platform)
    case = make_case(brand, post=post)
    reply = services.draft_reply(user=lead, case=case, text=ANSWER, kind="private_reply")
    services.approve(user=lead, reply=reply)
    carry_out()
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.SENT, "")
    assert not [each for each in simulated.world.visible(platform) if ANSWER in each.text]
    own = reply.own_post
    assert own is not None and not own.is_public and own.conversation_id != post.conversation_id
    assert CaseConversation.objects.get(case=case, conversation=own.conversation).is_open
    # The person answers in private: it comes to this case, not to a new one.
    person = entry.author
    simulated.world.say(platform, person, simulated.world.brands[platform], "It is order 17, thank you.")
    collect(channel)
    answer = Post.objects.get(text__contains="order 17")
    assert answer.conversation_id == own.conversation_id
    analyze(answer)
    outcome = TriageOutcome(
        post_id=answer.pk, opens_case=True, joins_case=True, needs_answer=True, priority=40, is_flagged=False,
        reasons=(), actions=(),
    )  # fmt: skip
    assert open_cases(outcomes=[outcome]) == [case.pk]
    assert Case.objects.count() == 1


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_meta_gives_one_private_answer_a_comment_and_seven_days(
    platform: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, platform)
    case = make_case(brand, post=post)
    reply = services.draft_reply(user=lead, case=case, text=ANSWER, kind="private_reply")
    services.approve(user=lead, reply=reply)
    carry_out()
    again = services.draft_reply(user=lead, case=case, text="And once more, please.", kind="private_reply")
    with pytest.raises(services.AlreadyAnsweredError):
        services.approve(user=lead, reply=again)
    with pytest.raises(services.NotEligibleError) as refused:
        services.approve(user=lead, reply=again, is_additional=True)
    assert refused.value.eligibility.code == "already_replied"
    with pytest.raises(RejectedError) as second:
        simulated.connect(platform).send(SendRequest("private_reply", "Hello?", target_id=entry.identifier))
    assert second.value.code == "already_replied"


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_one_that_was_given_in_the_app_is_found_out_once(
    platform: str, brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, platform)
    simulated.world.say(
        platform, simulated.world.brands[platform], entry.author, "Sorry!", comment_id=entry.identifier
    )  # fmt: skip
    case = make_case(brand, post=post)
    reply = services.draft_reply(user=lead, case=case, text=ANSWER, kind="private_reply")
    services.approve(user=lead, reply=reply)
    carry_out()
    for minutes in (1, 6, 12):
        services.reconcile_unconfirmed(now=later(minutes=minutes))
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.NATIVE_TASK, "already_replied")
    again = services.draft_reply(user=lead, case=case, text="Once more.", kind="private_reply")
    with pytest.raises(services.NotEligibleError) as refused:
        services.approve(user=lead, reply=again)
    assert refused.value.eligibility.code == "already_replied"


def test_after_seven_days_a_private_answer_is_a_task_on_meta_and_none_elsewhere() -> None:
    from monitor.replies.eligibility import Facts, can_reply

    wrote = later(days=-8)
    facts = Facts(form="comment", created_at=wrote)
    for platform in PRIVATELY:
        verdict = can_reply(facts, get_platform(platform).declaration, wrote + timedelta(days=8), kind="private_reply")
        assert verdict.allowed is (platform in ("mastodon", "bluesky"))


def test_somebody_who_takes_no_messages_on_bluesky_becomes_a_failed_answer(
    brand: Any, lead: User, simulated: Simulated
) -> None:
    entry, post, _channel = comment_on(brand, simulated, "bluesky")
    simulated.world.bluesky.without_messages.add(entry.author.external_id)
    reply = services.draft_reply(user=lead, case=make_case(brand, post=post), text=ANSWER, kind="private_reply")
    services.approve(user=lead, reply=reply)
    carry_out()
    reply.refresh_from_db()
    assert (reply.state, reply.error_code) == (ReplyState.FAILED, "unreachable")
    assert Reply.objects.count() == 1
