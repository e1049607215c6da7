"""The Celery application. The database holds the truth: a lost or repeated message changes nothing.

The settings answer known failures of Celery 5.7 over Redis; each line says which.
"""

from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_after_setup, setup_logging
from django.conf import settings

from monitor.logs import set_up
from monitor.queue import has_broker
from workers.schedule import beat_schedule

HARD_LIMIT_SECONDS = 240
# A task that runs longer than this is delivered a second time, so it is well above the hard limit.
VISIBILITY_SECONDS = 3 * HARD_LIMIT_SECONDS
TRANSPORT = {
    "visibility_timeout": VISIBILITY_SECONDS,
    # The defaults sweep unacknowledged messages every ~100 s only; a dead worker's batch would lie that long.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,  # a half-open socket otherwise hangs the worker
    "socket_keepalive": True,
    "health_check_interval": 10,
}

app = Celery("mentiondesk", broker=settings.REDIS_URL if has_broker() else "memory://")
app.conf.update(
    imports=["workers.collect", "workers.pipeline", "workers.send", "workers.watch", "workers.housekeeping"],
    # No result backend: nobody reads results, and its client leaked memory.
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,  # tries are counted in the database, so a poison post ends after three
    worker_prefetch_multiplier=1,
    task_time_limit=HARD_LIMIT_SECONDS,
    task_soft_time_limit=HARD_LIMIT_SECONDS - 20,
    broker_transport_options=TRANSPORT,
    result_backend_transport_options=TRANSPORT,
    visibility_timeout=VISIBILITY_SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_soft_shutdown_timeout=10,
    worker_enable_soft_shutdown_on_idle=True,
    worker_eta_task_limit=1000,  # an ETA flood otherwise fills the memory; we set none over a minute
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_send_task_events=False,
    task_default_queue="default",
    task_create_missing_queues=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    beat_schedule=beat_schedule(),
    # Beat keeps no file: every task is a claim, so a slot fired twice or missed changes nothing.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=5,
)


@setup_logging.connect
def keep_our_logging(**_ignored: Any) -> None:
    """Celery would otherwise replace the log lines that the settings define."""
    set_up(settings.LOGGING)


@celeryd_after_setup.connect
def load_model_early(instance: Any, **_ignored: Any) -> None:
    """The worker that analyzes loads the model while the others start, not when the first post waits for it."""
    if "analyze" in instance.app.amqp.queues.consume_from:
        from monitor.nlp.engine import PostInput, load_engine

        load_engine().analyze([PostInput("Hello")])
        # Stored posts that the weights of before have read are asked for at once, and not at the next beat.
        app.send_task("workers.housekeeping.ask_renewals", queue="default", expires=600)


@beat_init.connect
def collect_at_once(**_ignored: Any) -> None:
    """Beat waits a whole interval before its first round; somebody who has just started the desk should not."""
    app.send_task("workers.collect.collect_due", queue="collect", expires=60)
