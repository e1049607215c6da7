"""Log lines of a real desk when things go wrong: where it was, and no word of anybody."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.db import DatabaseError, OperationalError, connection
from django.test import RequestFactory

from monitor.env import SettingError
from monitor.logs import LineFormatter, get_logger, plain_words, set_up

CANARY = "my card is 4111 1111"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the root logger has written since, as it would stand in the file."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def ask_the_database_for_the_impossible() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::integer", [CANARY])


def test_a_database_error_goes_by_its_kind_and_its_place(db: None, lines: Any) -> None:
    try:
        ask_the_database_for_the_impossible()
    except DatabaseError as error:
        assert CANARY in str(error)
        get_logger("monitor.somewhere").exception("failed", extra={"effect": 7, "error": error})
    [line] = lines()
    assert (line["event"], line["effect"], line["error"]) == ("failed", 7, "django.db.utils.DataError")
    assert line["exception"].startswith("django.db.utils.DataError\n")
    assert f"{__file__}:" in line["exception"] and "ask_the_database_for_the_impossible" in line["exception"]
    assert "after psycopg.errors.InvalidTextRepresentation" in line["exception"]
    assert CANARY not in json.dumps(line)


def test_a_failed_task_is_named_and_neither_its_error_nor_its_arguments_are_told(lines: Any) -> None:
    app = Celery("test", broker="memory://")

    @app.task(name="tests.fail")
    def fail(words: str) -> None:
        raise ValueError(words)

    fail.apply(args=[CANARY])
    [line] = lines()
    assert line["event"].startswith("Task tests.fail[") and "raised unexpected" in line["event"]
    assert line["exception"].startswith("ValueError\n")
    assert CANARY not in json.dumps(line)


def test_a_task_that_went_well_tells_no_result_and_no_arguments(lines: Any) -> None:
    app = Celery("test", broker="memory://")

    @app.task(name="tests.echo")
    def echo(words: str) -> str:
        return words

    echo.apply(args=[CANARY])
    [line] = lines()
    assert line["event"].startswith("Task tests.echo[") and "succeeded in " in line["event"]
    assert CANARY not in json.dumps(line)


def test_a_page_that_fails_tells_its_path_and_not_what_was_sent(lines: Any) -> None:
    def fail(_request: Any) -> Any:
        raise ValueError(CANARY)

    answer = convert_exception_to_response(fail)(RequestFactory().post("/cases/", {"text": CANARY}))
    assert answer.status_code == 500
    [line] = lines()
    assert (line["event"], line["status_code"]) == ("Internal Server Error: /cases/", 500)
    assert line["exception"].startswith("ValueError\n")
    assert "request" not in line
    assert CANARY not in json.dumps(line)


def test_a_future_that_nobody_waited_for_tells_no_words(lines: Any) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        future.set_exception(ValueError(CANARY))
        loop.call_exception_handler({"message": "never retrieved", "exception": future.exception(), "future": future})

    # In a thread of its own: a browser test may have left a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, fail()).result()
    [line] = lines()
    assert (line["event"], line["exception"]) == ("never retrieved", "ValueError")


def test_a_library_that_puts_an_error_into_its_sentence_is_told_its_kind(lines: Any) -> None:
    logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", "pool-1", ConnectionError(CANARY))
    assert [line["event"] for line in lines()] == ["error connecting in 'pool-1': ConnectionError"]


def test_what_several_did_wrong_is_told_of_each(lines: Any) -> None:
    try:
        raise ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)])
    except ExceptionGroup:
        logging.getLogger("anyio").error("failed", exc_info=True)
    [line] = lines()
    assert [part for part in line["exception"].splitlines() if not part.startswith("  ")] == [
        "ExceptionGroup", "with ValueError", "with KeyError",
    ]  # fmt: skip


def fail(*_: object) -> None:
    raise ValueError(CANARY)


class FailingAtTheEnd:
    __del__ = fail


@pytest.fixture
def hooks() -> Iterator[None]:
    """Python's own hooks for what nobody caught, as a running desk has them."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    set_up({"version": 1, "incremental": True})
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before


def test_what_nobody_caught_goes_by_its_kind_and_its_place(hooks: None, lines: Any) -> None:
    assert settings.LOGGING_CONFIG == "monitor.logs.set_up"
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    FailingAtTheEnd()
    assert [line["event"] for line in lines()] == ["crashed"] * 3
    for line in lines():
        assert line["exception"].startswith("ValueError\n") and line["exception"].endswith(" fail")
    assert CANARY not in json.dumps(lines())


def test_a_stop_is_no_crash(hooks: None, lines: Any) -> None:
    for ended in (KeyboardInterrupt(), SystemExit(1)):
        sys.excepthook(type(ended), ended, None)
    assert lines() == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(CANARY), ""),
        (DatabaseError(CANARY), ""),
        (OperationalError("no room\nHINT:  make some"), "no room"),
        (OSError(28, "No space left on device", "/home/x"), "No space left on device (/home/x)"),
        (OSError(CANARY), ""),
        (SettingError("MENTIONDESK_PORT is 'x'."), "MENTIONDESK_PORT is 'x'."),
    ],
)
def test_only_words_that_nobody_wrote_are_told(error: Exception, words: str) -> None:
    assert plain_words(error) == words


def test_ids_and_times_are_written_out(lines: Any) -> None:
    told = {"post": UUID(int=1), "at": datetime(2026, 3, 2, tzinfo=UTC), "other": object()}
    get_logger("workers.somewhere").info("told", extra=told)
    [line] = lines()
    assert (line["post"], line["at"]) == ("00000000-0000-0000-0000-000000000001", "2026-03-02 00:00:00+00:00")
    assert line["other"] == "<object>"


def test_every_line_of_a_running_desk_is_written_so() -> None:
    formatters = {
        settings.LOGGING["formatters"][each["formatter"]]["()"] for each in settings.LOGGING["handlers"].values()
    }
    assert formatters == {"monitor.logs.LineFormatter"}
    assert settings.LOGGING["root"]["handlers"] == list(settings.LOGGING["handlers"])
    assert all("handlers" not in logger for logger in settings.LOGGING["loggers"].values())
