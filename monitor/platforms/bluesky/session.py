"""Tokens of an account, kept in the memory of this program only: made from the app password, renewed by one at a time.

A session lasts hours and Bluesky allows few of them a day, while connectors live for one task: so tokens outlive
connectors. They are not stored: each program makes its own session, and renewing one leaves the others alive.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.platforms.errors import AuthExpiredError


@dataclass(frozen=True, slots=True)
class Tokens:
    """`access` opens calls for about two hours, `refresh` makes the next pair once. Neither is ever shown."""

    did: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Session:
    """The tokens of one account. Whoever comes while another asks for them waits for that answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._given_up: Tokens | None = None

    def tokens(self, log_in: Callable[[], Tokens]) -> Tokens:
        """Raises PlatformError."""
        with self._lock:
            if self._tokens is None:
                self._tokens = log_in()
            return self._tokens

    def renew(self, stale: Tokens, refresh: Callable[[str], Tokens], log_in: Callable[[], Tokens]) -> Tokens:
        """Other tokens than the `stale` ones: those another thread has got meanwhile, else refreshed ones, else new
        ones from the app password. Raises PlatformError; AuthExpiredError for all who hold these, after one try."""
        with self._lock:
            if self._tokens is not None and self._tokens != stale:
                return self._tokens
            if stale == self._given_up:
                raise AuthExpiredError("Bluesky does not take the app password any more")
            self._tokens = None
            try:
                self._tokens = _refreshed(stale, refresh) or log_in()
            except AuthExpiredError:
                self._given_up = stale
                raise
            return self._tokens

    def forget(self) -> None:
        with self._lock:
            self._tokens = None


def _refreshed(stale: Tokens, refresh: Callable[[str], Tokens]) -> Tokens | None:
    """None where the refresh token is dead too: it lasts about two months and works once."""
    try:
        return refresh(stale.refresh)
    except AuthExpiredError:
        return None


_SESSIONS: dict[tuple[str, str, str], Session] = {}
_SESSIONS_LOCK = threading.Lock()


def session_of(address: str, identifier: str, password: str) -> Session:
    """The session that this program has with these credentials; another password is another session."""
    key = (address, identifier, hashlib.sha256(password.encode()).hexdigest())
    with _SESSIONS_LOCK:
        return _SESSIONS.setdefault(key, Session())


def forget_sessions() -> None:
    """As if the program had just started: for tests."""
    with _SESSIONS_LOCK:
        _SESSIONS.clear()
