"""What goes over the wire, and how rows become it. Ids are strings, times ISO 8601 with an offset."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ninja import Schema

from monitor.cases.models import Case
from monitor.inbox.models import Author, Post
from monitor.replies.models import Effect, Reply, SuggestedReply
from monitor.triage.models import TriageDecision


class ReasonShape(Schema):
    code: str
    weight: float = 0
    params: dict[str, Any] = {}


class AuthorShape(Schema):
    handle: str
    name: str
    followers: int | None


class ReadingShape(Schema):
    """The current analysis with the corrections over it."""

    language: str
    intent: str
    needs_reply: bool
    sentiment: str
    complaint: bool
    severity: int
    topic: str
    audience: str


class ExtraShape(Schema):
    """What the platform told of a post beyond its words; "" and null where it told nothing."""

    ad_id: str = ""
    stars: int | None = None
    recommends: bool | None = None
    app_version: str = ""
    device: str = ""


class PostShape(Schema):
    id: str
    platform: str
    external_id: str
    form: str
    text: str
    url: str
    is_public: bool
    is_own: bool
    arrival: str
    stage: str
    created_at: datetime | None
    stored_at: datetime
    deleted_at: datetime | None
    is_hidden: bool
    extra: ExtraShape
    author: AuthorShape | None
    reading: ReadingShape | None = None
    put_aside: Literal["", "spam", "advertising"] = ""


class CaseShape(Schema):
    id: str
    reference: str
    state: str
    platform: str
    is_public: bool
    priority: int
    is_flagged: bool
    reasons: list[ReasonShape]
    intent: str
    topic: str
    severity: int
    sentiment: str
    language: str
    audience: str
    arrival: str
    tags: list[str]
    assignee: str | None
    author: AuthorShape | None
    post_count: int
    opened_at: datetime
    last_inbound_at: datetime | None
    first_reply_at: datetime | None
    resolved_at: datetime | None
    resolution: str
    version: int


class SuggestionShape(Schema):
    id: str
    language: str
    text: str
    hand_off: str
    guard: list[ReasonShape]


class ReplyShape(Schema):
    id: str
    case_reference: str
    kind: str
    state: str
    text: str
    language: str
    is_acknowledgement: bool
    guard: list[ReasonShape]
    error_code: str
    created_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None


class EffectShape(Schema):
    """Something asked of a platform about a post: `kind` hide, unhide, like, unlike or delete; `state` pending,
    sending, done or failed; `error_code` says why it waits or failed."""

    id: str
    post_id: str
    kind: str
    state: str
    error_code: str
    requested_by: str | None
    created_at: datetime
    done_at: datetime | None


class CaseDetailShape(CaseShape):
    posts: list[PostShape]
    suggestion: SuggestionShape | None
    replies: list[ReplyShape]


class CasePageShape(Schema):
    cases: list[CaseShape]
    next: str | None


class PostPageShape(Schema):
    posts: list[PostShape]
    next: str | None


def author_shape(author: Author | None) -> dict[str, Any] | None:
    if author is None or author.erased_at is not None:
        return None
    return {"handle": author.handle, "name": author.name, "followers": author.followers}


def reading_shape(reading: Any) -> dict[str, Any] | None:
    names = ReadingShape.model_fields
    return None if reading is None else {name: getattr(reading, name) for name in names}


def post_shape(
    post: Post, reading: Any = None, *, may_read_private: bool, decision: TriageDecision | None = None
) -> dict[str, Any]:
    """Words and names of private messages only for those who may answer them."""
    may_read = post.is_public or may_read_private
    plain = ("platform", "external_id", "form", "is_public", "is_own", "arrival", "stage")
    times = ("created_at", "stored_at", "deleted_at")
    return {name: getattr(post, name) for name in (*plain, *times)} | {
        "id": str(post.public_id),
        "text": post.text if may_read else "",
        "url": post.url if may_read else "",
        "is_hidden": bool(post.is_hidden),
        "extra": post.extra if may_read else {},
        "author": author_shape(post.author) if may_read else None,
        "reading": reading_shape(reading),
        "put_aside": _put_aside(decision),
    }


def _put_aside(decision: TriageDecision | None) -> str:
    if decision is None or not decision.is_put_aside:
        return ""
    return "spam" if decision.is_spam else "advertising"


def case_shape(case: Case, *, may_read_private: bool) -> dict[str, Any]:
    """Whoever wrote in private, and the team's own words about it, are for those who may answer."""
    may_read = may_read_private or (case.is_public and case.deciding_post.is_public)
    other = {"id", "assignee", "author", "tags"}
    return {name: getattr(case, name) for name in CaseShape.model_fields if name not in other} | {
        "id": str(case.public_id),
        "assignee": str(case.assignee) if case.assignee else None,
        "author": author_shape(case.author) if may_read else None,
        "tags": case.tags if may_read else [],
    }


def suggestion_shape(suggestion: SuggestedReply | None) -> dict[str, Any] | None:
    if suggestion is None:
        return None
    plain = ("language", "text", "hand_off", "guard")
    return {name: getattr(suggestion, name) for name in plain} | {"id": str(suggestion.pk)}


def reply_shape(reply: Reply) -> dict[str, Any]:
    other = {"id", "case_reference"}
    return {name: getattr(reply, name) for name in ReplyShape.model_fields if name not in other} | {
        "id": str(reply.public_id),
        "case_reference": reply.case.reference,
    }


def effect_shape(effect: Effect, post: Post) -> dict[str, Any]:
    plain = ("kind", "state", "error_code", "created_at", "done_at")
    return {name: getattr(effect, name) for name in plain} | {
        "id": str(effect.pk),
        "post_id": str(post.public_id),
        "requested_by": str(effect.requested_by) if effect.requested_by else None,
    }


def detail_shape(
    case: Case,
    posts: Sequence[Post],
    readings: Mapping[int, Any],
    suggestion: SuggestedReply | None,
    replies: Sequence[Reply],
    *,
    decisions: Mapping[int, TriageDecision],
    may_read_private: bool,
) -> dict[str, Any]:
    if not may_read_private:
        replies = [reply for reply in replies if reply.kind == "reply" and reply.target.is_public]
        suggestion = suggestion if suggestion is not None and suggestion.post.is_public else None
    return case_shape(case, may_read_private=may_read_private) | {
        "posts": [
            post_shape(post, readings.get(post.pk), may_read_private=may_read_private, decision=decisions.get(post.pk))
            for post in posts
        ],
        "suggestion": suggestion_shape(suggestion),
        "replies": [reply_shape(reply) for reply in replies],
    }
