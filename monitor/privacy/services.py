"""Erases people everywhere, with proof, and lets go of what is too old. Each room does its own part."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import Brand, User
from monitor.inbox import departures, tombstones
from monitor.inbox.models import Author, Post, PostChange, Tombstone
from monitor.inbox.services import look_up_everything
from monitor.inbox.services.deleting import bury_again, bury_authors_again, hold_deletions_off
from monitor.logs import get_logger
from monitor.privacy import ledger
from monitor.privacy.models import Erasure
from monitor.privacy.people import Target, find_targets, person_of
from monitor.privacy.registry import rooms

log = get_logger(__name__)

SOURCES = ("command", "console", "api", "platform", "restore")
SWEEP_EVERY = timedelta(hours=1)
# So many of the newest deletions show whether a backup was restored; so many are looked up in a statement.
_LOOKED_AT = 500
_AT_ONCE = 10_000
_swept_at = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownBrandError(LookupError):
    """There is no brand of this name."""


def erase_author(
    *,
    platform: str,
    author: str,
    brand: Brand | str | None = None,
    asked_by: User | None = None,
    source: str = "command",
) -> dict[str, Any]:
    """Erases a person (platform id, or handle) in one brand or in all; returns the proof: rows changed, by room.

    All of it or nothing. Idempotent: a second run changes nothing, and nothing that is read again comes back.
    """
    if source not in SOURCES:
        raise ValueError(f"Erasures do not come from {source!r}; known are {', '.join(SOURCES)}.")
    chosen = _brand(brand)
    targets = find_targets(platform=platform, author=author, brand=chosen)
    rooms_changed: dict[str, dict[str, int]] = {}
    with transaction.atomic():
        for target in targets:
            _add(rooms_changed, _erase(target))
        erasure = _record(targets, chosen, asked_by, source, rooms_changed)
        # Before the commit: should it fail now, the next sweep finds the line and carries the erasure out.
        for target in targets:
            ledger.append(_ledger_line(target))
    exports = remove_exports()
    log.info("person_erased", extra={"erasure": erasure.pk, "rows": _total(rooms_changed)})
    return {
        "erasure": str(erasure.public_id),
        "done_at": erasure.done_at.isoformat() if erasure.done_at else "",
        "rooms": rooms_changed,
        "total": _total(rooms_changed),
        "export_files": exports,
    }


def replay_ledger() -> int:
    """Erases again whom a restored backup brought back; returns how many. Cheap when there is nobody."""
    lines = {line.key_hash: line for line in ledger.read()}
    known = {bytes(key) for key in Tombstone.objects.filter(pk__in=list(lines)).values_list("pk", flat=True)}
    missing = {key: line for key, line in lines.items() if key not in known}
    places = {(line.brand_id, line.platform) for line in missing.values()}
    erased = 0
    for brand in Brand.objects.filter(pk__in=[brand_id for brand_id, _ in places]):
        for platform in sorted(platform for brand_id, platform in places if brand_id == brand.pk):
            authors = Author.objects.filter(brand=brand, platform=platform, erased_at__isnull=True)
            for external_id in authors.values_list("external_id", flat=True).iterator():
                if tombstones.author_key(brand.pk, platform, external_id) in missing:
                    erase_author(platform=platform, author=external_id, brand=brand, source="restore")
                    erased += 1
    return erased


def replay_deletions() -> int:
    """Deletes again what a restored backup brought back; returns how many posts went. Cheap when there is nothing.

    Everything that is found is looked up on its platform soon, too: what was deleted while the backup was away is
    remembered nowhere.
    """
    if not _missing(departures.newest(_LOOKED_AT)):
        return 0
    gone = 0
    by_brand: dict[int, set[bytes]] = {}
    for brand_id, key in _missing(list(departures.read())):
        by_brand.setdefault(brand_id, set()).add(key)
    moments = departures.moments()
    for brand_id, keys in sorted(by_brand.items()):
        left = {key: moments[brand_id, key] for key in keys if (brand_id, key) in moments}
        gone += bury_again(brand_id=brand_id, keys=keys - left.keys())
        gone += bury_authors_again(brand_id=brand_id, moments=left)
    log.info("deletions_replayed", extra={"posts": gone})
    return gone


def _missing(lines: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Lines of brands that there are, without a tombstone."""
    brands = set(Brand.objects.values_list("pk", flat=True)) if lines else set()
    lines = [line for line in lines if line[0] in brands]
    missing = []
    for start in range(0, len(lines), _AT_ONCE):
        some = lines[start : start + _AT_ONCE]
        known = Tombstone.objects.filter(pk__in=[key for _, key in some]).values_list("pk", flat=True)
        kept = {bytes(key) for key in known}
        missing += [line for line in some if line[1] not in kept]
    return missing


