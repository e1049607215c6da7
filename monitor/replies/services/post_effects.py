"""What people ask of a platform beside answers: hide a post, show it again, like it, delete an answer of ours.

Asking writes the Effect under the lock of its post, so two who press at once make one; `claiming` and `sending` carry
it out like an answer. Done twice, each of these is the same as done once, so what is in doubt is done again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.brands.rights import role_can, role_of
from monitor.inbox.models import Post
from monitor.queue import enqueue
from monitor.replies import gathering
from monitor.replies.models import Effect, EffectState, Reply
from monitor.replies.post_effects import OPPOSITES, RIGHTS, Verdict, can_be_asked, can_be_done, right_for
from monitor.replies.post_facts import OPEN_STATES, delicate_posts, effects_on, facts_of
from monitor.replies.services.drafting import SEND_TASK
from monitor.replies.states import WrongStateError, move


class EffectRefusedError(Exception):
    """This cannot be done to the post; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict


@transaction.atomic
def request_effect(*, kind: str, user: User, post: Post | None = None, reply: Reply | None = None) -> Effect:
    """Puts it into the outbox and returns it; the one that is under way where the same was asked before.

    `post`, or the `reply` whose own post is meant. Raises Post.DoesNotExist to people of other brands,
    PermissionDenied, EffectRefusedError, ValueError for a kind that does not exist.
    """
    post_id = post.pk if post is not None else reply.own_post_id if reply is not None else None
    if kind not in RIGHTS:
        raise ValueError(f"There is no effect {kind!r}; known are {', '.join(RIGHTS)}.")
    held = _lock_post(post_id)
    _check_right(user, held, kind)
    effects = effects_on([held.pk]).get(held.pk, [])
    wish = _same_wish(effects, kind)
    if wish is not None:
        return wish
    verdict = can_be_asked(facts_of([held], {held.pk: effects})[held.pk], gathering.declaration_of(held.platform), kind)
    channel = gathering.writing_channel(held)
    if not verdict.allowed or channel is None:
        raise EffectRefusedError(verdict)
    # The number makes the key another one each time that somebody means it anew.
    key = hashlib.sha256(f"{kind}:{held.public_id}:{len(effects)}".encode()).hexdigest()
    effect = Effect.objects.create(
        brand_id=held.brand_id, channel=channel, post=held, kind=kind, idempotency_key=key, requested_by=user
    )  # fmt: skip
    _record(effect, "asked", user)
    enqueue(SEND_TASK, queue="send")
    return effect


@transaction.atomic
def withdraw_effect(*, user: User, effect: Effect) -> Effect:
    """Takes back what nobody has begun to carry out. Raises what `request_effect` raises, and WrongStateError."""
    _check_right(user, _lock_post(effect.post_id), effect.kind)
    held = Effect.objects.select_for_update(no_key=True).get(pk=effect.pk)
    _withdraw(held, user)
    return held


def right_to_ask(post: Post, kind: str) -> str:
    """The right that asking for it needs now."""
    return right_for(kind, is_delicate=bool(delicate_posts([post])))


def judge_effect(effect: Effect) -> Verdict:
    """May it be carried out now? Read in the transaction that acts on the answer."""
    assert effect.post_id is not None
    post = Post.objects.select_related("author", "conversation").get(pk=effect.post_id)
    facts = replace(
        facts_of([post], {})[post.pk], channel_state=effect.channel.state, channel_may_write=effect.channel.can_reply
    )
    return can_be_done(facts, gathering.declaration_of(post.platform), effect.kind)


def _lock_post(post_id: int | None) -> Post:
    """Whoever asks for something else about this post waits. Raises Post.DoesNotExist."""
    if post_id is None:
        raise Post.DoesNotExist
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).select_related("author", "conversation", "brand")
    return rows.get(pk=post_id)


def _check_right(user: User, post: Post, kind: str) -> None:
    role = role_of(user, post.brand)
    if role is None:
        raise Post.DoesNotExist
    right = right_to_ask(post, kind)
    if not role_can(role, right):
        raise PermissionDenied(right)


def _same_wish(effects: Sequence[Effect], kind: str) -> Effect | None:
    """The effect under way that is what is asked. Pressing hide, show, hide leaves the first: the second goes away."""
    pair = (kind, OPPOSITES.get(kind))
    under_way = [effect for effect in effects if effect.kind in pair and effect.state in OPEN_STATES]
    if not under_way:
        return None
    last = under_way[-1]
    if last.kind == kind:
        return last
    earlier = next((effect for effect in under_way if effect.kind == kind), None)
    if earlier is not None:
        _withdraw(last, None)
    return earlier


def _withdraw(effect: Effect, user: User | None) -> None:
    if effect.tries:
        raise WrongStateError("effect", EffectState.FAILED)
    move(
        effect, "effect", EffectState.FAILED, only_from=frozenset({EffectState.PENDING.value}),
        error_code="withdrawn", done_at=timezone.now(),
    )  # fmt: skip
    _record(effect, "withdrawn", user)


def _record(effect: Effect, step: str, user: User | None) -> None:
    audit.record(
        actor=user,
        act=f"post.{effect.kind}_{step}",
        brand_id=effect.brand_id,
        subject_kind="post",
        subject_id=effect.post_id or "",
    )
