"""Deletions that a platform asks for in a person's name: noted at once, carried out soon after, told by a code.

What is known of the person is erased first. Then the person's other ids are asked for (a page knows its visitors by
ids of its own) and erased too; where a platform does not answer, that is tried again for a day.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.models import Channel
from monitor.brands.sealing import SealBrokenError
from monitor.brands.services import open_connector
from monitor.logs import get_logger
from monitor.platforms.errors import PlatformError, QuotaExceededError, RateLimitedError, UnavailableError
from monitor.platforms.registry import get_platform
from monitor.privacy.models import DeletionRequest
from monitor.privacy.services import erase_author
from monitor.queue import enqueue

log = get_logger(__name__)

DELETION_TASK: Final = "workers.housekeeping.carry_out_deletions"
#: Who asks -> on which platforms the person may be known.
PLATFORMS: Final[Mapping[str, tuple[str, ...]]] = {"meta": ("facebook", "instagram")}
MOST_TRIES: Final = 24
LEASE_SECONDS: Final = 300
_AGAIN = timedelta(hours=1)
# What may be answered later; any other refusal says that nothing is to be learnt there.
_LATER = (UnavailableError, RateLimitedError, QuotaExceededError)

_CLAIM = """
    UPDATE privacy_deletionrequest SET lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id IN (
        SELECT id FROM privacy_deletionrequest
        WHERE done_at IS NULL AND next_try_at <= clock_timestamp()
            AND (lease_until IS NULL OR lease_until < clock_timestamp())
        ORDER BY next_try_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class DeletionStatus:
    """What whoever has the code may know: nothing that says who it is."""

    code: str
    asked_at: datetime
    done_at: datetime | None
    posts: int = 0
    profiles: int = 0
    rows: int = 0


def request_deletion(*, sender: str, user_id: str, issued_at: datetime | None) -> str:
    """Notes the request and returns its code. The same request again (a replay) is the same code and does nothing."""
    if sender not in PLATFORMS:
        raise ValueError(f"{sender!r} cannot ask for deletions; known are {', '.join(PLATFORMS)}.")
    words = (settings.ERASURE_SALT, sender, user_id, issued_at.isoformat() if issued_at else "")
    request_hash = hashlib.sha256("\0".join(words).encode()).digest()
    with transaction.atomic():
        asked, is_new = DeletionRequest.objects.get_or_create(
            request_hash=request_hash, defaults={"sender": sender, "user_id": user_id, "code": secrets.token_hex(12)}
        )
        if is_new:
            enqueue(DELETION_TASK)
    return asked.code


def deletion_status(code: str) -> DeletionStatus | None:
    """None where there is no such code."""
    asked = DeletionRequest.objects.filter(code=code).first()
    if asked is None:
        return None
    counts = {name: int(asked.proof.get(name, 0)) for name in ("posts", "profiles", "rows")}
    return DeletionStatus(asked.code, asked.asked_at, asked.done_at, **counts)


def carry_out_deletions(*, limit: int = 5) -> int:
    """Does what was asked for; returns how many are done now."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_SECONDS, limit])
        claimed = [row[0] for row in cursor.fetchall()]
    return sum(_carry_out(asked) for asked in DeletionRequest.objects.filter(pk__in=claimed).order_by("pk"))


def _carry_out(asked: DeletionRequest) -> bool:
    erased = dict(asked.proof)
    _count(erased, _erase(PLATFORMS[asked.sender], [asked.user_id]))
    known_as, error = _other_ids(PLATFORMS[asked.sender], asked.user_id)
    for platform, ids in known_as.items():
        _count(erased, _erase((platform,), ids))
    asked.proof, asked.tries, asked.lease_until, asked.last_error = erased, asked.tries + 1, None, error
    if error and asked.tries < MOST_TRIES:
        asked.next_try_at = timezone.now() + _AGAIN
    else:
        asked.done_at, asked.user_id = timezone.now(), ""
    asked.save()
    log.info("deletion_carried_out", extra={"request": asked.pk, "done": asked.done_at is not None, "code": error})
    return asked.done_at is not None


def _erase(platforms: Iterable[str], ids: Iterable[str]) -> list[dict[str, Any]]:
    ids = list(ids)
    return [
        erase_author(platform=platform, author=author, source="platform") for platform in platforms for author in ids
    ]


def _count(total: dict[str, int], proofs: list[dict[str, Any]]) -> None:
    for proof in proofs:
        inbox = proof["rooms"].get("inbox", {})
        for name, rows in (("posts", inbox.get("posts", 0)), ("profiles", inbox.get("authors", 0))):
            total[name] = total.get(name, 0) + rows
        total["rows"] = total.get("rows", 0) + proof["total"]


def _other_ids(platforms: Iterable[str], user_id: str) -> tuple[dict[str, list[str]], str]:
    """platform -> ids of the same person, and why some could not be asked for now ("" where all were)."""
    found: dict[str, list[str]] = {}
    error = ""
    for channel in Channel.objects.filter(platform__in=list(platforms)).order_by("pk"):
        platform = get_platform(channel.platform)
        if "aliases" not in platform.declaration.abilities:
            continue
        try:
            connector = open_connector(channel, platform=platform)
            ids = connector.aliases(user_id)  # type: ignore[attr-defined]  # declared: the ability "aliases"
        except _LATER as later:
            error = error or type(later).__name__
        except (PlatformError, SealBrokenError) as refusal:
            log.info("aliases_refused", extra={"channel": channel.pk, "error": type(refusal).__name__})
        else:
            found.setdefault(channel.platform, []).extend(ids)
    return found, error
