"""Coded reasons in the reader's language: full sentences for a case's page, a word or two for the queue.

Each room below keeps the sentences of its own codes; this table brings them together.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime, now
from django.utils.translation import pgettext

from monitor.alerts.codes import sentence as alert_sentence
from monitor.console.labels import label_of
from monitor.console.wordings import ACTS, CHANNELS, ELIGIBILITY, GAPS, GUARD, PROBLEMS, PUT_ASIDE, SHORT, Words
from monitor.text.reason import Reason
from monitor.triage.reasons import SENTENCES as TRIAGE

#: Rooms in the order of the house; a code belongs to one of them.
SENTENCES: Final[Words] = {**TRIAGE, **ELIGIBILITY, **GUARD, **PROBLEMS, **GAPS, **CHANNELS, **PUT_ASIDE}


def sentence(reason: Mapping[str, Any] | Reason | str) -> str:
    """A stored reason as a sentence; an unknown code is shown as it is rather than hidden."""
    return _render(SENTENCES, reason)


def short(reason: Mapping[str, Any]) -> str:
    return _render(SHORT if reason["code"] in SHORT else SENTENCES, reason)


def problem(code: str) -> str:
    """Why something was not done: a code of the platforms, or of eligibility at the moment of sending."""
    known = next((name for name in (f"problem.{code}", f"eligibility.{code}") if name in SENTENCES), code)
    return sentence(known)


def notice(code: str, params: Mapping[str, Any]) -> str:
    """What an alert says: its codes in the reader's words, its times in the reader's zone."""
    return alert_sentence(code, spoken(params))


def spoken(params: Mapping[str, Any]) -> dict[str, Any]:
    """Params of an alert or a condition in the reader's words."""
    return {name: _spoken(name, value) for name, value in params.items()}


def _spoken(name: str, value: Any) -> Any:
    match name:
        case "why" if value:
            return problem(str(value))
        case "what" if value:
            return label_of("post_effect", value)
        case "topic" | "stream":
            return label_of(name, value)
        case "silence" if isinstance(value, int):
            return timesince(now() - timedelta(seconds=value), depth=1)
        case _ if (
            name in _MOMENTS and isinstance(value, str) and (at := parse_datetime(value)) is not None and at.tzinfo
        ):
            return date_format(localtime(at), pgettext("format of a time", "j M Y H:i"))
        case _:
            return value


_MOMENTS = frozenset({"since", "until", "at", "resets_at", "retry_at"})


def act(code: str, params: Mapping[str, Any]) -> str:
    """An act of the log as what follows a name."""
    return _render(ACTS, {"code": code, "params": params})


def strongest(reasons: list[Mapping[str, Any]], count: int = 4) -> list[Mapping[str, Any]]:
    """The reasons that added most; those that add nothing explain no priority."""
    weighed = [reason for reason in reasons if reason.get("weight")]
    return sorted(weighed, key=lambda reason: -abs(reason["weight"]))[:count]


def _render(table: Words, reason: Mapping[str, Any] | Reason | str) -> str:
    if isinstance(reason, Reason):
        reason = reason.to_json()
    if isinstance(reason, str):
        reason = {"code": reason}
    code = str(reason["code"])
    words = table.get(code, code)
    params = dict(reason.get("params", {}))
    if isinstance(followers := params.get("followers"), int):
        params = params | {"followers": number_format(followers, force_grouping=True)}
    try:
        # Not `str(words)` first: which form of a plural it is only the number among the parameters tells.
        return str(words % params)
    except (KeyError, ValueError, TypeError):
        # A translation that names a parameter we lack must not break the page; a plural without its number is "".
        return str(words) or code
