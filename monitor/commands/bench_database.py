"""A database for one measurement: made beside the product's own on the same server, and removed afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

NAME = "mentiondesk_bench"


@contextmanager
def bench_database() -> Iterator[None]:
    """Django is set up on an empty, migrated database while this lasts."""
    import psycopg

    from monitor.commands.progress import say
    from monitor.embedded import prepare
    from monitor.embedded.session import servers

    with servers(announce=say) as found:
        name = f"{NAME}_{os.getpid()}"
        with psycopg.connect(found.database_url, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"')
            try:
                os.environ["DATABASE_URL"] = _renamed(found.database_url, name)
                os.environ["REDIS_URL"] = "none"
                prepare.set_up_django()
                prepare.migrate()
                yield
            finally:
                _close_pools()
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _renamed(url: str, name: str) -> str:
    parts = urlsplit(url)
    # urlunsplit drops the slashes of an empty host; ours always has a user, so the host part is never empty.
    return urlunsplit(parts._replace(path=f"/{name}"))


def _close_pools() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
