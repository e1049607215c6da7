"""The one door to Celery: by task name, after commit, never failing the caller.

A lost message costs seconds, not posts: the sweeper finds every row that waits.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction

from monitor.logs import get_logger

log = get_logger(__name__)

QUEUES = ("collect", "analyze", "send", "default")


def has_broker() -> bool:
    return settings.REDIS_URL != "none"


@cache
def _sender() -> Any:
    from celery import Celery

    app = Celery("mentiondesk-sender", broker=settings.REDIS_URL, set_as_current=False)
    app.conf.update(
        broker_transport_options={"socket_timeout": 3, "socket_connect_timeout": 2, "max_retries": 0},
        task_ignore_result=True,
    )
    return app


def enqueue(task_name: str, *arguments: Any, queue: str = "default") -> None:
    """Hints to a worker, once the surrounding transaction has committed. Arguments are ids or short words."""
    if queue not in QUEUES:
        raise ValueError(f"There is no queue {queue!r}.")
    if has_broker():
        transaction.on_commit(lambda: _send(task_name, arguments, queue))


def _send(task_name: str, arguments: tuple[Any, ...], queue: str) -> None:
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    try:
        _sender().send_task(task_name, args=arguments, queue=queue, ignore_result=True, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("broker_unreachable", extra={"task": task_name, "error": type(error).__name__})
