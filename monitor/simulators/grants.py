"""What people have consented to at the fake platforms: codes that work once, tokens that end, families of them.

Pure but for the state that a world keeps of it; `sign_in_pages.py` shows the pages, the platforms' modules the rest.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CODE_LASTS = timedelta(minutes=5)


@dataclass(eq=False)
class Grant:
    """One consent. What is revoked is revoked with everything that came of it."""

    platform: str
    client_id: str
    user_id: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str = ""
    is_revoked: bool = False


@dataclass(eq=False)
class Token:
    grant: Grant
    kind: str  # code, access, refresh, user, page
    ends_at: datetime | None
    page_id: str = ""
    is_used: bool = False


@dataclass
class GrantBook:
    tokens: dict[str, Token] = field(default_factory=dict)
    # Apps that registered themselves: id → (secret, address to return to).
    apps: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Refreshes that were carried out, for tests that count them.
    refreshes: int = 0

    def issue(self, grant: Grant, kind: str, ends_at: datetime | None, *, page_id: str = "", prefix: str = "") -> str:
        token = prefix + secrets.token_urlsafe(32)
        self.tokens[token] = Token(grant, kind, ends_at, page_id)
        return token

    def find(self, token: str, kinds: Iterable[str], now: datetime, *, platform: str = "") -> Token | None:
        """The token while it is good."""
        known = self.tokens.get(token)
        if known is None or known.kind not in kinds or platform not in ("", known.grant.platform):
            return None
        is_over = known.ends_at is not None and known.ends_at <= now
        return None if is_over or known.is_used or known.grant.is_revoked else known

    def use(self, token: str, kind: str, now: datetime, *, platform: str) -> Grant | None:
        """Spends a code or a refresh token. One spent before ends all that came of it (RFC 9700, 4.14)."""
        known = self.tokens.get(token)
        if known is not None and known.is_used and (known.kind, known.grant.platform) == (kind, platform):
            known.grant.is_revoked = True
            return None
        good = self.find(token, (kind,), now, platform=platform)
        if good is None:
            return None
        good.is_used = True
        return good.grant

    def end_access(self, grant: Grant) -> None:
        """Access tokens of before a rotation are worth nothing any more."""
        for token in self.tokens.values():
            if token.grant is grant and token.kind == "access":
                token.is_used = True
