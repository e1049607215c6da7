"""What the answer side of a case shows: the words to start from, the ways that are open, what the guard says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone

from monitor.brands.rights import can
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.platforms.registry import UnknownPlatformError, get_platform
from monitor.replies import gathering, guard
from monitor.replies.eligibility import Eligibility
from monitor.replies.models import Article, Reply, ReplyState, SuggestedReply
from monitor.replies.selectors import ways_to_answer
from monitor.replies.services.drafting import (
    find_language,
    judge,
    needs_second_approval,
    newest_question,
)
from monitor.text.length import byte_count
from monitor.text.reason import Reason


@dataclass(frozen=True, slots=True)
class Editor:
    """`text` is where the person starts from: their draft, else the suggestion, else nothing."""

    target: Post
    text: str
    kind: str
    language: str
    draft: Reply | None
    suggestion: SuggestedReply | None
    ways: list[Eligibility]
    deep_link: str
    measure: "Measure"
    sources: list[str]


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a text is where it would go, and what the guard finds in it."""

    length: int
    limit: int
    findings: list[Reason]
    size: int = 0
    size_limit: int = 0

    @property
    def is_over(self) -> bool:
        return self.length > self.limit or (self.size_limit > 0 and self.size > self.size_limit)

    @property
    def is_size_told(self) -> bool:
        """Whether its bytes run out before its characters."""
        return self.size_limit > 0 and self.size * self.limit > self.length * self.size_limit


@dataclass(frozen=True, slots=True)
class Preview:
    """Exactly what would be sent, where, until when and at what cost, and what stands in the way."""

    reply: Reply
    eligibility: Eligibility
    measure: Measure
    blocking: list[Reason]
    warnings: list[Reason]
    can_override: bool
    needs_lead: bool
    deep_link: str
    handle: str


def editor_of(case: Case, user: Any, replies: Sequence[Reply]) -> Editor:
    target = newest_question(case)
    drafts = [reply for reply in replies if reply.state == ReplyState.DRAFT and reply.written_by_id == user.pk]
    draft = drafts[0] if drafts else None
    suggestion = _open_suggestion(case, target, replies)
    open_ways = ways_to_answer(target)
    start = draft.text if draft else suggestion.text if suggestion else ""
    language = (draft.language if draft else "") or (suggestion.language if suggestion else case.language)
    kind = draft.kind if draft else next((way.kind for way in open_ways if way.allowed), "")
    return Editor(
        target=target,
        text=start,
        kind=kind,
        language=language,
        draft=draft,
        suggestion=suggestion,
        ways=open_ways,
        deep_link=deep_link(target),
        measure=measure(target, text=start, kind=kind or "reply", language=language),
        sources=source_titles(suggestion) if suggestion else [],
    )


def source_titles(suggestion: SuggestedReply) -> list[str]:
    """Titles of the articles that a suggestion was built from; a code where the article is no longer there."""
    codes = [(source["code"], source.get("language", "")) for source in suggestion.sources if "code" in source]
    rows = Article.objects.filter(brand_id=suggestion.brand_id, code__in=[code for code, _language in codes])
    titles = {(row.code, row.language): row.title for row in rows}
    return [titles.get(key, key[0].replace("_", " ")) for key in codes]


def _open_suggestion(case: Case, target: Post, replies: Sequence[Reply]) -> SuggestedReply | None:
    """The newest suggestion for the post, unless it was declined or the post was answered with it."""
    used = {reply.suggestion_id for reply in replies if reply.state != ReplyState.DRAFT}
    suggestion = case.suggestions.filter(post=target).order_by("-suggested_at", "-pk").first()
    return None if suggestion is None or suggestion.pk in used else suggestion


def deep_link(post: Post) -> str:
    """Where a person answers in the platform's own app; "" where there is no such address."""
    try:
        platform = get_platform(post.platform)
    except UnknownPlatformError:
        return post.url
    handle = post.author.handle if post.author is not None else ""
    target = gathering.target_id(post)
    return (platform.deep_link(target, handle) if target else "") or post.url


def measure(post: Post, *, text: str, kind: str, language: str) -> Measure:
    facts = gathering.guard_facts(post, kind=kind, language=language, found_language=find_language(text))
    length = guard.length_of(
        text.strip(), counts_weighted=facts.counts_weighted, counts_graphemes=facts.counts_graphemes
    )
    findings = guard.check(text, facts) if text.strip() else []
    return Measure(length, facts.limit, findings, byte_count(text.strip()), facts.byte_limit)


def preview_of(reply: Reply, user: Any) -> Preview:
    measured = measure(reply.target, text=reply.text, kind=reply.kind, language=reply.language)
    # Nothing is said of an empty field while somebody types; here it stands in the way.
    findings = measured.findings if reply.text.strip() else guard.check("", guard.Facts())
    channel = gathering.writing_channel(reply.target)
    return Preview(
        reply=reply,
        eligibility=judge(reply, channel, timezone.now()),
        measure=measured,
        blocking=guard.blocking(findings),
        warnings=[finding for finding in findings if not guard.is_blocking(finding)],
        can_override=guard.can_override(findings),
        needs_lead=needs_second_approval(reply.case) and not can(user, reply.brand_id, "approve"),
        deep_link=deep_link(reply.target),
        handle=channel.handle if channel is not None else "",
    )


def find_target(case: Case, public_id: str) -> Post:
    """A customer's post of this case; the newest question where none is named. Raises Http404."""
    if not public_id:
        return newest_question(case)
    posts = Post.objects.select_related("author", "brand", "conversation").filter(conversation__links__case=case)
    post = posts.filter(public_id=_read_id(public_id), is_own=False).first()
    if post is None:
        raise Http404
    return post


def find_reply(case: Case, public_id: UUID | str) -> Reply:
    """Raises Http404."""
    rows = Reply.objects.select_related(
        "case__brand", "target__author", "target__brand", "target__conversation", "suggestion", "written_by",
        "approved_by", "brand",
    )  # fmt: skip
    reply = rows.filter(case=case, public_id=_read_id(public_id)).first()
    if reply is None:
        raise Http404
    return reply


def _read_id(public_id: UUID | str) -> UUID:
    """Raises Http404 for what is no id at all."""
    try:
        return public_id if isinstance(public_id, UUID) else UUID(public_id)
    except ValueError:
        raise Http404 from None
