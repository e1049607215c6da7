"""Figures of trends and exports, each beside the plain way measured in the same run on the same rows."""

import csv
import io
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from monitor.analysis.models import Analysis
from monitor.brands.models import Brand
from monitor.inbox.models import Conversation, Post
from monitor.trends import selectors, services
from monitor.trends.exports import export_to
from monitor.trends.exports.tables import TABLES, statement

LAST_DAY = datetime(2026, 3, 31, tzinfo=UTC)
DAYS = 93

# What differs from the first row, as SQL over its number `n`.
_POSTS = {
    "external_id": "'bench-' || n",
    "platform": "(ARRAY['x', 'facebook', 'instagram'])[1 + n % 3]",
    "text": "'My parcel number ' || n || ' is late, who can tell me where it is?'",
    "created_at": f"row.created_at - make_interval(secs => (hashint4(n)::bigint + 2147483648) % ({DAYS} * 86400))",
}
_READINGS = {
    "post_id": "row.post_id + n - 1",
    "language": "(ARRAY['en', 'de', 'fr', 'es', 'id', 'zh'])[1 + n % 6]",
    "intent": "(ARRAY['complaint', 'question', 'praise', 'chatter'])[1 + n % 4]",
    "sentiment": "(ARRAY['negative', 'neutral', 'positive'])[1 + n % 3]",
    "complaint": "n % 4 = 0",
    "topic": "(ARRAY['delivery', 'refund', 'payment', 'app', 'quality', 'service', 'price', 'other'])[1 + (n / 4) % 8]",
}
_PLAIN = """
    SELECT date_trunc('day', post.created_at, 'Europe/Paris'), reading.topic, count(*) FILTER (WHERE reading.complaint)
    FROM inbox_post post JOIN analysis_analysis reading ON reading.post_id = post.id AND reading.is_current
    WHERE post.brand_id = %s AND NOT post.is_own AND post.created_at >= %s AND post.created_at < %s
    GROUP BY 1, 2
"""


def bench_trends(*, posts: int = 200_000) -> dict[str, Any]:
    """One chart (complaints by topic and day over 93 days) from the buckets, and as a plain GROUP BY over the posts."""
    brand = make_posts(posts)
    fold_seconds = _seconds(services.fold_all)
    since, until = (LAST_DAY - timedelta(days=DAYS)).date(), (LAST_DAY - timedelta(days=1)).date()

    def chart() -> object:
        return selectors.series(brand=brand, since=since, until=until, by="topic", time_zone="Europe/Paris")

    def filtered_chart() -> object:
        filters = {"platform": "x", "language": "de"}
        return selectors.series(brand=brand, since=since, until=until, by="topic", filters=filters)

    def plain() -> object:
        with connection.cursor() as cursor:
            cursor.execute(_PLAIN, [brand.pk, LAST_DAY - timedelta(days=DAYS), LAST_DAY])
            return cursor.fetchall()

    chart_seconds, plain_seconds = _best(chart), _best(plain)
    return {
        "subject": "trends",
        "posts": posts,
        "fold_posts_per_second": round(posts / fold_seconds),
        "chart_ms": round(chart_seconds * 1000, 1),
        "chart_with_two_filters_ms": round(_best(filtered_chart) * 1000, 1),
        "plain_group_by_ms": round(plain_seconds * 1000, 1),
        "times_faster_than_plain": round(plain_seconds / chart_seconds, 1),
        "cells_different": selectors.differing_cells(),
    }


def bench_export(*, posts: int = 200_000) -> dict[str, Any]:
    """The export of posts as CSV, and a bare csv.writer over the same query."""
    brand = make_posts(posts)
    guarded = _best(lambda: _export_csv(brand), times=2)
    bare = _best(lambda: _bare_csv(brand), times=2)
    return {
        "subject": "export",
        "posts": posts,
        "rows_per_second": round(posts / guarded),
        "bare_csv_rows_per_second": round(posts / bare),
        "share_of_bare": round(bare / guarded, 2),
        "rows_per_second_masked": round(posts / _seconds(lambda: _export_csv(brand, with_people=False))),
    }


def make_posts(count: int) -> Brand:
    """A brand with `count` posts that were read, spread over 93 days, with their lines in the change log."""
    brand = Brand.objects.create(slug=f"bench-{os.getpid()}", name="Bench", time_zone="Europe/Paris")
    thread = Conversation.objects.create(brand=brand, platform="x", external_id="bench")
    first = Post.objects.create(
        brand=brand,
        platform="x",
        external_id="bench-1",
        conversation=thread,
        form="post",
        arrival="import",
        stage="triaged",
        created_at=LAST_DAY - timedelta(seconds=1),
    )
    scores = {"needs_reply_score": 0.5, "complaint_score": 0.5, "escalate_score": 0.1}
    flags = {"needs_reply": True, "complaint": False, "escalate": False, "severity": 1}
    labels = {"language": "en", "intent": "chatter", "sentiment": "neutral", "topic": "other", "audience": "buyer"}
    empty = {"sentiment_scores": {}, "topic_scores": {}, "model_version": "bench", "topic_set_version": "1"}
    reading = Analysis.objects.create(brand=brand, post=first, **scores, **flags, **labels, **empty)
    with transaction.atomic(), connection.cursor() as cursor:
        _multiply(cursor, first, count, _POSTS)
        _multiply(cursor, reading, count, _READINGS)
        cursor.execute(
            "INSERT INTO inbox_postchange (brand_id, post_id, kind) SELECT brand_id, id, 'analyzed' FROM inbox_post"
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return brand


def _multiply(cursor: CursorWrapper, row: Model, count: int, changed: dict[str, str]) -> None:
    """Copies a row into rows 2 to `count`, with ids that follow its own."""
    own = {"id": f"{row.pk} + n - 1", "public_id": "uuidv7()"}
    names = [str(column.column) for column in row._meta.concrete_fields]
    values = ", ".join(changed.get(name) or own.get(name) or f"row.{name}" for name in names)
    table = row._meta.db_table
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE "  # noqa: S608
        f"SELECT {values} FROM {table} row, generate_series(2, {count}) n WHERE row.id = {row.pk}"
    )


def _export_csv(brand: Brand, *, with_people: bool = True) -> int:
    with open(os.devnull, "wb") as file:
        return export_to(file, "posts", format="csv", brand=brand, with_people=with_people)


def _bare_csv(brand: Brand) -> None:
    query = statement(TABLES["posts"], with_people=True)
    values: dict[str, Any] = {"brand": brand.pk, "since": None, "until": None, "with_people": True, "ids_only": []}
    with open(os.devnull, "wb") as file, transaction.atomic(), connection.chunked_cursor() as cursor:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        cursor.execute(query, values)
        while rows := cursor.fetchmany(5_000):
            csv.writer(text).writerows(rows)
        text.detach()


def _best(work: Callable[[], object], *, times: int = 5) -> float:
    return min(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
