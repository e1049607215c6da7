"""Asks the platforms whether a channel's token, permissions and version still do: one call a channel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.commands.findings import BAD, GOOD, WARN, Finding

CONNECT_AGAIN = "connect it again with `mentiondesk connect`"

_ADVICE = {
    "needs_reauth": f"the platform no longer accepts its token; {CONNECT_AGAIN}",
    "blocked": f"the platform refuses a permission; grant it there (docs/channels.md lists them), then {CONNECT_AGAIN}",
    "paused": "a person paused it",
    "disconnected": "a person disconnected it",
}
_NOTICES: Mapping[str, tuple[str, str]] = {
    "direct_messages_closed": (
        WARN,
        "its app password may not read direct messages, everything else works; make one that may, then "
        + CONNECT_AGAIN,
    ),
    "wrong_identity": (
        BAD,
        "its token belongs to {is}, not to {expected}; " + CONNECT_AGAIN + ", with a token of {expected}",
    ),
    "version_changed": (
        WARN,
        "the platform answers with version {served} where {asked} was asked for; it has retired that one: update "
        "Mentiondesk",
    ),
    "address_changed": (
        WARN,
        "the publisher asks to use {to} instead; it is still read, but connect that address before this one ends",
    ),
}


def ask_platform(channel: Any, budget: Any) -> Sequence[Any]:
    """The notices of one look at the platform. Raises PlatformError, SealBrokenError."""
    from monitor.brands.services import open_connector

    return open_connector(channel, budget=budget).check()


def examine_channels() -> Iterator[Finding]:
    from monitor.brands.models import Channel

    channels = Channel.objects.select_related("brand").prefetch_related("conditions").order_by("pk")
    if not channels:
        yield Finding(WARN, "channels", "none is connected: connect one with `mentiondesk connect`")
    for channel in channels:
        subject = f"channel {channel.pk} ({channel.platform}, {channel})"
        for state, says in _examine_channel(channel):
            yield Finding(state, subject, says)


def _examine_channel(channel: Any) -> Iterator[tuple[str, str]]:
    from monitor.platforms.registry import get_platform, platform_codes

    if advice := _ADVICE.get(channel.state):
        code = f"{channel.state_code}: " if channel.state_code else ""
        yield WARN if channel.state in ("paused", "disconnected") else BAD, code + advice
    elif channel.kind == "import" or channel.platform not in platform_codes():
        yield GOOD, "healthy; nothing is read from it but files"
    elif not channel.credentials and get_platform(channel.platform).declaration.needs_credentials:
        yield BAD, f"has no credentials; {CONNECT_AGAIN}"
    else:
        yield from _examine_token(channel)


def _examine_token(channel: Any) -> Iterator[tuple[str, str]]:
    """A finding a notice. The call counts for the channel's own limits and is refused where they are spent."""
    from monitor.brands.budgets import ChannelBudget
    from monitor.brands.sealing import SealBrokenError
    from monitor.platforms.errors import PlatformError

    try:
        notices = ask_platform(channel, ChannelBudget(channel.pk))
    except PlatformError as error:
        yield _judge(error)
        return
    except SealBrokenError as error:
        yield BAD, f"{error} Put the key back, or {CONNECT_AGAIN}"
        return
    known = list(_known_conditions(channel, {notice.code for notice in notices}))
    for notice in notices:
        yield judge_notice(notice)
    yield from known
    if not notices and not known:
        yield GOOD, "healthy; the platform accepts its token" if channel.credentials else "healthy; it answers"


def _known_conditions(channel: Any, told: set[str]) -> Iterator[tuple[str, str]]:
    """Rights, push and allowance as the last look found them: within the hour, and without another call."""
    from monitor.commands.administration import condition_facts

    for row in channel.conditions.all():
        if row.aspect != "token" and row.state in ("warning", "broken") and row.code not in told:
            facts = condition_facts(row)
            yield BAD if row.state == "broken" else WARN, f"{facts['says']} {facts['what_to_do']}".strip()


def judge_notice(notice: Any) -> tuple[str, str]:
    """How bad it is, and what to do."""
    if notice.code not in _NOTICES:
        return WARN, f"{notice.code} {json.dumps(dict(notice.params), ensure_ascii=False)}"
    state, says = _NOTICES[notice.code]
    return state, says.format(**notice.params)


def _judge(error: Any) -> tuple[str, str]:
    from monitor.platforms.errors import AuthExpiredError, QuotaExceededError, RateLimitedError, RejectedError

    told = error.message.rstrip(".")
    if isinstance(error, AuthExpiredError):
        return BAD, f"the platform does not accept its token ({told}); {CONNECT_AGAIN}"
    if isinstance(error, RejectedError):
        what = (
            "a permission is missing"
            if error.code == "permission_missing"
            else f"the platform refuses it: {error.code}"
        )
        return BAD, f"{what} ({told}); docs/channels.md lists what a token needs; {CONNECT_AGAIN}"
    if isinstance(error, RateLimitedError | QuotaExceededError):
        return WARN, f"its calls are spent for now, so its token was not looked at ({told}); nothing is to be done"
    return WARN, f"could not be asked ({told}); look at the network, nothing is lost and it is tried again"