def after_restore() -> dict[str, int]:
    """What must be done before anybody looks at a restored backup: who and what went after it was made goes again."""
    posts, people = replay_deletions(), replay_ledger()
    sweep_retention(now=timezone.now())
    look_up_everything()
    return {"posts": posts, "people": people, "export files": expire_exports()}


def expire_exports() -> int:
    """Removes files of the export folder that were made before a post in them may have gone, or been given other words
    by its author; returns how many."""
    folder = Path(settings.EXPORT_FOLDER)
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    expired = [path for path in files if _has_lost(datetime.fromtimestamp(path.stat().st_mtime, UTC))]
    for path in expired:
        path.unlink(missing_ok=True)
    return len(expired)


def _has_lost(made_at: datetime) -> bool:
    gone = PostChange.objects.filter(recorded_at__gt=made_at, kind__in=("deleted", "erased", "edited"))
    return Post.objects.filter(pk__in=gone.values("post_id"), stored_at__lte=made_at).exists()


def sweep_retention(*, now: datetime | None = None) -> dict[str, dict[str, int]]:
    """Lets every room remove what is older than it may keep; returns room → what → rows.

    From the bottom up: what a post loses, its copies above lose in the same sweep. Without `now` it works at most
    once an hour in a process, however often it is called.
    """
    global _swept_at
    moment = now or timezone.now()
    if now is None and moment - _swept_at < SWEEP_EVERY:
        return {}
    _swept_at = moment
    replayed = replay_deletions()
    removed = {
        declared.room: counts
        for declared in reversed(list(rooms()))
        if declared.sweep_retention is not None and any((counts := declared.sweep_retention(moment)).values())
    }
    own = {"erased again": replay_ledger(), "deleted again": replayed, "export files": expire_exports()}
    if any(own.values()):
        removed["privacy"] = {what: count for what, count in own.items() if count}
    return removed


def remove_exports() -> int:
    """Files in the export folder may hold anybody, and can be made again; returns how many were removed."""
    folder = Path(settings.EXPORT_FOLDER)
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _brand(brand: Brand | str | None) -> Brand | None:
    if brand is None or isinstance(brand, Brand):
        return brand
    found = Brand.objects.filter(slug=brand).first()
    if found is None:
        raise UnknownBrandError(f"There is no brand {brand}.")
    return found


def _erase(target: Target) -> dict[str, dict[str, int]]:
    with connection.cursor() as cursor:
        # Nothing of this person may come in between the look and the erasure.
        hold_deletions_off(cursor, target.brand_id, deletes=True)
    person = person_of(target)
    return {declared.room: declared.erase_author(person) for declared in rooms() if declared.erase_author is not None}


def _add(total: dict[str, dict[str, int]], more: dict[str, dict[str, int]]) -> None:
    for room, counts in more.items():
        known = total.setdefault(room, {})
        for what, rows in counts.items():
            known[what] = known.get(what, 0) + rows


def _total(rooms_changed: dict[str, dict[str, int]]) -> int:
    return sum(sum(counts.values()) for counts in rooms_changed.values())


def _record(
    targets: list[Target],
    brand: Brand | None,
    asked_by: User | None,
    source: str,
    proof: dict[str, dict[str, int]],
) -> Erasure:
    first = targets[0] if targets else None
    key = tombstones.author_key(brand.pk if brand else 0, first.platform, first.external_id) if first else b""
    erasure = Erasure.objects.create(
        brand=brand, key_hash=key, source=source, asked_by=asked_by, done_at=timezone.now(), proof=proof
    )
    for brand_id in sorted({target.brand_id for target in targets}):
        audit.record(
            act="author.erased",
            brand_id=brand_id,
            actor=asked_by,
            actor_kind="" if asked_by else "system",
            subject_kind="erasure",
            subject_id=erasure.pk,
            params={"source": source, "rows": _total(proof)},
        )
    erasure.refresh_from_db()
    return erasure


def _ledger_line(target: Target) -> ledger.LedgerLine:
    key = tombstones.author_key(target.brand_id, target.platform, target.external_id)
    return ledger.LedgerLine(target.brand_id, target.platform, key)
