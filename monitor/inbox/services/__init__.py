"""Writes of the inbox. One door; the modules behind it are named after what they do."""

from monitor.brands.services import ensure_streams
from monitor.inbox.services.collecting import CollectReport, collect_channel, receive_updates
from monitor.inbox.services.deleting import apply_deletions
from monitor.inbox.services.fetching import FetchReport, fetch_due
from monitor.inbox.services.health import examine_channel, subscribe_channel, watch_push
from monitor.inbox.services.hiding import set_hidden
from monitor.inbox.services.own_posts import record_own_post
from monitor.inbox.services.quarantine import PutAside, put_aside, replay_quarantined
from monitor.inbox.services.rechecking import (
    RecheckReport,
    look_again_soon,
    look_up_everything,
    recheck_channel,
    recheck_post,
)
from monitor.inbox.services.rereading import request_reading_back, request_replay, reread_some, stop_rereading
from monitor.inbox.services.silence import watch_quiet
from monitor.inbox.services.stages import (
    advance_posts,
    claim_posts,
    pending_counts,
    quarantine_posts,
    release_posts,
    retry_quarantined,
)
from monitor.inbox.services.storing import IngestReport, StaleLeaseError, UnknownChannelError, ingest
from monitor.inbox.services.withdrawing import disconnect, withdraw_authorization

__all__ = [
    "CollectReport",
    "FetchReport",
    "IngestReport",
    "PutAside",
    "RecheckReport",
    "StaleLeaseError",
    "UnknownChannelError",
    "advance_posts",
    "apply_deletions",
    "claim_posts",
    "collect_channel",
    "disconnect",
    "ensure_streams",
    "fetch_due",
    "examine_channel",
    "ingest",
    "look_again_soon",
    "look_up_everything",
    "pending_counts",
    "put_aside",
    "quarantine_posts",
    "receive_updates",
    "recheck_channel",
    "recheck_post",
    "record_own_post",
    "release_posts",
    "replay_quarantined",
    "request_reading_back",
    "request_replay",
    "reread_some",
    "retry_quarantined",
    "set_hidden",
    "withdraw_authorization",
    "stop_rereading",
    "subscribe_channel",
    "watch_push",
    "watch_quiet",
]
