"""Takes what webhooks bring: counted, split by channel, stored by the inbox. The caller has verified the signature."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.api.models import Delivery
from monitor.brands.models import Channel
from monitor.inbox.services import receive_updates, withdraw_authorization
from monitor.logs import get_logger
from monitor.platforms.base import RawUpdate
from monitor.platforms.meta import webhooks as meta
from monitor.platforms.x import webhooks as x
from monitor.privacy.asked import PLATFORMS, request_deletion
from monitor.queue import enqueue

log = get_logger(__name__)

ADVANCE_TASK = "workers.pipeline.advance"
# Searches and imports have no address of their own to which a platform could push.
PUSHED_KINDS = ("account", "page")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of one delivery: updates in it, updates for channels that we do not know, posts stored or changed."""

    updates: int
    unknown: int
    posts: int
    quarantined: int


def receive_delivery(*, sender: str, body: Mapping[str, Any]) -> DeliveryReport:
    """Stores every update of a verified body (`sender`: x or meta) and hints to a worker.

    Each channel's part is stored in a transaction of its own; a redelivery of the whole changes nothing. Raises
    MalformedPayloadError, before anything is stored, for a body of another shape.
    """
    platform = "x" if sender == "x" else meta.platform_of(body)
    for user_id in meta.revoked_users(body) if sender == "meta" else ():
        withdraw_access(sender=sender, user_id=user_id)
    by_owner: dict[str, list[RawUpdate]] = defaultdict(list)
    for owner, update in x.split(body) if sender == "x" else meta.split(body):
        by_owner[owner].append(update)
    channels = defaultdict(list)
    for channel in Channel.objects.filter(platform=platform, kind__in=PUSHED_KINDS, external_id__in=list(by_owner)):
        channels[channel.external_id].append(channel.pk)
    reports = [
        receive_updates(channel_id=channel_id, updates=updates)
        for owner, updates in by_owner.items()
        for channel_id in channels[owner]
    ]
    total = sum(len(updates) for updates in by_owner.values())
    unknown = sum(len(updates) for owner, updates in by_owner.items() if not channels[owner])
    if any(report.post_ids for report in reports):
        enqueue(ADVANCE_TASK, queue="analyze")
    count_delivery(sender=platform or sender, status=200, updates=total, reason="unknown_channel" if unknown else "")
    if unknown:
        log.info("webhook_for_unknown_channel", extra={"platform": platform, "updates": unknown})
    posts = sum(len(report.post_ids) for report in reports)
    return DeliveryReport(total, unknown, posts, sum(report.quarantined for report in reports))


def count_delivery(*, sender: str, status: int, updates: int = 0, reason: str = "") -> None:
    Delivery.objects.create(platform=sender, status=status, updates=updates, reason_code=reason)


def ask_for_deletion(*, sender: str, user_id: str, issued_at: datetime | None) -> str:
    """The code by which the person can ask how far it is. Whose login it was is not used any more either."""
    code = request_deletion(sender=sender, user_id=user_id, issued_at=issued_at)
    withdraw_access(sender=sender, user_id=user_id)
    return code


def withdraw_access(*, sender: str, user_id: str) -> list[int]:
    return withdraw_authorization(platforms=PLATFORMS[sender], user_id=user_id)
