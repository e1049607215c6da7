"""The sweeper: finds every row that waits, with or without a broker. `python -m workers.sweep [--forever]`.

With a broker the workers come first and the sweeper takes what has waited too long; without one it does all the work.
"""

import argparse
import math
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections, connection

from monitor.api import services as webhooks
from monitor.commands.progress import Progress
from monitor.inbox import selectors as inbox_selectors
from monitor.inbox import services as inbox
from monitor.logs import get_logger
from monitor.queue import has_broker
from monitor.replies import services as replies
from workers import collect, housekeeping, pipeline, send, watch

log = get_logger(__name__)

# How long a row may wait for a worker before the sweeper takes it, where a broker runs.
PATIENCE_SECONDS = 20
WATCH_EVERY_SECONDS = 300
_watched_at = -math.inf


@dataclass(frozen=True, slots=True)
class Lane:
    """Work that must not wait for other work. `step` is told how long rows may wait for a worker, and returns how many
    rows it found."""

    name: str
    step: Callable[[float], int]
    idle_seconds: float


def deliveries_step(_patience: float) -> int:
    """Without patience: the web program gives no hint, so that its answer waits for nothing but the row."""
    return webhooks.take_deliveries()


def collect_step(patience: float) -> int:
    due = inbox_selectors.due_streams(limit=50, overdue_seconds=patience)
    for channel_id, stream in due:
        inbox.collect_channel(channel_id=channel_id, stream=stream)
    found = len(due) + inbox.fetch_due(overdue_seconds=patience).asked
    # History only while nothing new is due; with a broker the workers read it.
    return found or (0 if patience else int(inbox.reread_some() is not None))


def pipeline_step(patience: float) -> int:
    # A worker that was killed between opening a case and suggesting leaves one that no post points to any more.
    made_up = pipeline.answer(replies.cases_without_suggestion(limit=100))
    if patience and inbox_selectors.oldest_wait_seconds() < patience:
        return made_up
    taken = pipeline.analyze()
    touched = pipeline.open_cases()
    pipeline.answer(touched)
    return made_up + taken + len(touched) or pipeline.read_again()


def send_step(patience: float) -> int:
    sent = send.send_claimed(replies.claim_effects(limit=5, overdue_seconds=patience))
    send.reconcile()
    return sent


def recheck_step(patience: float) -> int:
    due = inbox_selectors.due_rechecks(limit=50, overdue_seconds=patience)
    for channel_id, scope in due:
        collect.recheck(channel_id, scope)
    return len(due)


def house_step(_patience: float) -> int:
    watch.fold_trends()
    watch.examine_channels()
    if watch_is_due():
        watch.watch_silence()
    housekeeping.seal_audit()
    housekeeping.wake_cases()
    housekeeping.carry_out_deletions()
    housekeeping.note_answers_gone()
    housekeeping.watch_quality()
    housekeeping.ask_renewals()
    housekeeping.keep_house()
    return 0


def watch_is_due() -> bool:
    """Every five minutes in this process: it looks at weeks of counts of every channel."""
    global _watched_at  # noqa: PLW0603
    is_due = time.monotonic() - _watched_at >= WATCH_EVERY_SECONDS
    if is_due:
        _watched_at = time.monotonic()
    return is_due


LANES = (
    Lane("deliveries", deliveries_step, 0.2),
    Lane("collect", collect_step, 1),
    Lane("pipeline", pipeline_step, 0.5),
    Lane("send", send_step, 0.5),
    Lane("house", house_step, 20),
    Lane("recheck", recheck_step, 15),
)


def work_until_done() -> None:
    """Everything pending, then back, whoever else works. Errors are raised: a script wants to know."""
    done = 0
    housekeeping.ask_renewals()
    with Progress("Worked on") as progress:
        while found := sum(lane.step(0) for lane in LANES[:-1]):
            done += found
            progress(done)
    house_step(0)
    while recheck_step(0):
        pass


def work_forever(stop: threading.Event) -> None:
    threads = [threading.Thread(target=_run_lane, args=[lane, stop], name=lane.name) for lane in LANES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run_lane(lane: Lane, stop: threading.Event) -> None:
    while not stop.is_set():
        found = 0
        try:
            close_old_connections()
            found = lane.step(PATIENCE_SECONDS if has_broker() else 0)
        except Exception as error:  # noqa: BLE001  (a lane outlives any single failure; the row waits and is retried)
            log.error("sweep_failed", extra={"lane": lane.name, "error": type(error).__name__}, exc_info=True)
        if not found:
            stop.wait(lane.idle_seconds)
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workers.sweep", description=__doc__)
    parser.add_argument("--forever", action="store_true", help="go on until the process is told to end")
    if not parser.parse_args().forever:
        work_until_done()
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work_forever(stop)


if __name__ == "__main__":
    main()
