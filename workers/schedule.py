"""The beat table: what is woken, how often, and why. Every task is a claim, so firing twice is harmless."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Beat:
    task: str
    every_seconds: float
    queue: str
    why: str


SCHEDULE = (
    Beat("workers.collect.collect_due", 5, "collect", "streams whose next poll is due are read"),
    Beat("workers.collect.recheck_due", 15, "collect", "stored posts are looked up: deleted and edited ones are found"),
    Beat("workers.collect.fetch_due", 30, "collect", "mentions that a platform only named are asked for"),
    Beat("workers.collect.read_deliveries", 5, "collect", "webhooks that no sweeper has read are read"),
    Beat("workers.pipeline.advance", 10, "analyze", "posts whose message was lost are taken up"),
    Beat("workers.pipeline.renew", 15, "analyze", "stored posts are read again where a brand asked for it"),
    Beat("workers.send.send_due", 5, "send", "approved replies whose time has come are sent"),
    Beat("workers.send.reconcile", 30, "send", "sends with an unknown outcome are read back"),
    Beat("workers.watch.fold_trends", 20, "default", "changes are folded into the trend buckets; spikes are noticed"),
    Beat("workers.collect.read_again", 30, "collect", "history that somebody asked for is read, behind what is new"),
    Beat(
        "workers.watch.examine_channels", 60, "default", "login, rights, push and allowance of a channel are looked at"
    ),
    Beat("workers.watch.watch_silence", 300, "default", "push that fails and channels that go quiet are told"),
    Beat("workers.housekeeping.seal_audit", 60, "default", "new audit events join the hash chain"),
    Beat("workers.housekeeping.wake_cases", 60, "default", "snoozed cases whose time has come return to the queue"),
    Beat("workers.housekeeping.carry_out_deletions", 60, "default", "people who asked a platform for it are erased"),
    Beat("workers.housekeeping.note_answers_gone", 60, "default", "cases whose answer was deleted there wait again"),
    Beat("workers.housekeeping.watch_quality", 600, "default", "yesterday's sample is drawn, and drift is measured"),
    Beat("workers.housekeeping.ask_renewals", 600, "default", "posts that other weights read are to be read again"),
    Beat("workers.housekeeping.keep_house", 3600, "default", "partitions ahead of time, retention, old claims"),
)


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Celery's form of the table. A hint older than its interval is worthless, so it expires."""
    return {
        beat.task: {
            "task": beat.task,
            "schedule": beat.every_seconds,
            "options": {"queue": beat.queue, "expires": max(beat.every_seconds, 10)},
        }
        for beat in SCHEDULE
    }
