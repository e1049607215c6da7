"""Posts straight in the tables, and an engine that reads a few plain words: for the rooms from analysis to cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import numpy as np
from django.utils import timezone

from monitor.brands.models import Brand, Channel
from monitor.inbox.models import Author, Conversation, Post
from monitor.nlp.engine import PostAnalysis, PostInput
from monitor.text.entities import find_entities
from monitor.text.reason import Reason

_numbers = count(1)
POISON = "poison"


@dataclass(eq=False)
class WordEngine:
    """Reads by words: "fraud" is severity 3, "again" 2, "late" 1, "?" a question, "thanks" a closing word."""

    version: str = "words-1"
    is_broken: bool = False
    calls: list[int] = field(default_factory=list)

    def analyze(
        self, posts: Sequence[PostInput], order_patterns: Sequence[str] = (), learned: Any = None
    ) -> list[PostAnalysis]:
        self.calls.append(len(posts))
        if self.is_broken or any(POISON in post.text for post in posts):
            raise ValueError("cannot read: " + posts[0].text)
        return [self.read(post.text, order_patterns) for post in posts]

    def read(self, text: str, order_patterns: Sequence[str] = ()) -> PostAnalysis:
        words = text.lower()
        severity = 3 if "fraud" in words else 2 if "again" in words else 1 if "late" in words else 0
        intent = "complaint" if severity else "question" if "?" in words else "chatter"
        intent = "promotion" if "buy my" in words else "follow_up" if "thanks" in words else intent
        needs_reply = intent in {"complaint", "question"}
        return PostAnalysis(
            language="en",
            intent=intent,
            needs_reply=needs_reply,
            needs_reply_score=0.9 if needs_reply else 0.1,
            sentiment="negative" if severity > 1 else "neutral",
            sentiment_scores={"negative": 0.5, "neutral": 0.3, "positive": 0.2},
            complaint=severity > 0,
            complaint_score=0.9 if severity else 0.1,
            severity=severity,
            escalate=severity == 3,
            escalate_score=0.95 if severity == 3 else 0.05,
            topic="delivery" if severity else "other",
            topic_scores={"delivery": 0.7, "other": 0.3},
            audience="buyer" if severity else "none",
            entities=find_entities(text, list(order_patterns)),
            reasons=[Reason("words.complaint", 0.9, {"words": ["late"]})] if severity else [],
            model=self.version,
            embedding=np.linspace(0, 1, 384, dtype=np.float32),
        )


def make_channel(brand: Brand, *, platform: str = "x", kind: str = "account") -> Channel:
    names = {"external_id": f"{kind}-{brand.pk}", "handle": brand.slug}
    return Channel.objects.get_or_create(brand=brand, platform=platform, kind=kind, defaults=names)[0]


def make_author(brand: Brand, name: str = "mia", *, platform: str = "x", **fields: Any) -> Author:
    defaults = {"handle": name, "name": name.title(), **fields}
    return Author.objects.get_or_create(brand=brand, platform=platform, external_id=f"id-{name}", defaults=defaults)[0]


def make_thread(brand: Brand, *, platform: str = "x", is_public: bool = True, **fields: Any) -> Conversation:
    return Conversation.objects.create(
        brand=brand, platform=platform, external_id=f"thread-{next(_numbers)}", is_public=is_public, **fields
    )


def make_post(
    brand: Brand,
    text: str = "My parcel is late",
    *,
    author: Author | None | str = "mia",
    thread: Conversation | None = None,
    channel: Channel | None = None,
    platform: str = "x",
    form: str = "post",
    at: datetime | None = None,
    **fields: Any,
) -> Post:
    number = next(_numbers)
    is_public = form != "direct_message"
    fields.setdefault("mentions_us", is_public and not fields.get("is_own", False))
    return Post.objects.create(
        brand=brand,
        platform=platform,
        external_id=f"post-{number}",
        platform_id=f"post-{number}",
        channel=channel or make_channel(brand, platform=platform),
        conversation=thread or make_thread(brand, platform=platform, is_public=is_public),
        author=make_author(brand, author, platform=platform) if isinstance(author, str) else author,
        form=form,
        is_public=is_public,
        text=text,
        created_at=fields.pop("created_at", at or timezone.now()),
        **fields,
    )
