"""Loaded before anything else (`-p tests.servers`): gives the run a PostgreSQL of its own where none is named.

Settings are read before any conftest, so the server has to be there first. Workers of a parallel run inherit it.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack

os.environ.setdefault("REDIS_URL", "none")
os.environ.setdefault("MENTIONDESK_SECRET_KEY", "tests-only-" + "k" * 48)
os.environ.setdefault("MENTIONDESK_CREDENTIAL_KEYS", "tests-only-" + "c" * 48)


def _start() -> None:
    from monitor.embedded.session import servers

    home = tempfile.mkdtemp(prefix="mentiondesk-tests-")
    # Under root the server runs as another user, who must be able to walk in.
    os.chmod(home, 0o711)
    os.environ["MENTIONDESK_HOME"] = home
    stack = ExitStack()
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    quick = {"fsync": "off", "full_page_writes": "off"}
    stack.enter_context(servers(announce=lambda _line: None, postgres_settings=quick))
    atexit.register(stack.close)


if not os.environ.get("DATABASE_URL"):
    _start()
