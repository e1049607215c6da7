"""Progress of long work, on standard error: a bar on a terminal, lines elsewhere."""

import sys
import time
from typing import Self

LINE_EVERY_SECONDS = 5.0
DRAW_EVERY_SECONDS = 0.1
BAR_WIDTH = 30


def say(line: str) -> None:
    """One line for the person."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """Call it with how many are done (and, where it is only found out on the way, of how many)."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what, self._total = what, total
        self._is_terminal = sys.stderr.isatty()
        self._started_at = self._shown_at = time.monotonic()
        self._done = 0
        self._drawn_width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn_width:
            self._draw()
            sys.stderr.write("\n")
            sys.stderr.flush()

    def __call__(self, done: int, total: int | None = None) -> None:
        self._done = done
        self._total = total or self._total
        now = time.monotonic()
        if now - self._shown_at < (DRAW_EVERY_SECONDS if self._is_terminal else LINE_EVERY_SECONDS):
            return
        self._shown_at = now
        if self._is_terminal:
            self._draw()
        else:
            say(self._words())

    def _words(self) -> str:
        of = f" of {self._total:,}" if self._total else ""
        rate = self._done / max(time.monotonic() - self._started_at, 0.001)
        return f"{self._what}: {self._done:,}{of} ({rate:,.0f} a second)"

    def _draw(self) -> None:
        line = self._words()
        if self._total:
            filled = round(BAR_WIDTH * min(self._done / self._total, 1))
            line = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {line}"
        sys.stderr.write("\r" + line.ljust(self._drawn_width))
        sys.stderr.flush()
        self._drawn_width = len(line)
