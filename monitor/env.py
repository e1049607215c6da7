"""Strict readers of the environment: a wrong value stops the start with one sentence.

Every name can be given as NAME_FILE instead, holding the path of a file with the value (for secrets).
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from platformdirs import user_data_path


class SettingError(Exception):
    """A setting has a value that cannot be used."""


def read_text(name: str, default: str = "") -> str:
    """Raises SettingError when NAME_FILE names a file that cannot be read."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE names {file_name}, which cannot be read: {error.strerror}.") from error
    return os.environ.get(name, default)


def read_flag(name: str, *, default: bool = False) -> bool:
    value = read_text(name)
    if not value:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name} is {value!r}; it must be true or false.")


def read_number(name: str, default: int, *, least: int = 0) -> int:
    value = read_text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingError(f"{name} is {value!r}; it must be a whole number.") from None
    if number < least:
        raise SettingError(f"{name} is {number}; it must be at least {least}.")
    return number


def read_list(name: str, default: str = "") -> list[str]:
    """Comma-separated words."""
    return [word.strip() for word in read_text(name, default).split(",") if word.strip()]


def home_folder() -> Path:
    """The folder of embedded servers, generated secrets, logs and exports."""
    chosen = read_text("MENTIONDESK_HOME")
    return Path(chosen).expanduser().absolute() if chosen else user_data_path("mentiondesk")


def read_or_make_secret(name: str, home: Path) -> str:
    """The secret from the environment, else the one kept in the home folder, made at first use.

    Two processes may start at once: the file is made with O_EXCL, and who comes second reads it.
    """
    given = read_text(name)
    if given:
        return given
    path = home / "keys" / name.lower().removeprefix("mentiondesk_")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_when_complete(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            value = secrets.token_urlsafe(48)
            file.write(value + "\n")
        return value
    except OSError as error:
        raise SettingError(f"{path} cannot be used: {error.strerror}. Set {name} or MENTIONDESK_HOME.") from error


def _read_when_complete(path: Path) -> str:
    # The maker writes one short line; an empty file can only be seen for an instant.
    for _ in range(1000):
        value = path.read_text(encoding="ascii")
        if value.endswith("\n"):
            return value.strip()
    raise SettingError(f"{path} is empty or cut short: remove it, and a new one is made.")


def parse_database_url(url: str) -> Mapping[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SettingError("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    try:
        port = parts.port
    except ValueError:
        raise SettingError("DATABASE_URL has a port that is not a number.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(port or ""),
        "OPTIONS": {**query, "pool": {"min_size": 0, "max_size": 10, "timeout": 20}},
        "CONN_HEALTH_CHECKS": True,
    }
