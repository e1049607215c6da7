"""The fake X's lists: which posts are in them, the bounds that a call may set, and pages by token."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.platforms.times import parse_time, snowflake_time
from monitor.simulators.world import Entry, World
from monitor.simulators.x_shapes import names_in, shown_text

MENTION_LIMIT = 800
SEARCH_DAYS = timedelta(days=7)
Row = TypeVar("Row")


class InvalidRequestError(ValueError):
    """A parameter that X would refuse with 400."""


def mentions(world: World, user_id: str) -> list[Entry]:
    """The newest 800 posts of others that hold the user's handle."""
    user = world.person_by_id("x", user_id)
    named = [each for each in world.visible("x") if each.author is not user and user in names_in(world, each)]
    return named[:MENTION_LIMIT]


def written_by(world: World, user_id: str) -> list[Entry]:
    return [each for each in world.visible("x") if each.author.external_id == user_id]


def search(world: World, query: str) -> list[Entry]:
    """Words, "phrases", @handles, -from: and any of several quotes_of_tweet_id: of the last seven days; other operators
    are let pass."""
    since = world.now() - SEARCH_DAYS
    tests = [_test_of(term) for term in re.findall(r'"[^"]*"|\S+', query)]
    if quoted := set(re.findall(r"quotes_of_tweet_id:(\d+)", query)):
        tests.append(lambda entry, _text: entry.quoted_id in quoted)
    return [
        each
        for each in world.visible("x")
        if each.created_at >= since and all(test(each, shown_text(world, each)[0].casefold()) for test in tests)
    ]


def _test_of(term: str) -> Callable[[Entry, str], bool]:
    negated = term.startswith("-")
    term = term.removeprefix("-").strip("()").casefold()
    if term.startswith("from:"):
        handle = term.removeprefix("from:")
        return lambda entry, _text: (entry.author.handle.casefold() == handle) is not negated
    if ":" in term or term in ("or", ""):
        return lambda _entry, _text: True
    phrase = term.strip('"')
    return lambda _entry, text: (phrase in text) is not negated


def bounded(world: World, rows: Sequence[Entry], query: Mapping[str, str], *, horizon: timedelta | None) -> list[Entry]:
    """Applies since_id, until_id, start_time and end_time; since_id beats start_time."""
    since, until = _identifier(query, "since_id"), _identifier(query, "until_id")
    start, end = _moment(query, "start_time"), _moment(query, "end_time")
    if since is not None and horizon is not None and _is_older(str(since), world.now() - horizon):
        raise InvalidRequestError("'since_id' must be a tweet id created after the start of the search window.")
    return [
        row
        for row in rows
        if (since is None or int(row.identifier) > since)
        and (until is None or int(row.identifier) < until)
        and (since is not None or start is None or row.created_at >= start)
        and (end is None or row.created_at < end)
    ]


def page_of(
    rows: Sequence[Row], query: Mapping[str, str], *, smallest: int, name_of: Callable[[Row], str]
) -> tuple[list[Row], str]:
    """The rows of this page, and the token of the next one. A token holds the id after which it goes on."""
    size = _whole(query, "max_results", 10)
    if not smallest <= size <= 100:
        raise InvalidRequestError(f"The `max_results` query parameter value [{size}] is not between {smallest} and 100")
    token = query.get("pagination_token") or query.get("next_token")
    start = 0
    if token:
        names = [name_of(row) for row in rows]
        last = _name_in(token)
        if last not in names:
            raise InvalidRequestError("The `pagination_token` query parameter value is not valid")
        start = names.index(last) + 1
    page = list(rows[start : start + size])
    has_next = len(rows) > start + size
    return page, _token_of(name_of(page[-1])) if page and has_next else ""


def _token_of(name: str) -> str:
    return base64.urlsafe_b64encode(f"after:{name}".encode()).decode().rstrip("=")


def _name_in(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().removeprefix("after:")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidRequestError("The `pagination_token` query parameter value is not valid") from None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise InvalidRequestError(f"The `{name}` query parameter value [{text}] is not a number")
    return int(text)


def _identifier(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,19}", text):
        raise InvalidRequestError(f"The `{name}` query parameter value [{text}] does not match ^[0-9]{{1,19}}$")
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        raise InvalidRequestError(f"The `{name}` query parameter value [{text}] is not a valid time")
    return parse_time(text)


def _is_older(identifier: str, moment: datetime) -> bool:
    made_at = snowflake_time(identifier)
    return made_at is None or made_at < moment
