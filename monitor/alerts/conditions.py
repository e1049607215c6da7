"""How a channel's connection is, in words: what is wrong in one aspect of it, and what to do.

Codes are those of `platforms.examining`. Pages, commands and alerts show the same sentences; times in params are put
into the reader's zone by whoever shows them.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

#: aspect -> its heading.
ASPECTS: Final[Mapping[str, Promise]] = {
    "token": _("Login"),
    "scopes": _("Rights"),
    "webhook": _("Push"),
    "quota": _("Allowance"),
}
STATES: Final[Mapping[str, Promise]] = {
    "ok": _("In order"),
    "warning": _("Look at it"),
    "broken": _("Broken"),
    "unknown": _("Not known"),
}
_CONNECT_AGAIN = _("Connect the channel again.")

#: (aspect, code) -> (what is wrong, what to do).
WORDS: Final[Mapping[tuple[str, str], tuple[Promise, Promise | str]]] = {
    ("token", "token_expired"): (_("The platform no longer accepts our login."), _CONNECT_AGAIN),
    ("token", "token_expires"): (_("The login ends at %(at)s."), _("Connect the channel again before that.")),
    ("token", "revoked"): (
        _("Somebody has withdrawn our access."),
        _("Connect the channel again, or remove it if that was intended."),
    ),
    ("token", "credentials_unreadable"): (
        _("The stored credentials cannot be opened with the keys of this installation."),
        _("Put the old key back into MENTIONDESK_CREDENTIAL_KEYS, or connect the channel again."),
    ),
    ("token", "wrong_identity"): (
        _("The login belongs to somebody else than this channel."),
        _("Connect the channel again with the login of the right profile or page."),
    ),
    ("token", "policy_block"): (
        _("The platform has blocked our app or this channel."),
        _("Look into the platform's developer console; resume the channel when the block is lifted."),
    ),
    ("token", "permission_missing"): (
        _("The platform does not let us in."),
        _("Grant the permission in the platform's settings and connect the channel again."),
    ),
    ("token", "version_changed"): (
        _("The platform answers with version %(served)s of its interface, where we ask for %(asked)s."),
        _("Update Mentiondesk soon."),
    ),
    ("token", "address_changed"): (
        _("The publisher asks to use another address of the same site: %(to)s. It is still read."),
        _("Connect the new address before the old one ends, and pause the old channel."),
    ),
    ("token", "gone"): (
        _("The platform does not know this channel (any more)."),
        _("Check its id, or connect the one that took its place."),
    ),
    ("token", "moved"): (
        _("The feed sends its readers to another place."),
        _("Look at the new address. If it is the right one, connect it and pause the old channel."),
    ),
    ("token", "retired"): (
        _("The publisher has given up this feed."),
        _("Look for another feed of the same site, or pause the channel."),
    ),
    ("token", "no_feed"): (_("There is no feed at this address."), _("Check the address in a browser.")),
    ("token", "not_public"): (
        _("The address leads into a private network and is not called."),
        _("Connect an address of the public internet. If it used to be one, ask the publisher."),
    ),
    ("token", "bad_request"): (
        _("The platform does not accept how we ask."),
        _("Check the channel's id and its search; update Mentiondesk."),
    ),
    ("token", "unreachable"): (
        _("The platform does not let us see this channel."),
        _("Check in its own app whether it is private or has blocked us."),
    ),
    ("scopes", "permission_missing"): (
        _("The right %(rights)s is missing."),
        _("Connect the channel again and allow it."),
    ),
    ("scopes", "direct_messages_closed"): (
        _("The app password may not read direct messages; everything else works."),
        _("Make an app password that may read them, and connect the channel again with it."),
    ),
    ("scopes", "writes_unproven"): (_("Reading is allowed. Whether writing is shows with the first answer."), ""),
    ("scopes", "not_told"): (_("The platform does not tell what this login may do."), ""),
    ("webhook", "not_subscribed"): (
        _("The platform does not push to us. Reading finds everything, only later."),
        _("Subscribe again."),
    ),
    ("webhook", "fields_missing"): (
        _("The platform does not push everything: %(fields)s is missing."),
        _("Subscribe again."),
    ),
    ("webhook", "invalid"): (
        _("The platform has given up on our address (%(reason)s)."),
        _("Check that it can be reached from outside, then subscribe again."),
    ),
    ("webhook", "elsewhere"): (
        _("The platform pushes to another address (%(address)s)."),
        _("Subscribe again to have it push to this installation."),
    ),
    ("webhook", "failing"): (
        _("Nothing has been pushed since %(since)s, though reading has found new posts."),
        _("Check that our address can be reached from outside and that the app's secret is right; subscribe again."),
    ),
    ("webhook", "not_told"): (_("The platform does not tell whether it pushes."), ""),
    ("quota", "low"): (_("%(remaining)s of %(limit)s calls are left."), _("We read less often.")),
    ("quota", "spent"): (
        _("The money or the plan's calls are spent."),
        _("Raise the channel's daily cap or the plan, or wait. Sending goes on as long as money is left for it."),
    ),
    ("quota", "rate_limited"): (_("No calls are left for now."), _("Wait: nothing is lost.")),
    ("quota", "not_told"): (_("The platform does not tell how many calls are left."), ""),
}  # fmt: skip
_WELL: Final[Mapping[str, Promise]] = {
    "token": _("The login is accepted."),
    "scopes": _("All rights that we need are there."),
    "webhook": _("The platform pushes to us."),
    "quota": _("Calls enough."),
}
_OPEN_TO_ALL = _("It answers; no login is needed.")
#: A right that is missing without a name.
_NAMELESS = (_("A right is missing."), _("Connect the channel again and allow everything that is asked for."))
_UNSEEN = _("Not looked at yet.")
_AGAIN = _("New ones come at %(moment)s.")


class _Params(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(aspect: str, state: str, code: str, params: Mapping[str, Any], *, has_login: bool = True) -> str:
    """What was found, in the reader's language. `has_login` is false for channels without credentials."""
    if not code and (aspect, state) == ("token", "ok") and not has_login:
        return str(_OPEN_TO_ALL)
    if not code:
        return str(_WELL.get(aspect, "") if state == "ok" else _UNSEEN)
    words = _words(aspect, code, params)
    if words is None:
        return code
    said = str(words[0]) % _Params({name: value or "?" for name, value in params.items()})
    again = params.get("resets_at") or params.get("retry_at")
    return f"{said} {str(_AGAIN) % {'moment': again}}" if again and state != "ok" else said


def what_to_do(aspect: str, code: str, params: Mapping[str, Any]) -> str:
    """The next step; "" where there is none."""
    words = _words(aspect, code, params)
    return str(words[1]) if words else ""


def _words(aspect: str, code: str, params: Mapping[str, Any]) -> tuple[Promise, Promise | str] | None:
    if (aspect, code) == ("scopes", "permission_missing") and not params.get("rights"):
        return _NAMELESS
    return WORDS.get((aspect, code))


def alert_code(aspect: str, code: str) -> str:
    """The code of the alert that tells of it (`codes.CODES`)."""
    return f"channel.{aspect}.{code}"


def of_channel(words: Promise) -> Any:
    """The sentence with the channel's name in front, for alerts."""
    return format_lazy("%(channel)s: {}", words)
