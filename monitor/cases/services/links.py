"""Merge, undo and split: they only move links and posts between cases, so nothing is lost and all can be undone."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.cases.models import Case, CaseConversation, CaseMerge, CasePost
from monitor.cases.reference import make_references
from monitor.cases.services.locking import CaseChangedError, check, lock_cases, lock_writers, save
from monitor.cases.services.opening import taken_references
from monitor.cases.services.recount import recount
from monitor.cases.states import ACTIVE, CLOSED, OPEN, WrongStepError, next_state
from monitor.inbox.models import Post


def merge(*, user: User, case: Case, into: Case, version: int | None = None) -> Case:
    """Moves everything of `case` into `into` and closes it. Returns `into`. Raises ValueError, WrongStepError."""
    if case.pk == into.pk or case.brand_id != into.brand_id:
        raise ValueError("A case can only be merged into another case of the same brand.")
    with transaction.atomic():
        source, target = _lock_two(user, case, into, version)
        if target.state not in ACTIVE:
            raise WrongStepError(target.state, "merge")
        links = list(CaseConversation.objects.filter(case=source).values_list("pk", flat=True))
        posts = list(CasePost.objects.filter(case=source).values_list("pk", flat=True))
        CaseMerge.objects.create(
            source=source,
            target=target,
            link_ids=links,
            case_post_ids=posts,
            source_state=source.state,
            merged_by=user,
        )
        source.state = next_state(source.state, "merge")
        source.merged_into = target
        _move(links, posts, target)
        if source.waiting_since is not None:
            target.waiting_since = min(target.waiting_since or source.waiting_since, source.waiting_since)
            target.state = next_state(target.state, "customer_wrote")
        _finish(user, source, target, "case.merged")
    return target


def adopt_conversation(*, case_id: int, post_id: int) -> bool:
    """The whole thread of this post, which we began, belongs to the case too: nothing where it is some case's already.

    Takes part in the caller's transaction.
    """
    conversation_id = Post.objects.values_list("conversation_id", flat=True).get(pk=post_id)
    lock_writers([(None, conversation_id)])
    links = CaseConversation.objects.filter(conversation_id=conversation_id, is_open=True)
    if links.filter(case__state__in=ACTIVE).exists() or links.filter(case_id=case_id).exists():
        return False
    links.update(is_open=False)
    CaseConversation.objects.create(case_id=case_id, conversation_id=conversation_id, author=None)
    return True


def undo_merge(*, user: User, case: Case) -> Case:
    """Gives a merged case back what it had brought, and its state. Raises ValueError where it is not merged."""
    with transaction.atomic():
        into = Case.objects.get(pk=case.pk).merged_into
        if into is None:
            raise ValueError("This case is not merged into another.")
        source, target = _lock_two(user, case, into, None)
        record = CaseMerge.objects.select_for_update().filter(source=source, target=target, undone_at=None).last()
        if record is None or source.merged_into_id != target.pk:
            raise ValueError("This case is not merged into another.")
        _move(record.link_ids, record.case_post_ids, source, only_from=target)
        source.state, source.merged_into = record.source_state, None
        record.undone_at = timezone.now()
        record.save(update_fields=["undone_at"])
        _finish(user, source, target, "case.merge_undone")
    return source


def split(*, user: User, case: Case, conversation_id: int, version: int | None = None) -> Case:
    """Makes a case of its own from one conversation of this one. Returns the new case.

    Raises ValueError where the conversation is not one of several of this case.
    """
    with transaction.atomic():
        source, _ = _lock_two(user, case, case, version)
        links = list(CaseConversation.objects.filter(case=source))
        chosen = [link.pk for link in links if link.conversation_id == conversation_id]
        posts = list(
            CasePost.objects.filter(case=source, post__conversation_id=conversation_id).values_list("pk", flat=True)
        )
        if not chosen or not posts or len(chosen) == len(links):
            raise ValueError("Only one of several conversations of a case can be split off.")
        target = _twin(source, Post.objects.get(case_post__pk=posts[0]))
        _move(chosen, posts, target)
        _finish(user, source, target, "case.split")
    return target


def _lock_two(user: User, one: Case, other: Case, version: int | None) -> tuple[Case, Case]:
    """The pipeline must not link posts of these people meanwhile: their writers are locked first."""
    ids = {one.pk, other.pk}
    links = CaseConversation.objects.filter(case_id__in=ids).values_list("author_id", "conversation_id")
    authors = [(case.author_id, 0) for case in (one, other) if case.author_id is not None]
    lock_writers([*links, *authors])
    locked = lock_cases(ids)
    for case in locked.values():
        check(user, case, "answer")
    if version is not None and locked[one.pk].version != version:
        raise CaseChangedError(locked[one.pk])
    return locked[one.pk], locked[other.pk]


def _move(link_ids: Sequence[int], case_post_ids: Sequence[int], to: Case, *, only_from: Case | None = None) -> None:
    """What has moved on since (a later split) stays where it is."""
    links, posts = CaseConversation.objects.filter(pk__in=link_ids), CasePost.objects.filter(pk__in=case_post_ids)
    if only_from is not None:
        links, posts = links.filter(case=only_from), posts.filter(case=only_from)
    links.update(case=to)
    posts.update(case=to)


def _twin(source: Case, post: Post) -> Case:
    """A new case beside this one, to be worked out by `recount`."""
    return Case.objects.create(
        brand_id=source.brand_id,
        reference=make_references(1, taken_references)[0],
        state=OPEN if source.state == CLOSED else source.state,
        author_id=post.author_id,
        customer_id=source.customer_id,
        market_id=post.market_id or source.market_id,
        deciding_post=post,
        platform=post.platform,
        intent=source.intent,
        topic=source.topic,
        sentiment=source.sentiment,
        language=source.language,
        audience=source.audience,
        arrival=post.arrival,
        waiting_since=source.waiting_since,
    )


def _finish(user: User, source: Case, target: Case, act: str) -> None:
    for case in (source, target):
        recount(case)
        save(case)
    _record(user, source, act, other=target.reference)
    _record(user, target, act, other=source.reference)


def _record(user: User, case: Case, act: str, **params: Any) -> None:
    audit.record(actor=user, act=act, brand_id=case.brand_id, subject=case, params=params)
