"""Cases as the pipeline would have made them, written straight into the tables: for tests of pages, not of rules."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from monitor.analysis.models import Analysis
from monitor.brands.models import Brand, Channel
from monitor.cases.models import Case, CaseConversation, CasePost
from monitor.cases.search import words_of
from monitor.inbox.models import Author, Conversation, Post
from monitor.replies.models import SuggestedReply
from monitor.triage.models import TriageDecision

_numbers = count(1)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_channel(brand: Brand, platform: str = "x", **fields: Any) -> Channel:
    defaults = {"external_id": f"{platform}-{brand.slug}", "handle": brand.slug, "kind": "account"}
    return Channel.objects.get_or_create(
        brand=brand, platform=platform, kind=fields.pop("kind", "account"), defaults={**defaults, **fields}
    )[0]


def make_author(
    brand: Brand, name: str = "Mia Brand", handle: str = "mia", platform: str = "x", **fields: Any
) -> Author:
    return Author.objects.get_or_create(
        brand=brand,
        platform=platform,
        external_id=f"author-{handle}",
        defaults={"name": name, "handle": handle, **fields},
    )[0]


def make_post(
    brand: Brand,
    text: str = "Where is my parcel?",
    *,
    author: Author | None = None,
    conversation: Conversation | None = None,
    platform: str = "x",
    is_public: bool = True,
    at: datetime | None = None,
    **fields: Any,
) -> Post:
    number = next(_numbers)
    channel = make_channel(brand, platform)
    at = at or timezone.now()
    conversation = conversation or Conversation.objects.create(
        brand=brand, platform=platform, external_id=f"thread-{number}", channel=channel, is_public=is_public,
        first_post_at=at, last_post_at=at, last_inbound_at=at,
    )  # fmt: skip
    if author is None and not fields.get("is_own"):
        author = make_author(brand, platform=platform)
    defaults = {
        "form": "post" if is_public else "direct_message",
        "platform_id": f"post-{number}",
        "channel": channel,
        "is_public": is_public,
        "mentions_us": True,
        "created_at": at,
        "stage": "triaged",
        "url": f"https://example.com/{platform}/status/{number}",
    }
    return Post.objects.create(
        brand=brand, platform=platform, external_id=f"post-{number}", conversation=conversation, author=author,
        text=text, **{**defaults, **fields},
    )  # fmt: skip


def analyze(post: Post, **fields: Any) -> Analysis:
    defaults = {
        "model_version": "test-1", "topic_set_version": "builtin-1", "language": "en", "intent": "complaint",
        "needs_reply": True, "needs_reply_score": 0.93, "sentiment": "negative",
        "sentiment_scores": {"negative": 0.9, "neutral": 0.08, "positive": 0.02}, "complaint": True,
        "complaint_score": 0.91, "severity": 2, "escalate": False, "escalate_score": 0.2, "topic": "delivery",
        "topic_scores": {"delivery": 0.8, "other": 0.2}, "audience": "buyer",
    }  # fmt: skip
    return Analysis.objects.create(brand=post.brand, post=post, **{**defaults, **fields})


REASONS = [
    {"code": "complaint", "weight": 25, "params": {}},
    {"code": "severity.2", "weight": 20, "params": {}},
    {"code": "needs_reply", "weight": 15, "params": {}},
    {"code": "opens.addressed", "weight": 0, "params": {}},
]


def make_case(
    brand: Brand,
    text: str = "Where is my parcel?",
    *,
    post: Post | None = None,
    suggestion: str = "We are sorry about the wait. Please send us a private message.",
    priority: int = 60,
    is_flagged: bool = True,
    **fields: Any,
) -> Case:
    """A post, its analysis and decision, the case and the suggested reply."""
    of_post = {name: fields.pop(name) for name in ("author", "platform", "is_public", "at", "url") if name in fields}
    post = post or make_post(brand, text, **of_post)
    of_analysis = {
        name: fields[name] for name in ("language", "intent", "topic", "severity", "sentiment") if name in fields
    }
    analysis = analyze(post, **of_analysis)
    reasons = fields.pop("reasons", REASONS)
    TriageDecision.objects.create(
        brand=brand, post=post, ruleset_version="test", facts={}, opens_case=True, is_flagged=is_flagged,
        priority=priority, reasons=reasons,
    )  # fmt: skip
    defaults = {
        "reference": _reference(), "author": post.author, "deciding_post": post, "platform": post.platform,
        "is_public": post.is_public, "priority": priority, "is_flagged": is_flagged, "reasons": reasons,
        "intent": analysis.intent, "topic": analysis.topic, "severity": analysis.severity,
        "sentiment": analysis.sentiment, "language": analysis.language, "audience": analysis.audience,
        "arrival": post.arrival, "first_post_at": post.created_at, "last_inbound_at": post.created_at,
        "waiting_since": post.created_at,
    }  # fmt: skip
    case = Case.objects.create(brand=brand, **{**defaults, **fields})
    CaseConversation.objects.create(
        case=case, conversation=post.conversation, author=post.author if post.is_public else None
    )
    CasePost.objects.create(case=case, post=post, priority=priority, words=words_of(post))
    if suggestion:
        SuggestedReply.objects.create(
            brand=brand, case=case, post=post, language=case.language, text=suggestion, engine="templates-1",
            sources=[{"code": "parcel_late", "language": case.language, "version": 1}],
        )  # fmt: skip
    return case


def _reference() -> str:
    number = next(_numbers) + 32**5
    digits = ""
    for _place in range(8):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return digits


def minutes_ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)
