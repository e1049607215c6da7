"""How fast posts go through the whole pipeline, beside the model alone on the same texts in the same run."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from monitor.analysis.services import analyze_posts
from monitor.brands.models import Brand, Channel
from monitor.brands.services import create_brand
from monitor.cases.models import Case
from monitor.cases.selectors import case_facts
from monitor.cases.services import open_cases
from monitor.inbox.models import Arrival, Stage
from monitor.inbox.services import claim_posts, ingest
from monitor.nlp.bench import read_posts
from monitor.nlp.engine import PostInput, load_engine
from monitor.platforms.base import IncomingAuthor, IncomingPost
from monitor.replies.models import SuggestedReply
from monitor.replies.services import load_articles, suggest_for_cases
from monitor.triage.offers import read_offers
from monitor.triage.services import triage_posts

_BATCH = 100
_START = datetime(2026, 3, 2, tzinfo=UTC)


def bench_pipeline(*, posts: int = 2_000) -> dict[str, Any]:
    """Posts a second of each step and of all together. `ratio` is the whole pipeline against the model alone.

    Runs in one process on an empty database; `mentiondesk bench` makes one and removes it.
    """
    engine = load_engine()
    texts = read_posts(posts)
    engine.analyze([PostInput(text) for text in texts[:_BATCH]])
    alone = _seconds(lambda: [engine.analyze([PostInput(text) for text in part]) for part in _parts(texts)])
    brand = create_brand(slug="bench", name="Bench")
    load_articles(brand=brand)
    channel = Channel.objects.create(brand=brand, platform="x", kind="account", external_id="1", handle="bench")
    steps = {"ingest": _seconds(lambda: _ingest(brand, channel, texts))}
    touched: list[int] = []
    steps["analyze"] = _seconds(lambda: _drain(Stage.RECEIVED, lambda ids: analyze_posts(post_ids=ids)))
    steps["triage_and_open"] = _seconds(lambda: _drain(Stage.ANALYZED, lambda ids: touched.extend(_open(ids))))
    steps["suggest"] = _seconds(lambda: [suggest_for_cases(case_ids=part) for part in _parts(sorted(set(touched)))])
    whole = sum(steps.values())
    return {
        "posts": posts,
        "cases": Case.objects.count(),
        "suggestions": SuggestedReply.objects.count(),
        "model": engine.version,
        "posts_per_second": {name: round(posts / seconds, 1) for name, seconds in steps.items()},
        "pipeline_posts_per_second": round(posts / whole, 1),
        "baseline_model_alone_posts_per_second": round(posts / alone, 1),
        "ratio": round(alone / whole, 3),
    }


def _ingest(brand: Brand, channel: Channel, texts: Sequence[str]) -> None:
    for start in range(0, len(texts), 1_000):
        events = [_post(number, texts[number]) for number in range(start, min(start + 1_000, len(texts)))]
        ingest(
            brand_id=brand.pk, channel_id=channel.pk, stream="bench", how="poll", arrival=Arrival.BACKFILL,
            events=events, raw=[],
        )  # fmt: skip


def _post(number: int, text: str) -> IncomingPost:
    return IncomingPost(
        platform="x",
        external_id=str(1_000_000 + number),
        form="post",
        text=text,
        author=IncomingAuthor(external_id=str(number), handle=f"person_{number}"),
        created_at=_START + timedelta(seconds=number),
        conversation_id=str(1_000_000 + number),
        mentions_us=True,
    )


def _open(post_ids: list[int]) -> list[int]:
    offers = read_offers(post_ids)
    with transaction.atomic():
        return open_cases(outcomes=triage_posts(post_ids=post_ids, case_facts=case_facts(post_ids), offers=offers))


def _drain(stage: str, step: Callable[[list[int]], object]) -> None:
    while claimed := claim_posts(stage=stage, limit=_BATCH):
        step(claimed)


def _parts(whole: Sequence[Any]) -> list[Sequence[Any]]:
    return [whole[start : start + _BATCH] for start in range(0, len(whole), _BATCH)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
