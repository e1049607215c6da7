"""Figures of the webhooks: whole deliveries through the web stack, beside the bare storing of the same updates."""

import hashlib
import hmac
import json
import os
import time
from typing import Any

from django.conf import settings
from django.test import Client

from monitor.brands.models import Brand, Channel
from monitor.inbox.models import Post
from monitor.inbox.services import receive_updates
from monitor.platforms.meta.webhooks import split

SECRET = "bench"  # noqa: S105
PAGE = "9001"


def bench_webhooks(*, deliveries: int = 300, updates: int = 20) -> dict[str, Any]:
    """Signed deliveries of `updates` messages each: accepted a second, and how long one answer takes."""
    brand = Brand.objects.create(slug=f"bench-{os.getpid()}", name="Bench")
    channel = Channel.objects.create(brand=brand, platform="facebook", kind="page", external_id=PAGE)
    secrets, hosts = settings.META_APP_SECRETS, settings.ALLOWED_HOSTS
    settings.META_APP_SECRETS, settings.ALLOWED_HOSTS = [SECRET], ["testserver"]
    try:
        taken = sorted(_deliver(number, updates) for number in range(deliveries))
    finally:
        settings.META_APP_SECRETS, settings.ALLOWED_HOSTS = secrets, hosts
    bare = _store_bare(channel, deliveries, updates)
    return {
        "subject": "webhooks",
        "deliveries": deliveries,
        "updates_each": updates,
        "updates_per_second": round(deliveries * updates / sum(taken)),
        "bare_storing_updates_per_second": round(deliveries * updates / bare),
        "share_of_bare": round(bare / sum(taken), 2),
        "answer_ms_median": round(taken[len(taken) // 2] * 1000, 1),
        "answer_ms_p99": round(taken[int(0.99 * (len(taken) - 1))] * 1000, 1),
        "posts": Post.objects.filter(brand=brand).count(),
    }


def _deliver(number: int, updates: int) -> float:
    raw = json.dumps(_body(f"a{number}", updates)).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    started = time.perf_counter()
    answer = Client().post("/webhooks/meta/", raw, content_type="application/json", headers=headers)
    taken = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"a delivery was answered with {answer.status_code}")
    return taken


def _store_bare(channel: Channel, deliveries: int, updates: int) -> float:
    parts = [[update for _, update in split(_body(f"b{number}", updates))] for number in range(deliveries)]
    started = time.perf_counter()
    for part in parts:
        receive_updates(channel_id=channel.pk, updates=part)
    return time.perf_counter() - started


def _body(name: str, updates: int) -> dict[str, Any]:
    messages = [
        {
            "sender": {"id": f"{name}{number}"},
            "recipient": {"id": PAGE},
            "timestamp": 1_773_144_000_000 + number,
            "message": {"mid": f"m_{name}_{number}", "text": f"My parcel {name}-{number} is late. Where is it?"},
        }
        for number in range(updates)
    ]
    return {"object": "page", "entry": [{"id": PAGE, "time": 1_773_144_000, "messaging": messages}]}
