"""The servers and Django for one command, with the tables up to date."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.commands.failures import CommandError
from monitor.commands.progress import say
from monitor.embedded.session import Servers, servers
from monitor.env import parse_database_url

CONNECT_SECONDS = 5


@contextmanager
def desk(*, needs_tables: bool = True, is_service: bool = False) -> Iterator[Servers]:
    """Attaches to the running servers, or starts them for the length of the command.

    `is_service`: it runs for long and its log lines are read; other commands say only what is wrong.

    An embedded database is migrated when it lacks something; one that somebody else runs is only checked.
    Raises CommandError, EmbeddedError.
    """
    if not is_service:
        os.environ.setdefault("MENTIONDESK_LOG_LEVEL", "WARNING")
    with servers(announce=say) as found:
        from django.db import connections

        from monitor.embedded import prepare

        require_reachable(found.database_url)
        prepare.set_up_django()
        try:
            if needs_tables and (missing := prepare.missing_migrations()):
                if not found.is_ours:
                    raise CommandError(
                        f"The database lacks {missing} migrations: run `mentiondesk migrate` once, or stop the older "
                        "Mentiondesk that runs with it."
                    )
                prepare.migrate()
            yield found
        finally:
            # The pool's threads would otherwise talk to a server that is about to stop.
            for connection in connections.all(initialized_only=True):
                connection.close()
                if hasattr(connection, "close_pool"):
                    connection.close_pool()


def require_reachable(database_url: str) -> None:
    """Raises CommandError at once; Django's pool alone would try again for a long time. Raises SettingError."""
    import psycopg

    parse_database_url(database_url)
    try:
        psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.ProgrammingError:
        # Its words repeat the address, password included.
        raise CommandError(
            "DATABASE_URL cannot be read: write odd characters of a password as %40, and so on."
        ) from None
    except psycopg.Error as error:
        raise CommandError(f"The database cannot be reached: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """What happened stands in the first line; hints and the attempts at other addresses follow."""
    lines = str(error).strip().splitlines() or ["no reason given"]
    return " ".join(lines[0].removeprefix("connection failed: ").split()).rstrip(".")
