"""Reads of this room: what waits for a suggestion, which ways are open, what is on its way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from monitor.brands.models import User
from monitor.cases.models import CasePost
from monitor.cases.selectors import cases_to_suggest_for
from monitor.cases.states import ACTIVE
from monitor.inbox.models import Post
from monitor.replies import gathering
from monitor.replies.eligibility import Eligibility, ways
from monitor.replies.models import Effect, EffectState, Reply, ReplyState
from monitor.replies.phrasebook import VERSION
from monitor.replies.post_effects import KINDS, OBSTACLES, OPPOSITES, can_be_asked, right_for
from monitor.replies.post_facts import OPEN_STATES, delicate_posts, effects_on, facts_of


def cases_without_suggestion(*, limit: int = 100) -> list[int]:
    """Active cases whose newest question this phrasebook has not looked at: it is new, was edited or has been read
    differently by a reviewer, or an answer to it was given up."""
    return cases_to_suggest_for(VERSION, limit=limit)


def replies_of_people() -> QuerySet[Reply]:
    """Answers that somebody has at least begun to write and not given up."""
    return Reply.objects.filter(is_acknowledgement=False).exclude(state=ReplyState.DECLINED)


def ways_to_answer(post: Post, now: datetime | None = None) -> list[Eligibility]:
    """Every way in which this post can be answered, open or not, with the time that is left; the best one first."""
    channel = gathering.writing_channel(post)
    facts = gathering.eligibility_facts(post, channel, gathering.switches_of(post.brand_id))
    return ways(facts, gathering.declaration_of(post.platform), now or gathering.database_now())


#: States of answers that have not reached anybody yet.
_UNSAID = (ReplyState.DRAFT, ReplyState.SUBMITTED, ReplyState.APPROVED)


def posts_to_recheck(channel_id: int, after_id: int, limit: int) -> list[int]:
    """Posts of the channel in active cases, and those that an answer under way speaks to, by id."""
    asked = CasePost.objects.filter(case__state__in=ACTIVE, post__channel_id=channel_id, post__deleted_at=None)
    answered = Reply.objects.filter(state__in=_UNSAID, target__channel_id=channel_id, target__deleted_at=None)
    found = asked.filter(post_id__gt=after_id).values_list("post_id", flat=True).order_by("post_id")[:limit]
    more = answered.filter(target_id__gt=after_id).values_list("target_id", flat=True).order_by("target_id")[:limit]
    return sorted({*found, *more})[:limit]


def outbox_counts() -> dict[str, int]:
    """Effects that are not at their end, by state; states in which there is none are there too."""
    waiting = (EffectState.PENDING, EffectState.SENDING, EffectState.UNCONFIRMED)
    counts = dict.fromkeys([state.value for state in waiting], 0)
    return counts | dict(Effect.objects.filter(state__in=waiting).values_list("state").annotate(Count("pk")))


@dataclass(frozen=True, slots=True)
class EffectNote:
    """What became of something asked. `state`: waits, failed, done, elsewhere (done in the platform's own app); `code`
    says why it waits or failed; `effect` is the one that can still be taken back."""

    kind: str
    state: str
    at: datetime | None
    by: User | None = None
    code: str = ""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class PostEffects:
    """What this user may ask about a post, the code of what keeps the platform from all of it, and what was asked."""

    kinds: tuple[str, ...] = ()
    obstacle: str = ""
    notes: tuple[EffectNote, ...] = ()
    was_asked: bool = False

    @property
    def is_under_way(self) -> bool:
        return any(note.state == "waits" for note in self.notes)


def post_effects(posts: Sequence[Post], may: Callable[[str], bool]) -> dict[int, PostEffects]:
    """For posts of one brand with author and conversation. `may` says whether the user has a right."""
    effects = effects_on([post.pk for post in posts])
    facts = facts_of(posts, effects)
    delicate = delicate_posts(posts)
    rights = {right: may(right) for right in ("answer", "approve")}
    found = {}
    for post in posts:
        declaration = gathering.declaration_of(post.platform)
        open_to_them = [kind for kind in KINDS if rights[right_for(kind, is_delicate=post.pk in delicate)]]
        asked = [can_be_asked(facts[post.pk], declaration, kind) for kind in open_to_them]
        notes = tuple(_notes_on(post, effects.get(post.pk, ())))
        # What nobody has begun is taken back rather than undone afterwards.
        undone = {OPPOSITES.get(note.kind) for note in notes if note.effect is not None}
        found[post.pk] = PostEffects(
            kinds=tuple(verdict.kind for verdict in asked if verdict.allowed and verdict.kind not in undone),
            obstacle=next((verdict.code for verdict in asked if verdict.code in OBSTACLES), ""),
            notes=notes,
            was_asked=post.pk in effects,
        )
    return found


def _notes_on(post: Post, effects: Sequence[Effect]) -> Iterator[EffectNote]:
    for kinds in (("hide", "unhide"), ("like", "unlike"), ("delete",)):
        asked = [effect for effect in effects if effect.kind in kinds and effect.error_code != "withdrawn"]
        done = next((one for one in reversed(asked) if one.state == EffectState.DONE), None)
        if kinds[0] == "hide" and post.is_hidden:
            yield _who_hid(post, done)
        elif kinds[0] == "like" and done is not None and done.kind == "like":
            yield EffectNote("like", "done", done.done_at, done.requested_by)
        yield from _notes_under_way(asked)
        if asked and asked[-1].state == EffectState.FAILED and post.deleted_at is None:
            yield EffectNote(asked[-1].kind, "failed", asked[-1].done_at, code=asked[-1].error_code)


def _notes_under_way(asked: Sequence[Effect]) -> Iterator[EffectNote]:
    for effect in asked:
        if effect.state in OPEN_STATES:
            open_one = effect if effect.state == EffectState.PENDING and not effect.tries else None
            yield EffectNote(
                effect.kind, "waits", effect.created_at, effect.requested_by, effect.error_code, open_one
            )  # fmt: skip


def _who_hid(post: Post, done: Effect | None) -> EffectNote:
    """Somebody here, unless it was changed in the platform's own app since."""
    changed_at = post.hidden_changed_at
    is_ours = done is not None and done.kind == "hide" and (changed_at is None or done.done_at == changed_at)
    if done is not None and is_ours:
        return EffectNote("hide", "done", done.done_at, done.requested_by)
    return EffectNote("hide", "elsewhere", changed_at)
