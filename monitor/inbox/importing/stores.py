"""Reviews that app stores hand out, known by the names of their columns: a row in our words. Pure.

Google Play: the monthly CSV of the Play Console (https://support.google.com/googleplay/android-developer/answer/6135870).
App Store: customerReviews of the App Store Connect API, one a line or as a table
(https://developer.apple.com/documentation/appstoreconnectapi/customerreview).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from monitor.inbox.columns import ReadRow, UnusableRowError, read_row
from monitor.inbox.dates import read_date
from monitor.platforms.base import IncomingPost

_REVIEW_ID = re.compile(r"[?&#:]\s*(?:reviewId|id)=([^&#\s]+)")
_APPLE_ATTRIBUTES = ("rating", "title", "body", "reviewernickname", "createddate", "territory")
_PLAIN_CELLS = {
    name: name
    for name in (
        *("text", "id", "form", "author", "author_name", "created_at", "lang", "url"),
        *("stars", "app_version", "device"),
    )
}


class WordlessError(Exception):
    """Stars alone: no review, and nothing wrong with the row."""


@dataclass(frozen=True, slots=True)
class Store:
    """`platform`: the code under which its reviews are kept. `needed`: columns by which a file of it is known."""

    platform: str
    needed: frozenset[str]
    read: Callable[[Mapping[str, Any]], tuple[dict[str, Any], datetime | None, str]]


def store_of(names: Collection[str], first: Mapping[str, Any] | None = None) -> Store | None:
    """The store whose file has these columns; of a file without columns its first row tells."""
    if first is not None and isinstance(first.get("attributes"), Mapping):
        names = list(first["attributes"]) if first.get("type") == "customerReviews" else names
    plain = {_plain(name) for name in names}
    return next((store for store in STORES if store.needed <= plain), None)


def read_review(store: Store, row: Mapping[str, Any], platform: str) -> ReadRow:
    """The review. Raises WordlessError for stars alone and UnusableRowError."""
    cells, edited_at, place = store.read(row)
    if not str(cells.get("text") or "").strip():
        raise WordlessError
    found = read_row(cells, _PLAIN_CELLS, platform)
    review = replace(found.post, conversation_id=found.post.external_id, edited_at=edited_at, place=place)
    return replace(found, post=review)


def is_later(one: IncomingPost, other: IncomingPost) -> bool:
    """Which of two rows about one review tells its last state."""
    oldest = datetime.min.replace(tzinfo=UTC)
    return (one.edited_at or one.created_at or oldest) > (other.edited_at or other.created_at or oldest)


def _google(row: Mapping[str, Any]) -> tuple[dict[str, Any], datetime | None, str]:
    told = {_plain(name): value for name, value in row.items()}
    link = str(told.get("reviewlink") or "").strip()
    found = _REVIEW_ID.search(link)
    created_at = read_date(told.get("reviewsubmitmillissinceepoch") or told.get("reviewsubmitdateandtime"))
    changed_at = read_date(told.get("reviewlastupdatemillissinceepoch") or told.get("reviewlastupdatedateandtime"))
    cells = {
        "text": _words(told.get("reviewtitle"), told.get("reviewtext")),
        "id": unquote(found[1]) if found else "",
        "form": "review",
        "created_at": created_at.isoformat() if created_at else "",
        "lang": told.get("reviewerlanguage") or "",
        "url": link,
        "stars": told.get("starrating"),
        # Releases have a name for people and a number for the store.
        "app_version": told.get("appversionname") or told.get("appversioncode"),
        "device": told.get("device"),
    }
    is_changed = created_at is not None and changed_at is not None and changed_at > created_at + timedelta(seconds=1)
    return cells, changed_at if is_changed else None, ""


def _apple(row: Mapping[str, Any]) -> tuple[dict[str, Any], datetime | None, str]:
    attributes = row.get("attributes")
    nested = attributes if isinstance(attributes, Mapping) else {}
    told = {_plain(name): value for name, value in {**row, **nested}.items()}
    name = _text(told.get("reviewernickname"))
    cells = {
        "text": _words(told.get("title"), told.get("body")),
        "id": told.get("id") or told.get("reviewid") or "",
        "form": "review",
        # A nickname belongs to one person of the store.
        "author": f"apps.apple.com/{name.casefold()}" if name else "",
        "author_name": name,
        "created_at": told.get("createddate") or "",
        "lang": "",
        "url": "",
        "stars": told.get("rating"),
    }
    return cells, None, _text(told.get("territory"))


def _words(title: Any, body: Any) -> Any:
    """The title is said once. What is no text is left to `read_row`, which says so."""
    if any(each is not None and not isinstance(each, str) for each in (title, body)):
        raise UnusableRowError("row.text_is_no_text")
    said, more = _text(title), _text(body)
    return more if not said or more.startswith(said.rstrip("…")) else f"{said}\n\n{more}".strip()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _plain(name: object) -> str:
    return "".join(letter for letter in str(name).casefold() if letter.isalnum())


STORES: Sequence[Store] = (
    Store(
        "google_play",
        frozenset({"packagename", "starrating", "reviewtext", "reviewlink", "reviewsubmitmillissinceepoch"}),
        _google,
    ),
    Store("app_store", frozenset(_APPLE_ATTRIBUTES), _apple),
)
