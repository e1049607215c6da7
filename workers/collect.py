"""Polling: wakes the streams that are due and reads one of them."""

from monitor.inbox import selectors, services
from workers.app import app


@app.task(name="workers.collect.collect_due")
def collect_due() -> None:
    for channel_id, stream in selectors.due_streams(limit=200):
        app.send_task("workers.collect.collect_stream", args=[channel_id, stream], queue="collect", expires=60)


@app.task(name="workers.collect.collect_stream")
def collect_stream(channel_id: int, stream: str) -> None:
    """One stream of one channel; a lease in the database keeps a second worker out."""
    services.collect_channel(channel_id=channel_id, stream=stream)
