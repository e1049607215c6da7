"""Gathers for many posts at once what decides over effects on them, and what was asked so far. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from monitor.brands.models import Channel, SwitchName
from monitor.brands.switches import is_on
from monitor.cases.models import CaseConversation
from monitor.cases.states import ACTIVE
from monitor.inbox.models import Arrival, Post
from monitor.platforms.base import Declaration
from monitor.replies import gathering
from monitor.replies.eligibility import HEALTHY
from monitor.replies.models import Effect, EffectState, Reply
from monitor.replies.post_effects import Facts

OPEN_STATES: Final = (EffectState.PENDING, EffectState.SENDING, EffectState.UNCONFIRMED)
_ANY_THREAD: Final = "*"
#: The severity of a case in which taking words out of sight is a lead's.
CRITICAL: Final = 3


def effects_on(post_ids: Iterable[int]) -> dict[int, list[Effect]]:
    """All effects on these posts, the oldest first."""
    found: dict[int, list[Effect]] = {}
    rows = Effect.objects.filter(post_id__in=post_ids).select_related("requested_by").order_by("pk")
    for effect in rows:
        found.setdefault(effect.post_id or 0, []).append(effect)
    return found


def facts_of(posts: Sequence[Post], effects: Mapping[int, Sequence[Effect]]) -> dict[int, Facts]:
    """For posts of one brand, each with its author and conversation, and the effects on them. Five queries."""
    if not posts:
        return {}
    brand_id = posts[0].brand_id
    channels = writing_channels(brand_id)
    roots = _first_posts(posts)
    answers = set(Reply.objects.filter(own_post__in=posts).values_list("own_post_id", flat=True))
    is_killed = gathering.switches_of(brand_id)[SwitchName.KILL]
    found = {}
    for post in posts:
        channel = gathering.choose_channel(post, channels)
        facts = Facts(
            is_public=post.is_public,
            is_own=post.is_own,
            is_answer=post.is_own and (bool(post.in_reply_to) or post.pk in answers),
            is_comment=bool(post.in_reply_to),
            is_our_thread=is_our_thread(post, channel, roots),
            is_deleted=post.deleted_at is not None,
            is_import=post.arrival == Arrival.IMPORT,
            has_platform_id=bool(gathering.target_id(post)),
            author_opted_out=post.author is not None and post.author.is_opted_out,
            has_channel=channel is not None,
            channel_may_write=channel is None or channel.can_reply,
            channel_state=channel.state if channel is not None else HEALTHY,
            is_killed=is_killed,
        )
        found[post.pk] = as_it_will_be(facts, post, effects.get(post.pk, ()))
    return found


def as_it_will_be(facts: Facts, post: Post, effects: Sequence[Effect]) -> Facts:
    """With everything done that was asked and has not failed."""
    is_hidden, is_liked = bool(post.is_hidden), False
    for effect in effects:
        is_open = effect.state in OPEN_STATES
        if effect.kind in ("hide", "unhide") and is_open:
            is_hidden = effect.kind == "hide"
        if effect.kind in ("like", "unlike") and (is_open or effect.state == EffectState.DONE):
            is_liked = effect.kind == "like"
    is_going = any(effect.kind == "delete" and effect.state in OPEN_STATES for effect in effects)
    return replace(facts, is_hidden=is_hidden, is_liked=is_liked, is_going=is_going)


def delicate_posts(posts: Sequence[Post]) -> set[int]:
    """Those of an open case that is critical, and all of them while the brand is in a crisis."""
    if not posts:
        return set()
    if is_on(posts[0].brand_id, SwitchName.CRISIS):
        return {post.pk for post in posts}
    links = CaseConversation.objects.filter(
        conversation__in={post.conversation_id for post in posts}, case__severity__gte=CRITICAL, case__state__in=ACTIVE
    ).values_list("conversation_id", "author_id")
    critical = set(links)
    return {
        post.pk for post in posts if {(post.conversation_id, post.author_id), (post.conversation_id, None)} & critical
    }


def writing_channels(brand_id: int) -> list[Channel]:
    return list(
        Channel.objects.filter(brand_id=brand_id).exclude(kind__in=gathering.LISTENING_KINDS).order_by(
            "-can_reply", "pk"
        )
    )  # fmt: skip


def is_our_thread(post: Post, channel: Channel | None, roots: Mapping[tuple[str, str], bool]) -> bool:
    """Whether its first post is ours; where that one is not here, as far as the platform's ids tell."""
    thread = post.conversation.external_id
    is_ours = roots.get((post.platform, thread))
    declaration: Declaration = gathering.declaration_of(post.platform)
    if declaration.own_threads == _ANY_THREAD:
        return is_ours is not False
    if not declaration.own_threads or channel is None:
        return bool(is_ours)
    return bool(is_ours) or thread.startswith(declaration.own_threads.format(id=channel.external_id))


def _first_posts(posts: Sequence[Post]) -> dict[tuple[str, str], bool]:
    """(platform, id) of the first posts of their threads → whether it is ours."""
    threads = {post.conversation.external_id for post in posts}
    rows = Post.objects.filter(
        brand_id=posts[0].brand_id, external_id__in=threads, platform__in={post.platform for post in posts}
    )
    return {
        (platform, name): is_own for platform, name, is_own in rows.values_list("platform", "external_id", "is_own")
    }
