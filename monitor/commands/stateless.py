"""Django for commands that touch no database: throw-away secrets, and an address that nobody answers."""

import os


def set_up_django() -> None:
    """Leaves no file behind, in whatever home."""
    os.environ.setdefault("MENTIONDESK_SECRET_KEY", os.urandom(32).hex())
    os.environ.setdefault("MENTIONDESK_CREDENTIAL_KEYS", os.urandom(32).hex())
    from monitor.embedded.prepare import set_up_django as set_up

    set_up()
