"""What a person reads when a command fails: one sentence. Where it happened goes to `logs/command.log` in the home.

Neither repeats what a foreign exception says: databases quote what they choke on, and that is what people wrote.
"""

from datetime import UTC, datetime

from monitor.embedded.errors import EmbeddedError
from monitor.env import SettingError, home_folder


class CommandError(Exception):
    """A command cannot do what was asked; the message is the sentence to show."""


class WrongWishError(CommandError):
    """The command line asks for what there is not; the exit status is 2, as for any wrong command line."""


def explain(error: Exception, command: str) -> str:
    """The sentence; the trace is written down, unless nothing but the wish was wrong.

    Errors of our own rooms are written for people. Of others only what cannot quote a post is told.
    """
    if isinstance(error, (CommandError, EmbeddedError, SettingError)):
        return str(error)
    # Here, because `--help` needs no log lines.
    from monitor.logs import kind_of, plain_words, trace_of

    kept = _keep_trace(trace_of(error), command)
    if type(error).__module__.startswith("monitor.") and str(error):
        return str(error)
    words = plain_words(error).rstrip(".")
    if words and isinstance(error, OSError):
        return f"{words}."
    if words:
        return f"The database cannot be used: {words}.{kept}"
    return f"{command} stopped: {kind_of(error)}.{kept}"


def _keep_trace(trace: str, command: str) -> str:
    """Where it lies, as a sentence; "" where nothing can be written."""
    try:
        folder = home_folder() / "logs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "command.log").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"--- {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} mentiondesk {command}\n{trace}\n")
    except (OSError, SettingError):
        return ""
    return f" Where it happened is in {folder / 'command.log'}."
