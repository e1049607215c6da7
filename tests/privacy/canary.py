"""A person in every room, with words that are nowhere else, and the search for them through the whole database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection

from monitor.analysis.models import Analysis, Embedding
from monitor.audit import services as audit
from monitor.brands.models import Channel
from monitor.cases.models import Case, CaseConversation, CasePost, Escalation, HandOff, Note
from monitor.cases.search import words_of
from monitor.inbox.models import Post, QuarantinedEvent
from monitor.inbox.services import ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost, RawUpdate
from monitor.replies.models import Reply, SuggestedReply
from monitor.triage.models import TriageDecision
from tests.support.desk import analyze

WORDS = ("canary-id-77123", "canaryhandle", "Canary Fullname", "canarysecret", "canary.place")
THEN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WHO = IncomingAuthor("canary-id-77123", handle="canaryhandle", name="Canary Fullname", followers=12)


def incoming(number: int, author: IncomingAuthor = WHO, **fields: Any) -> IncomingPost:
    values: dict[str, Any] = {
        "platform": "x",
        "external_id": f"canary-id-77123-post-{number}",
        "form": "post",
        "text": f"canarysecret number {number}",
        "author": author,
        "created_at": THEN + timedelta(minutes=number),
        "url": f"https://x.example/canaryhandle/status/{number}",
        "place": "canary.place",
        "mentions_us": True,
    } | fields
    return IncomingPost(**values)


def raw_of(post: IncomingPost) -> RawUpdate:
    return RawUpdate("post", post.external_id, {"text": post.text, "user": WHO.name}, (post.author.external_id,))


def take_in(channel: Channel, *posts: IncomingPost) -> Any:
    return ingest(
        brand_id=channel.brand_id,
        channel_id=channel.pk,
        stream="mentions",
        how="poll",
        events=posts,
        raw=[raw_of(post) for post in posts],
    )


def case_about(post: Post, alice: Any) -> Case:
    brand = post.brand
    reading = analyze(post)
    Analysis.objects.filter(pk=reading.pk).update(
        entities=[{"kind": "email", "value": "canarysecret"}],
        reasons=[{"code": "word", "params": {"words": ["canarysecret"]}}],
    )
    Embedding.objects.create(post=post, model_version="test-1", vector=[0.5] * 384)
    TriageDecision.objects.create(
        brand=brand, post=post, ruleset_version="1-test", facts={"words": ["canarysecret"]}, opens_case=True,
        is_flagged=True, priority=60, reasons=[{"code": "word", "params": {"words": ["canarysecret"]}}],
    )  # fmt: skip
    case = Case.objects.create(
        brand=brand, reference="0CANARY1", author=post.author, deciding_post=post, platform="x", intent="complaint",
        topic="delivery", sentiment="negative", language="en", audience="buyer", arrival="live",
        reasons=[{"code": "reach", "params": {"who": "canaryhandle"}}], tags=["canarysecret"],
    )  # fmt: skip
    CasePost.objects.create(case=case, post=post, words=words_of(post))
    CaseConversation.objects.create(case=case, conversation=post.conversation, author=post.author)
    Note.objects.create(case=case, author=alice, text="I know Canary Fullname from school")
    Escalation.objects.create(case=case, reasons=[{"code": "word", "params": {"words": ["canarysecret"]}}])
    HandOff.objects.create(case=case, to="email", note="Canary Fullname will write")
    suggestion = SuggestedReply.objects.create(
        brand=brand,
        case=case,
        post=post,
        language="en",
        text="Dear Canary Fullname",
        engine="tests",
        guard=[{"code": "guard.names_author", "params": {"word": "canarysecret"}}],
    )
    finding = {"code": "guard.names_author", "params": {"word": "canarysecret"}}
    reply = Reply.objects.create(
        brand=brand, case=case, conversation=post.conversation, target=post, kind="reply", text="@canaryhandle sorry",
        suggestion=suggestion, override_reason="canarysecret knows us", guard=[finding],
    )  # fmt: skip
    audit.record(
        act="reply.edited", brand_id=brand.pk, actor=alice, subject=reply, before="Canary Fullname",
        after="canarysecret", author_key="x:canary-id-77123",
    )  # fmt: skip
    QuarantinedEvent.objects.create(
        brand=brand, source="mentions", reason_code="event.malformed", body=b'{"user": "canary-id-77123"}'
    )
    return case


def traces() -> list[str]:
    """Every place in the database that still holds one of the words, as text or as bytes."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            for column in model._meta.concrete_fields:
                table, name = model._meta.db_table, column.column
                cursor.execute(f'SELECT "{name}"::text FROM "{table}" WHERE "{name}" IS NOT NULL')
                for (value,) in cursor.fetchall():
                    words = bytes.fromhex(value[2:]).decode("utf-8", "replace") if value.startswith("\\x") else value
                    found += [f"{table}.{name}: {word}" for word in WORDS if word.lower() in words.lower()]
    return found
