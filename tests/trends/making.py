"""Posts with everything that counts, made straight in the tables, each change with its line in the change log."""

import itertools
from datetime import datetime
from typing import Any

from monitor.analysis.models import Analysis, Correction
from monitor.brands.models import Brand, Market
from monitor.cases.models import Case, CasePost
from monitor.inbox.models import Conversation, Post, PostChange
from monitor.triage.models import TriageDecision

_numbers = itertools.count(1)


def log_change(post: Post, kind: str) -> None:
    PostChange.objects.create(brand_id=post.brand_id, post_id=post.pk, kind=kind)


def make_post(brand: Brand, created_at: datetime | None, **fields: Any) -> Post:
    number = next(_numbers)
    platform = fields.setdefault("platform", "x")
    conversation = fields.pop("conversation", None) or Conversation.objects.create(
        brand=brand, platform=platform, external_id=f"thread-{number}"
    )
    post = Post.objects.create(
        brand=brand,
        external_id=fields.pop("external_id", f"post-{number}"),
        conversation=conversation,
        form=fields.pop("form", "post"),
        text=fields.pop("text", "Where is my parcel?"),
        created_at=created_at,
        **fields,
    )
    log_change(post, "stored")
    return post


def read_post(post: Post, **fields: Any) -> Analysis:
    """Stores an analysis as the current one."""
    Analysis.objects.filter(post=post, is_current=True).update(is_current=False)
    values = {
        "language": "en",
        "intent": "complaint",
        "needs_reply": True,
        "needs_reply_score": 0.9,
        "sentiment": "negative",
        "sentiment_scores": {},
        "complaint": True,
        "complaint_score": 0.9,
        "severity": 1,
        "escalate": False,
        "escalate_score": 0.1,
        "topic": "delivery",
        "topic_scores": {},
        "audience": "buyer",
        "topic_set_version": "1",
    } | fields
    analysis = Analysis.objects.create(
        brand_id=post.brand_id, post=post, model_version=f"tests-{next(_numbers)}", **values
    )
    log_change(post, "analyzed")
    return analysis


def correct_post(post: Post, field: str, value: str) -> None:
    Correction.objects.filter(post=post, field=field, is_current=True).update(is_current=False)
    Correction.objects.create(
        brand_id=post.brand_id, post=post, field=field, was="", value=value, post_version=post.version
    )
    log_change(post, "corrected")


def decide_post(post: Post, *, is_flagged: bool) -> None:
    TriageDecision.objects.filter(post=post, is_current=True).update(is_current=False)
    TriageDecision.objects.create(
        brand_id=post.brand_id,
        post=post,
        ruleset_version="tests",
        facts={},
        opens_case=True,
        is_flagged=is_flagged,
        priority=60 if is_flagged else 10,
    )
    log_change(post, "triaged")


def open_case(post: Post, **fields: Any) -> Case:
    values = {
        "intent": "complaint",
        "topic": "delivery",
        "sentiment": "negative",
        "language": "en",
        "audience": "buyer",
        "arrival": "live",
        "platform": post.platform,
        "author": post.author,
    } | fields
    case = Case.objects.create(brand_id=post.brand_id, reference=f"C{next(_numbers):07d}", deciding_post=post, **values)
    CasePost.objects.create(case=case, post=post)
    log_change(post, "cased")
    return case


def make_market(brand: Brand, code: str, time_zone: str = "UTC") -> Market:
    return Market.objects.create(brand=brand, code=code, name=code, time_zone=time_zone)
