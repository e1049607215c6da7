"""What a person reads when a command fails: one sentence. The full trace goes to `logs/command.log` in the home."""

import traceback
from datetime import UTC, datetime

from monitor.embedded.errors import EmbeddedError
from monitor.env import SettingError, home_folder


class CommandError(Exception):
    """A command cannot do what was asked; the message is the sentence to show."""


class WrongWishError(CommandError):
    """The command line asks for what there is not; the exit status is 2, as for any wrong command line."""


def explain(error: Exception, command: str) -> str:
    """The sentence; the trace is written down in full, unless nothing but the wish was wrong."""
    if isinstance(error, (CommandError, EmbeddedError, SettingError)):
        return str(error)
    kept = _keep_trace(error, command)
    if type(error).__module__.startswith("monitor.") and str(error):
        # Errors of our own rooms are written for people.
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        about = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{about}."
    if type(error).__module__.startswith(("django.db", "psycopg")):
        return f"The database cannot be used: {_first_line(error)}.{kept}"
    return f"{command} stopped: {type(error).__name__}: {_first_line(error)}.{kept}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300].rstrip(".") if lines else "no reason given"


def _keep_trace(error: Exception, command: str) -> str:
    try:
        folder = home_folder() / "logs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "command.log").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"--- {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} mentiondesk {command}\n")
            file.writelines(traceback.format_exception(error))
    except (OSError, SettingError):
        return ""
    return f" The whole story is in {folder / 'command.log'}."
