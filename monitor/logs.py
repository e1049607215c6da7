"""How log lines look: one JSON object a line, through structlog, for our own and for libraries' records, and for what
nobody caught.

No line tells what an exception says: databases and platforms quote what they choke on, and that is what people wrote.
"""

import logging
import logging.config
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from traceback import walk_tb
from typing import Any, Final
from uuid import UUID

import structlog

from monitor.env import SettingError

#: Loggers whose `extra` is ours: ids and counts (a guard test reads the calls).
_OURS: Final = ("monitor", "workers")
#: What libraries may add, and what they may put into a sentence by name (Celery: task, id, how it went).
_TOLD_EXTRAS: Final = frozenset({"status_code"})
_TOLD_ARGUMENTS: Final = frozenset({"name", "id", "description", "runtime"})
_HIDDEN: Final = "…"
_LOGIN_LINK: Final = re.compile(r"(?<=/login/link/)[^/\s]+")
_USUAL: Final = frozenset(logging.makeLogRecord({}).__dict__)
#: Errors that tell of a server and not of a row: no connection, no room, no memory, no time.
_TOLD_KINDS: Final = frozenset({"django.db.utils.OperationalError", "psycopg.OperationalError"})


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats every record of the standard library as one JSON line."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _tell_where,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=_without_words),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_harmless(record))


def get_logger(name: str) -> logging.Logger:
    """A plain logger: `log.info("posts_stored", extra={"channel": 3, "count": 20})`. Ids and counts only."""
    return logging.getLogger(name)


def set_up(configuration: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: the handlers, and the same way for crashes, whose words Python would print."""
    logging.config.dictConfig(configuration)
    sys.excepthook = _tell_crash
    threading.excepthook = lambda told: _tell_crash(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _tell_crash(told.exc_type, told.exc_value, told.exc_traceback)


def _tell_crash(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    get_logger(__name__).critical("crashed", exc_info=(kind, error, trace), extra={"says": plain_words(error)})


def plain_words(error: BaseException) -> str:
    """What may be told of an error: the operating system's, a server's or a setting's own words. Else ""."""
    if isinstance(error, SettingError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
    if any(_name_of(kind) in _TOLD_KINDS for kind in type(error).__mro__):
        # Hints, and the attempts at other addresses, follow in further lines.
        return next(iter(str(error).strip().splitlines()), "")
    return ""


def trace_of(error: BaseException) -> str:
    """The kinds and frames of an error and of its causes, a line each, without a word that any of them says."""
    return "\n".join(_lines(error))


def _harmless(record: logging.LogRecord) -> logging.LogRecord:
    """The record without what a library's sentence could quote: exceptions, arguments of tasks, requests."""
    is_ours = record.name.split(".")[0] in _OURS
    kept = {
        key: kind_of(value) if isinstance(value, BaseException) else value
        for key, value in record.__dict__.items()
        if key in _USUAL or is_ours or key in _TOLD_EXTRAS
    }
    kept["args"] = _harmless_arguments(record.args)
    copy = logging.makeLogRecord(kept)
    if record.exc_info and not is_ours:
        # asyncio goes on for lines about the future, with what it raised.
        copy.msg, copy.args = copy.getMessage().split("\n", 1)[0], ()
    return copy


def _harmless_arguments(arguments: Any) -> Any:
    if isinstance(arguments, Mapping):
        return {
            key: value if key in _TOLD_ARGUMENTS or isinstance(value, int | float) else _HIDDEN
            for key, value in arguments.items()
        }
    return tuple(_harmless_argument(value) for value in arguments or ())


def _harmless_argument(value: Any) -> Any:
    if isinstance(value, BaseException):
        return kind_of(value)
    # Django tells the path of every refusal; the path of a login link logs in.
    return _LOGIN_LINK.sub(_HIDDEN, value) if isinstance(value, str) else value


def _tell_where(_logger: Any, _method: str, event: Any) -> Any:
    """The exception as its kind and its frames."""
    exc_info = event.pop("exc_info", None)
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_lines(error, exc_info[2] if isinstance(exc_info, tuple) else None))
    return event


def _lines(error: BaseException, trace: Any = None, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """From what happened back to its causes, each with the innermost frame last."""
    yield kind_of(error)
    for frame, line in walk_tb(error.__traceback__ or trace):
        yield f"  {frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
    seen |= {id(error)}
    parts = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for word, other in [*(("with", part) for part in parts), ("after", cause)]:
        if other is not None and id(other) not in seen:
            first, *rest = _lines(other, seen=seen)
            yield f"{word} {first}"
            yield from rest


def kind_of(error: BaseException) -> str:
    return _name_of(type(error))


def _name_of(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _without_words(value: Any) -> str:
    """What JSON does not know may say anything of itself; ids and times say what they are."""
    return str(value) if isinstance(value, UUID | date) else f"<{type(value).__qualname__}>"
