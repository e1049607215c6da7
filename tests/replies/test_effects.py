"""What is done to posts goes through the outbox: once, in order, never against the rules, and everybody can see it."""

import threading
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from monitor.alerts.models import Alert
from monitor.audit.models import AuditEvent, AuditText
from monitor.brands.models import Channel, SwitchName, User
from monitor.cases.models import CaseState
from monitor.inbox.models import Arrival, Author, Post
from monitor.platforms.base import SendRequest
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnconfirmedSendError,
)
from monitor.replies import services
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.selectors import PostEffects, post_effects
from monitor.replies.states import WrongStateError
from tests.replies.conftest import ANSWER, approved, switch
from tests.replies.platform import FakePlatform, later
from tests.replies.posts import acts, answered, carry_out, make_comment_case
from tests.support.desk import make_author, make_case, make_post


@pytest.fixture
def comment(brand: Any) -> Post:
    return make_comment_case(brand).deciding_post


def ask(user: User, post: Post, kind: str) -> Effect:
    return services.request_effect(kind=kind, user=user, post=post)


def shown(post: Post, *rights: str) -> PostEffects:
    fresh = Post.objects.select_related("author", "conversation").get(pk=post.pk)
    return post_effects([fresh], lambda right: right in (rights or ("answer", "approve")))[post.pk]


def refusal(user: User, post: Post, kind: str) -> str:
    with pytest.raises(services.EffectRefusedError) as refused:
        ask(user, post, kind)
    return refused.value.verdict.code


