"""The checks that need Django: migrations are complete, the deploy check is silent, generated pages are up to date."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A production-like setting: the deploy check is about that, not about a laptop. Nobody answers at this address.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "monitor.settings",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "none",
    "MENTIONDESK_SECRET_KEY": "only-for-checking-" + "k7Q2" * 16,
    "MENTIONDESK_CREDENTIAL_KEYS": "only-for-checking-" + "c9R4" * 16,
    "MENTIONDESK_PUBLIC_URL": "https://desk.example.com",
    "MENTIONDESK_ALLOWED_HOSTS": "desk.example.com",
}


def main() -> int:
    os.environ.update(ENVIRONMENT)
    set_up_django()
    checks = {"migrations": migrations_are_complete, "deploy": deploy_is_silent, "docs/states.md": states_are_current}
    failed = [name for name, check in checks.items() if not passes(name, check)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def set_up_django() -> None:
    sys.path.insert(0, str(ROOT))
    import django
    from django.conf import settings

    # makemigrations looks whether the history of a database agrees; with a pool it would look for half a minute.
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
    django.setup()


def passes(name: str, check: Callable[[], bool]) -> bool:
    print(f"{name} … ", end="", flush=True)
    is_good = check()
    print("good" if is_good else "BAD", flush=True)
    return is_good


def migrations_are_complete() -> bool:
    from django.core.management import call_command

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got an error checking a consistent migration history", RuntimeWarning)
        try:
            call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)
        except SystemExit:
            return False
    return True


def deploy_is_silent() -> bool:
    from django.core.management import call_command
    from django.core.management.base import SystemCheckError

    try:
        call_command("check", deploy=True, fail_level="WARNING")
    except SystemCheckError as error:
        print(error, file=sys.stderr)
        return False
    return True


def states_are_current() -> bool:
    return subprocess.run([sys.executable, ".ci/states.py", "--check"], cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
