"""Writes of the inbox. One door; the modules behind it are named after what they do."""

from monitor.inbox.services.deleting import apply_deletions
from monitor.inbox.services.stages import (
    advance_posts,
    claim_posts,
    pending_counts,
    quarantine_posts,
    release_posts,
    retry_quarantined,
)
from monitor.inbox.services.storing import IngestReport, StaleLeaseError, UnknownChannelError, ingest

__all__ = [
    "IngestReport",
    "StaleLeaseError",
    "UnknownChannelError",
    "advance_posts",
    "apply_deletions",
    "claim_posts",
    "ingest",
    "pending_counts",
    "quarantine_posts",
    "release_posts",
    "retry_quarantined",
]
