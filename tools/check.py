"""The checks that need Django: migrations are complete, the deploy check is silent, generated pages are up to date."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A production-like setting: the deploy check is about that, not about a laptop.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "monitor.settings",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "none",
    "MENTIONDESK_SECRET_KEY": "only-for-checking-" + "k7Q2" * 16,
    "MENTIONDESK_CREDENTIAL_KEYS": "only-for-checking-" + "c9R4" * 16,
    "MENTIONDESK_PUBLIC_URL": "https://desk.example.com",
    "MENTIONDESK_ALLOWED_HOSTS": "desk.example.com",
}
COMMANDS = (
    ("migrations", ["-W", "ignore", "-m", "django", "makemigrations", "--check", "--dry-run"]),
    ("deploy check", ["-m", "django", "check", "--deploy", "--fail-level", "WARNING"]),
)


def main() -> int:
    failed = [name for name, command in COMMANDS if not passes(name, command)]
    failed += [] if states_are_current() else ["docs/states.md"]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    print(f"{name} …", flush=True)
    outcome = subprocess.run([sys.executable, *command], cwd=ROOT, env={**os.environ, **ENVIRONMENT}, check=False)
    return outcome.returncode == 0


def states_are_current() -> bool:
    """The page is generated from the transition tables; `python tools/states.py` writes it anew."""
    generator = ROOT / "tools" / "states.py"
    return not generator.exists() or passes("states page", [str(generator), "--check"])


if __name__ == "__main__":
    sys.exit(main())
