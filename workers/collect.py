"""Polling: wakes the streams that are due and reads one of them. And what webhooks brought is read."""

from collections.abc import Sequence

from django.conf import settings

from monitor.api.services import take_deliveries
from monitor.inbox import selectors, services
from monitor.queue import enqueue
from monitor.replies.selectors import posts_to_recheck
from workers.app import app


@app.task(name="workers.collect.collect_due")
def collect_due() -> None:
    for channel_id, stream in selectors.due_streams(limit=200):
        app.send_task("workers.collect.collect_stream", args=[channel_id, stream], queue="collect", expires=60)


@app.task(name="workers.collect.collect_stream")
def collect_stream(channel_id: int, stream: str) -> None:
    """One stream of one channel; a lease in the database keeps a second worker out."""
    report = services.collect_channel(channel_id=channel_id, stream=stream, only_if_due=True)
    hint(report.ingested.post_ids)


@app.task(name="workers.collect.recheck_due")
def recheck_due() -> None:
    for channel_id, scope in selectors.due_rechecks(limit=50):
        recheck(channel_id, scope)


def recheck(channel_id: int, scope: str) -> None:
    """One batch of stored posts is looked up again; a lease in the database keeps a second worker out."""
    services.recheck_channel(channel_id=channel_id, scope=scope, of_cases=posts_to_recheck)


@app.task(name="workers.collect.fetch_due")
def fetch_due() -> None:
    """What the platforms only named is asked for."""
    hint(services.fetch_due().post_ids)


@app.task(name="workers.collect.read_again")
def read_again() -> None:
    """History, a page at a time, while nothing new waits to be read."""
    if not selectors.due_streams(limit=1, overdue_seconds=30) and (report := services.reread_some()):
        hint(report.post_ids)
        app.send_task("workers.collect.read_again", queue="collect", expires=60)


@app.task(name="workers.collect.read_deliveries")
def read_deliveries() -> None:
    """All of them, a claim at a time."""
    while take_deliveries():
        pass


def hint(post_ids: Sequence[int]) -> None:
    """Tells the analyzers which posts are new: ids only, a batch a message."""
    for start in range(0, len(post_ids), settings.ANALYZE_BATCH):
        enqueue("workers.pipeline.advance", list(post_ids[start : start + settings.ANALYZE_BATCH]), queue="analyze")
