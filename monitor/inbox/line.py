"""The line in which posts wait: the order of the index `posts_that_wait`, whatever the statistics say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def in_line(cursor: Any) -> Iterator[None]:
    """In here a query reads the first of the line off the index. Needs a transaction.

    Usually next to nothing waits. Where a file brings 70,000 posts at once the planner goes on believing that, until
    the next ANALYZE, and sorts all of them for each claim: 190 ms instead of 0.1.
    """
    cursor.execute("SET LOCAL enable_sort = off")
    yield
    cursor.execute("SET LOCAL enable_sort TO DEFAULT")
