"""Progress of long work, on standard error: a bar on a terminal, lines elsewhere."""

import sys
import time
from pathlib import Path
from typing import Self

LINE_EVERY_SECONDS = 5.0
DRAW_EVERY_SECONDS = 0.1
BAR_WIDTH = 30


def say(line: str) -> None:
    """One line for the person."""
    print(line, file=sys.stderr, flush=True)


def count_lines(path: Path) -> int | None:
    """Quickly, as the total that a bar needs. None for a pipe, which can be read only once, and for what is no file."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        # Whoever reads it next says what is wrong.
        return None


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

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._drawn_width:
            if kind is None and self._total:
                # The total was a guess where rows are counted by lines; what is done is done.
                self._total = self._done
            self._draw()
            sys.stderr.write("\n")
            sys.stderr.flush()

    def write(self, text: str) -> None:
        """A line for the person, above the bar where there is one."""
        if self._drawn_width:
            sys.stderr.write("\r" + " " * self._drawn_width + "\r")
            self._drawn_width = 0
        sys.stderr.write(text)
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
