"""The one door to a channel's connector: access that ends is renewed before it ends, once in the whole installation.

A refresh token works once. What makes a renewal safe: one at a time (an advisory lock of the channel, which dies with
its worker), a note committed before the call, the new tokens sealed and committed before anybody uses them, and no
second guess when the answer was lost: one look, then people are told.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.budgets import ChannelBudget
from monitor.brands.models import Channel
from monitor.brands.registrations import app_of
from monitor.brands.sealing import Credentials, seal, unseal
from monitor.brands.selectors import channel_context
from monitor.logs import get_logger
from monitor.platforms.base import Condition, Connector, Platform
from monitor.platforms.budget import Budget
from monitor.platforms.errors import (
    AuthExpiredError,
    PlatformError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import can_renew, expires_at

log = get_logger(__name__)

#: Access is renewed this long before it ends: longer than any call or page of a round takes.
RENEW_BEFORE = timedelta(minutes=10)
#: After this many calls without a known answer the stored token is taken for dead.
MOST_OPEN = 2
#: Stands for a renewal that the platform has refused: nobody asks again until a person has signed in.
_REFUSED = MOST_OPEN + 1
_LOCK_SPACE = 7302


def open_connector(channel: Channel, *, budget: Budget | None = None, platform: Platform | None = None) -> Connector:
    """The channel's client with its credentials and its shared budget. No network yet. Raises SealBrokenError.

    Access that was got by signing in stays good for as long as the connector is used.
    """
    chosen = platform or get_platform(channel.platform)
    shared = budget if budget is not None else ChannelBudget(channel.pk)
    context = channel_context(channel)
    if not can_renew(context.credentials):
        return chosen.connect(context, shared)
    return cast(Connector, RenewingConnector(channel, chosen, shared))


class RenewingConnector:
    """Stands before a platform's connector. Whatever is called, the access is good; a refusal is renewed once."""

    def __init__(
        self, channel: Channel, platform: Platform, budget: Budget, *, now: Callable[[], datetime] = timezone.now
    ) -> None:
        self._channel = channel
        self._platform = platform
        self._budget = budget
        self._now = now
        self._open(unseal(channel.credentials))

    def _open(self, credentials: Mapping[str, str]) -> None:
        self._credentials = credentials
        context = channel_context(self._channel, credentials=credentials)
        self._connector: Any = self._platform.connect(context, self._budget)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connector, name)
        return self._renewing(name) if callable(found) and name != "streams" else found

    def examine(self) -> Sequence[Condition]:
        """A dead token is no error here but an answer: it is told only where it cannot be renewed."""
        found: Sequence[Condition] = self._renewing("examine")()
        if not any((each.aspect, each.code) == ("token", "token_expired") for each in found):
            return found
        try:
            is_fresh = self._renew(is_refused=True)
        except AuthExpiredError:
            return found
        return self._connector.examine() if is_fresh else found

    def _renewing(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if is_due(self._credentials, self._now()):
                self._renew_early()
            refusal: AuthExpiredError
            try:
                return getattr(self._connector, name)(*arguments, **options)
            except AuthExpiredError as error:
                refusal = error
            # Refused at the door: nothing was done, so the same call may go once more.
            if not self._renew(is_refused=True):
                raise refusal
            return getattr(self._connector, name)(*arguments, **options)

        return call

    def _renew_early(self) -> None:
        """What can be tried later does not stop a call that the old access still carries."""
        try:
            self._renew(is_refused=False)
        except AuthExpiredError:
            raise
        except PlatformError as error:
            end = expires_at(self._credentials)
            if end is None or self._now() >= end:
                raise
            log.warning("renewal_postponed", extra={"channel": self._channel.pk, "error": type(error).__name__})

    def _renew(self, *, is_refused: bool) -> bool:
        """True where there is other access than before."""
        before = self._credentials
        fresh = renew(channel_id=self._channel.pk, stale=before, is_refused=is_refused, now=self._now)
        if fresh.get("access_token") != before.get("access_token"):
            self._open(fresh)
            return True
        return False


def is_due(credentials: Mapping[str, str], now: datetime) -> bool:
    end = expires_at(credentials)
    return can_renew(credentials) and end is not None and now >= end - RENEW_BEFORE


def renew(
    *,
    channel_id: int,
    stale: Mapping[str, str],
    is_refused: bool = False,
    now: Callable[[], datetime] = timezone.now,
) -> Mapping[str, str]:
    """Credentials to go on with: those that another worker got meanwhile, else new ones from the platform.

    Raises AuthExpiredError when a person has to sign in again and other PlatformErrors when it can be tried later.
    """
    with _alone(channel_id):
        channel = Channel.objects.get(pk=channel_id)
        stored = unseal(channel.credentials)
        if stored.get("access_token") != stale.get("access_token") or not can_renew(stored):
            return stored
        end = expires_at(stored)
        is_over = is_refused or end is None or now() >= end
        if channel.open_renewals in range(1, _REFUSED) and not is_over:
            # An answer was lost, and the platform still takes what we have: asking again could end even that.
            return stored
        if channel.open_renewals == _REFUSED:
            raise _refused()
        if channel.open_renewals >= MOST_OPEN:
            raise _given_up(channel)
        return _call(channel, stored)


def _call(channel: Channel, stored: Credentials) -> Mapping[str, str]:
    signing = get_platform(channel.platform).signing
    app = app_of(channel.brand, channel.platform, api_url=channel.api_url)
    if signing is None or app is None:
        raise RejectedError("the settings of the app that this channel was signed in with are missing", code="no_app")
    _note(channel, channel.open_renewals + 1)
    try:
        fresh = signing.refresh(app, stored)
    except (RateLimitedError, UnavailableError, RejectedError):
        # Certainly not carried out: as if it had not been asked.
        _note(channel, channel.open_renewals)
        raise
    except AuthExpiredError:
        if channel.open_renewals:
            raise _given_up(channel) from None
        _note(channel, _REFUSED)
        raise _refused() from None
    except PlatformError as error:
        log.warning("renewal_unanswered", extra={"channel": channel.pk, "error": type(error).__name__})
        lost = UnavailableError("the answer to the renewal of the sign-in was lost")
        raise lost from None
    return _keep(channel, stored, fresh)


def _given_up(channel: Channel) -> AuthExpiredError:
    log.warning("renewal_given_up", extra={"channel": channel.pk})
    return AuthExpiredError("the answer to a renewal was lost, and the old token is used up", code="renewal_lost")


def _refused() -> AuthExpiredError:
    return AuthExpiredError("the platform does not renew this sign-in any more", code="renewal_refused")


def _note(channel: Channel, open_renewals: int) -> None:
    """Committed before the call: whoever comes after a worker that died must know that one was made."""
    with transaction.atomic(durable=True):
        Channel.objects.filter(pk=channel.pk).update(open_renewals=open_renewals)


def _keep(channel: Channel, stored: Credentials, fresh: Mapping[str, str]) -> Mapping[str, str]:
    """Sealed and committed before the first use. A person who connected the channel meanwhile comes first."""
    with transaction.atomic(durable=True):
        row = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        now_stored = unseal(row.credentials)
        if now_stored.get("refresh_token") != stored.get("refresh_token"):
            return now_stored
        Channel.objects.filter(pk=row.pk).update(credentials=seal(fresh), open_renewals=0)
    log.info("sign_in_renewed", extra={"channel": channel.pk})
    return Credentials(fresh)


@contextmanager
def _alone(channel_id: int) -> Iterator[None]:
    """One worker at a time, over several transactions; others wait for its outcome instead of asking themselves.

    A lock of the session and not of the row: a row's lock ends with the commit that must come before the call.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK_SPACE, channel_id % 2**31])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, channel_id % 2**31])