def test_a_hidden_post_is_hidden_once_and_says_by_whom(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    [note] = shown(comment).notes
    assert (note.kind, note.state, note.by) == ("hide", "waits", bob)
    carry_out(platform)
    comment.refresh_from_db()
    assert comment.is_hidden and comment.hidden_changed_at is not None
    assert acts(platform) == [("hide", comment.platform_id)]
    [note] = shown(comment).notes
    assert (note.kind, note.state, note.by, note.at) == ("hide", "done", bob, comment.hidden_changed_at)
    assert "unhide" in shown(comment).kinds and "hide" not in shown(comment).kinds


def test_who_asked_and_what_came_of_it_is_in_the_log(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    carry_out(platform)
    asked, done = AuditEvent.objects.filter(subject_kind="post").order_by("recorded_at")
    assert (asked.act, asked.actor_id, asked.subject_id) == ("post.hide_asked", bob.pk, str(comment.pk))
    assert (done.act, done.params["asked_by"]) == ("post.hidden", bob.pk)
    assert not AuditText.objects.exists()


def test_pressing_twice_is_one_effect(bob: Any, alice: Any, comment: Post, platform: FakePlatform) -> None:
    first = ask(bob, comment, "hide")
    assert ask(bob, comment, "hide") == ask(alice, comment, "hide") == first
    carry_out(platform)
    assert refusal(bob, comment, "hide") == "already_hidden"
    assert Effect.objects.count() == len(platform.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_the_same_time_make_one_effect(bob: Any, alice: Any, comment: Post) -> None:
    found: list[int] = []
    start = threading.Barrier(2)

    def press(user: User) -> None:
        try:
            start.wait(10)
            found.append(ask(user, comment, "hide").pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[user]) for user in (bob, alice)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2 and len(set(found)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_race_for_one_effect_and_one_gets_it(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    claimed: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait(10)
            for effect in services.claim_effects():
                claimed.append(effect.pk)
                services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # All may have met while one of them held the post: then the next round takes it.
    carry_out(platform)
    assert len(claimed) <= 1
    assert len(platform.requests) == 1
    assert Effect.objects.get().state == EffectState.DONE


def test_hiding_and_showing_again_keep_their_order(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    ask(bob, comment, "unhide")
    assert len(services.claim_effects()) == 1, "the second waits for the first"
    assert services.claim_effects() == []
    Effect.objects.filter(state=EffectState.SENDING).update(state=EffectState.PENDING)
    carry_out(platform)
    comment.refresh_from_db()
    assert [kind for kind, _target in acts(platform)] == ["hide", "unhide"]
    assert comment.is_hidden is False


def test_one_that_must_wait_holds_the_later_ones_of_its_post_only(
    brand: Any, bob: Any, comment: Post, platform: FakePlatform
) -> None:
    other = make_comment_case(brand, author=make_author(brand, "Ivo", "ivo", "facebook")).deciding_post
    ask(bob, comment, "hide")
    ask(bob, comment, "unhide")
    ask(bob, other, "hide")
    platform.errors = [UnavailableError("down")]
    carry_out(platform)
    assert acts(platform) == [("hide", comment.platform_id), ("hide", other.platform_id)]
    carry_out(platform, now=later(minutes=1))
    assert [kind for kind, target in acts(platform) if target == comment.platform_id] == ["hide", "hide", "unhide"]


def test_who_changes_their_mind_twice_leaves_the_first_wish(bob: Any, comment: Post, platform: FakePlatform) -> None:
    first = ask(bob, comment, "hide")
    second = ask(bob, comment, "unhide")
    assert ask(bob, comment, "hide") == first
    second.refresh_from_db()
    assert (second.state, second.error_code) == (EffectState.FAILED, "withdrawn")
    carry_out(platform)
    assert [kind for kind, _target in acts(platform)] == ["hide"]
    assert [note.state for note in shown(comment).notes] == ["done"]


def test_what_nobody_has_begun_can_be_taken_back(bob: Any, comment: Post, platform: FakePlatform) -> None:
    effect = ask(bob, comment, "hide")
    services.withdraw_effect(user=bob, effect=effect)
    assert carry_out(platform) == [] and shown(comment).notes == ()
    again = ask(bob, comment, "hide")
    assert again != effect and again.idempotency_key != effect.idempotency_key
    carry_out(platform)
    with pytest.raises(WrongStateError):
        services.withdraw_effect(user=bob, effect=again)


@pytest.mark.parametrize(
    "error", [UnconfirmedSendError("no answer"), MalformedPayloadError("odd"), UnavailableError("down")]
)
def test_what_is_in_doubt_is_simply_done_again(
    error: PlatformError, bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "like")
    platform.errors, platform.accepts_first = [error], True
    carry_out(platform)
    effect = Effect.objects.get()
    assert (effect.state, effect.tries) == (EffectState.PENDING, 1)
    assert services.reconcile_unconfirmed(connector_factory=platform.connect) == 0
    carry_out(platform, now=later(minutes=1))
    effect.refresh_from_db()
    assert (effect.state, effect.tries) == (EffectState.DONE, 2)
    assert platform.read_backs == 0


def test_a_worker_that_dies_in_the_call_is_followed_by_one_that_does_it_again(
    bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "hide")
    [effect] = services.claim_effects()
    platform.errors, platform.accepts_first = [KeyboardInterrupt()], True  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    assert carry_out(platform) == []
    carry_out(platform, now=later(minutes=3))
    effect.refresh_from_db()
    assert effect.state == EffectState.DONE


def test_one_that_kills_every_worker_is_given_up(bob: Any, comment: Post, platform: FakePlatform) -> None:
    effect = ask(bob, comment, "hide")
    for number in range(1, 14):
        services.claim_effects(now=later(minutes=4 * number))
        services.claim_effects(now=later(minutes=4 * number))
        Effect.objects.filter(pk=effect.pk, state=EffectState.SENDING).update(started_at=later(), tries=number)
    effect.refresh_from_db()
    assert (effect.state, effect.error_code) == (EffectState.FAILED, "worker_lost")


@pytest.mark.parametrize("code", ["duplicate", "already_replied"])
def test_what_is_so_already_counts_as_done(code: str, bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "like")
    platform.errors = [RejectedError("so already", code=code)]
    carry_out(platform)
    assert Effect.objects.get().state == EffectState.DONE


def test_a_refusal_is_shown_and_told(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    platform.errors = [RejectedError("no", code="permission_missing")]
    carry_out(platform)
    [note] = shown(comment).notes
    assert (note.state, note.code) == ("failed", "permission_missing")
    alert = Alert.objects.get(code="effect.failed")
    assert alert.params["case"] == comment.case_post.case.reference and alert.params["what"] == "hide"
    # The next try that goes well closes it.
    ask(bob, comment, "hide")
    carry_out(platform)
    alert.refresh_from_db()
    assert alert.closed_at is not None and [note.state for note in shown(comment).notes] == ["done"]


def test_nobody_is_told_of_a_post_that_went_before_it_was_hidden(
    bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "hide")
    platform.errors = [RejectedError("not there", code="gone")]
    carry_out(platform)
    assert Effect.objects.get().error_code == "gone" and not Alert.objects.exists()


def test_the_kill_switch_holds_it_and_it_goes_afterwards(
    brand: Any, bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "hide")
    switch(brand, SwitchName.KILL)
    assert carry_out(platform, now=later(minutes=5)) == []
    assert refusal(bob, comment, "like") == shown(comment).obstacle == "kill_switch"
    switch(brand, SwitchName.KILL, is_on=False)
    carry_out(platform, now=later(minutes=10))
    assert acts(platform) == [("hide", comment.platform_id)]


@pytest.mark.parametrize(("state", "code"), [("paused", "channel_paused"), ("needs_reauth", "channel_unhealthy")])
def test_a_channel_that_cannot_write_makes_it_wait(
    state: str, code: str, brand: Any, bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "hide")
    Channel.objects.filter(platform="facebook").update(state=state)
    assert carry_out(platform) == []
    [note] = shown(comment).notes
    assert (note.state, note.code) == ("waits", code)
    assert Alert.objects.filter(code="reply.waits_for_channel").exists()
    Channel.objects.filter(platform="facebook").update(state="healthy")
    carry_out(platform, now=later(minutes=2))
    assert len(platform.requests) == 1


def test_a_dead_token_stops_the_channel_and_keeps_the_wish(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    platform.errors = [AuthExpiredError("dead")]
    carry_out(platform)
    assert Channel.objects.get(platform="facebook").state == "needs_reauth"
    assert Effect.objects.get().state == EffectState.PENDING


def test_a_limit_makes_it_wait_until_the_platform_says(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    until = later(minutes=7)
    platform.errors = [RateLimitedError("slow", retry_at=until)]
    carry_out(platform)
    assert Effect.objects.get().not_before == until


def test_a_post_that_was_deleted_meanwhile_is_left_alone(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "hide")
    Post.objects.filter(pk=comment.pk).update(deleted_at=later(), platform_id="")
    assert carry_out(platform) == []
    assert Effect.objects.get().error_code == "deleted" and not Alert.objects.exists()


def test_somebody_who_wants_no_word_of_us_gets_no_like(bob: Any, comment: Post, platform: FakePlatform) -> None:
    ask(bob, comment, "like")
    Author.objects.update(is_opted_out=True)
    assert carry_out(platform) == []
    assert Effect.objects.get().error_code == "opted_out"
    assert refusal(bob, comment, "like") == "opted_out"


def test_a_row_of_a_file_without_a_real_id_cannot_be_hidden(brand: Any, bob: Any) -> None:
    comment = make_comment_case(brand).deciding_post
    Post.objects.filter(pk=comment.pk).update(platform_id="", arrival=Arrival.IMPORT)
    assert refusal(bob, comment, "hide") == "no_platform_id"


def test_only_threads_that_we_began_can_be_tidied(brand: Any, bob: Any) -> None:
    strangers = make_post(brand, "What do you think of @lumora?")
    reply = make_post(
        brand, "Awful.", conversation=strangers.conversation, form="reply", in_reply_to=strangers.external_id
    )
    assert refusal(bob, reply, "hide") == "not_our_thread"
    Post.objects.filter(pk=strangers.pk).update(is_own=True)
    type(strangers.conversation).objects.filter(pk=strangers.conversation_id).update(external_id=strangers.external_id)
    reply.refresh_from_db()
    assert ask(bob, reply, "hide").kind == "hide"


def test_a_like_can_be_taken_back_and_given_again(bob: Any, comment: Post, platform: FakePlatform) -> None:
    for kind in ("like", "unlike", "like"):
        ask(bob, comment, kind)
        carry_out(platform)
    assert [kind for kind, _target in acts(platform)] == ["like", "unlike", "like"]
    assert [(note.kind, note.state) for note in shown(comment).notes] == [("like", "done")]


def test_deleting_our_answer_takes_its_words_here_too(brand: Any, bob: Any, alice: Any, platform: FakePlatform) -> None:
    case = make_case(brand, "@lumora where is my parcel?")
    own = answered(bob, case, platform)
    case.refresh_from_db()
    assert case.state == CaseState.WAITING
    services.request_effect(kind="delete", user=alice, reply=Reply.objects.get())
    carry_out(platform)
    own.refresh_from_db()
    reply = Reply.objects.get()
    assert platform.requests[-1] == SendRequest(
        "delete",
        target_id="said-1",
        conversation_id=own.conversation.external_id,
        idempotency_key=Effect.objects.get(kind="delete").idempotency_key,
    )
    assert (own.text, own.deletion_reason, own.deleted_at is not None) == ("", "deleted_by_us", True)
    assert (reply.state, reply.text, reply.own_post) == (ReplyState.DELETED, "", own)
    assert not AuditText.objects.exclude(after="", before="").filter(after__contains=ANSWER[:20]).exists()
    case.refresh_from_db()
    assert (case.state, case.waiting_since) == (CaseState.OPEN, case.last_inbound_at)
    assert "post.deleted" in AuditEvent.objects.values_list("act", flat=True)


def test_the_echo_of_a_deleted_answer_does_not_bring_it_back(
    brand: Any, bob: Any, alice: Any, platform: FakePlatform
) -> None:
    from monitor.inbox.services import ingest

    case = make_case(brand, "@lumora where is my parcel?")
    own = answered(bob, case, platform)
    ask(alice, own, "delete")
    carry_out(platform)
    report = ingest(
        brand_id=brand.pk, channel_id=own.channel_id, stream="own_posts", how="poll", events=[platform.said[0]]
    )
    assert (report.stored, report.refused) == (0, 1)


def test_after_a_deletion_the_post_can_be_answered_again(
    brand: Any, bob: Any, alice: Any, platform: FakePlatform
) -> None:
    case = make_case(brand, "@lumora where is my parcel?")
    ask(alice, answered(bob, case, platform), "delete")
    carry_out(platform)
    case.refresh_from_db()
    assert approved(bob, case, "Please write to us, we look into it at once.").state == ReplyState.APPROVED


def test_deleting_what_is_gone_already_is_done(brand: Any, bob: Any, alice: Any, platform: FakePlatform) -> None:
    own = answered(bob, make_case(brand, "@lumora where is my parcel?"), platform)
    ask(alice, own, "delete")
    platform.errors = [RejectedError("not there", code="gone")]
    carry_out(platform)
    own.refresh_from_db()
    assert own.deletion_reason == "deleted_by_us" and Effect.objects.get(kind="delete").state == EffectState.DONE


def test_a_post_of_ours_that_answers_nobody_stays(brand: Any, alice: Any) -> None:
    root = make_post(brand, "New lamps are here!", is_own=True)
    assert refusal(alice, root, "delete") == "not_an_answer"


@pytest.mark.parametrize(
    ("role", "kind", "is_crisis", "may"),
    [
        ("viewer", "hide", False, False),
        ("analyst", "like", False, False),
        ("agent", "hide", False, True),
        ("agent", "like", True, True),
        ("agent", "hide", True, False),
        ("agent", "delete", False, False),
        ("lead", "hide", True, True),
        ("lead", "delete", False, True),
        ("admin", "delete", True, True),
    ],
)
def test_the_rights_are_those_of_the_house(
    role: str, kind: str, is_crisis: bool, may: bool, brand: Any, bob: Any, platform: FakePlatform
) -> None:
    from monitor.brands.models import Membership

    case = make_comment_case(brand)
    post = case.deciding_post
    if kind == "delete":
        post = make_post(
            brand, "Sorry!", platform="facebook", conversation=post.conversation, is_own=True, in_reply_to="post-1"
        )
    person = User.objects.create_user(f"{role}@example.com", "a long password")
    Membership.objects.create(user=person, brand=brand, role=role)
    if is_crisis:
        switch(brand, SwitchName.CRISIS)
    rights = {"viewer": (), "analyst": (), "agent": ("answer",)}.get(role, ("answer", "approve"))
    assert (kind in shown(post, *(rights or ("none",))).kinds) is may
    if may:
        assert ask(person, post, kind).requested_by == person
    else:
        with pytest.raises(PermissionDenied):
            ask(person, post, kind)


def test_in_a_critical_case_hiding_is_a_leads(brand: Any, bob: Any, alice: Any) -> None:
    post = make_comment_case(brand, severity=3).deciding_post
    with pytest.raises(PermissionDenied):
        ask(bob, post, "hide")
    assert ask(bob, post, "like") and ask(alice, post, "hide")


def test_for_somebody_of_another_brand_the_post_does_not_exist(charlie: Any, comment: Post) -> None:
    with pytest.raises(Post.DoesNotExist):
        ask(charlie, comment, "hide")


def test_the_thread_costs_the_same_queries_however_long_it_is(
    brand: Any, comment: Post, django_assert_num_queries: Any
) -> None:
    posts = [comment] + [
        make_post(brand, f"{n}", platform="facebook", conversation=comment.conversation, in_reply_to="1")
        for n in range(12)
    ]
    rows = list(Post.objects.select_related("author", "conversation").filter(pk__in=[post.pk for post in posts]))
    with django_assert_num_queries(9):
        post_effects(rows, lambda right: True)
    assert connection.vendor == "postgresql"


def test_what_waits_on_a_channel_that_was_disconnected_fails_and_says_so(
    bob: Any, comment: Post, platform: FakePlatform
) -> None:
    ask(bob, comment, "hide")
    Channel.objects.filter(platform="facebook").update(state="disconnected")
    assert carry_out(platform) == [] and platform.requests == []
    effect = Effect.objects.get()
    assert (effect.state, effect.error_code) == (EffectState.FAILED, "channel_disconnected")
    assert Alert.objects.filter(code="effect.failed").exists()
