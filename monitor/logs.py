"""How log lines look: one JSON object a line, through structlog, for our own and for libraries' records."""

import logging
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats every record of the standard library as one JSON line."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )


def get_logger(name: str) -> logging.Logger:
    """A plain logger: `log.info("posts_stored", extra={"channel": 3, "count": 20})`. Ids and counts only."""
    return logging.getLogger(name)
