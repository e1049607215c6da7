"""What the columns of other people's files are called, and what a row becomes: a post, or the reason why not. Pure."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.inbox.dates import read_date
from monitor.platforms.base import FORMS, IncomingAuthor, IncomingPost, RawUpdate
from monitor.platforms.extra import LONGEST, Extra, recommendation_in, stars_in

LONGEST_TEXT = 100_000
# What spreadsheets make of a long id.
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+?\d{2}")

# Our name of a column, and other names that are taken for it; the first that a row has counts.
SYNONYMS: Mapping[str, Sequence[str]] = {
    "text": (
        "text", "content", "review", "body", "message", "tweet", "comment", "full_text", "review_text", "review_body",
        "tweet_text", "post", "caption",
    ),
    "id": ("id", "id_str", "post_id", "tweet_id", "review_id", "comment_id", "message_id", "status_id"),
    "form": ("form",),
    "author": ("author", "author_id", "user_id", "username", "user_name", "handle", "screen_name", "user"),
    "author_name": ("author_name", "display_name", "name"),
    "followers": ("followers", "followers_count", "follower_count"),
    "author_created_at": ("author_created_at", "user_created_at", "account_created_at"),
    "created_at": (
        "created_at", "created", "date", "datetime", "time", "timestamp", "published_at", "posted_at", "review_date",
    ),
    "lang": ("lang", "language"),
    "url": ("url", "link", "permalink"),
    "conversation_id": ("conversation_id", "thread_id"),
    "in_reply_to": ("in_reply_to", "in_reply_to_status_id", "in_response_to_tweet_id", "parent_id"),
    "stars": ("stars", "star_rating", "rating", "review_rating"),
    "recommends": ("recommends", "recommendation_type", "recommended", "recommendation"),
    "app_version": ("app_version", "app_version_name", "appversion", "review_created_version", "reviewcreatedversion"),
    "device": ("device", "device_model"),
    "ad_id": ("ad_id",),
}  # fmt: skip

COLUMNS_HELP = (
    "Columns: text is needed (also called " + ", ".join(SYNONYMS["text"][1:]) + "); used where there: "
    "id, form (" + ", ".join(FORMS) + "), author, author_name, followers, author_created_at, "
    "created_at (also date, time, timestamp; day and month must be certain, else the post counts as undated), lang, "
    "url, conversation_id, in_reply_to, stars (1 to 5), recommends (yes or no), app_version, device, ad_id. "
    "Other columns are kept in the raw event."
)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as a post that may still lack its id; `identity` is what its id is made of where the file has none."""

    post: IncomingPost
    identity: bytes
    is_undated: bool

    def with_id(self, external_id: str) -> IncomingPost:
        return replace(self.post, external_id=external_id, is_id_made=True)


class UnusableRowError(Exception):
    """The row is readable but is no post; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ColumnNames:
    """Finds our columns under the names that a file uses. Case, spaces and hyphens do not matter."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], dict[str, str]] = {}

    def map(self, names: Sequence[str]) -> dict[str, str]:
        """Our name → the file's name, for what is there."""
        key = tuple(names)
        if key not in self._known:
            if len(self._known) > 1000:
                self._known.clear()
            by_plain = {_plain(name): name for name in reversed(names)}
            self._known[key] = {
                ours: by_plain[found]
                for ours, synonyms in SYNONYMS.items()
                if (found := next((synonym for synonym in synonyms if synonym in by_plain), None)) is not None
            }
        return self._known[key]


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").split())


def read_row(cells: Mapping[str, Any], mapping: Mapping[str, str], platform: str) -> ReadRow:
    """The post. Raises UnusableRowError."""

    def cell(name: str) -> Any:
        return cells.get(mapping[name]) if name in mapping else None

    text = cell("text")
    if text is None or text == "":
        raise UnusableRowError("row.no_text")
    if not isinstance(text, str):
        raise UnusableRowError("row.text_is_no_text")
    if not text.replace("\x00", "").strip():
        raise UnusableRowError("row.no_text")
    if len(text) > LONGEST_TEXT:
        raise UnusableRowError("row.text_too_long")
    author, raw_date = _word(cell("author")).removeprefix("@"), cell("created_at")
    form = _word(cell("form")).casefold()
    created_at = read_date(raw_date)
    post = IncomingPost(
        platform=platform,
        external_id=_identifier(cell("id")),
        form=form if form in FORMS else "post",
        text=text,
        author=_author(author, _word(cell("author_name")), cell("followers"), cell("author_created_at")),
        created_at=created_at,
        conversation_id=_identifier_if_sound(cell("conversation_id")),
        in_reply_to=_identifier_if_sound(cell("in_reply_to")),
        url=_address(_word(cell("url"))),
        language_hint=_word(cell("lang")),
        is_public=form != "direct_message",
        extra=_extra(cell),
    )
    return ReadRow(post, _identity(platform, author, raw_date, text), created_at is None)


def _extra(cell: Callable[[str], Any]) -> Extra:
    """What the row tells beyond the words; what is no such thing (8 of 10 stars) stays in the raw event."""
    words = {name: _word(cell(name)) for name in LONGEST}
    return Extra(stars=stars_in(cell("stars")), recommends=recommendation_in(cell("recommends")), **words)


def _word(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        # How some programs write "nothing".
        return ""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _identifier(value: Any) -> str:
    """An id as text. A number with a fraction has lost digits on its way (1.92e18): such an id would be a wrong one."""
    if isinstance(value, bool | dict | list) or (isinstance(value, str) and _ROUNDED.fullmatch(value.strip())):
        raise UnusableRowError("row.bad_id")
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= 2**53:
            raise UnusableRowError("row.bad_id")
        return str(int(value))
    return "" if value is None else str(value).strip()


def _identifier_if_sound(value: Any) -> str:
    """The id of another post or thread: a wrong one costs the link, not the row."""
    try:
        return _identifier(value)
    except UnusableRowError:
        return ""


def _author(external_id: str, name: str, followers: Any, joined_at: Any) -> IncomingAuthor:
    count = _word(followers).replace(",", "")
    is_count = count.isascii() and count.isdigit() and len(count) <= 15
    handle = "" if external_id.isdigit() else external_id
    followers_count = int(count) if is_count else None
    return IncomingAuthor(
        external_id, handle=handle, name=name, followers=followers_count, joined_at=read_date(joined_at)
    )


def _address(url: str) -> str:
    # Shown as a link later: nothing but the web's own schemes.
    return url if url.startswith(("https://", "http://")) else ""


def _identity(platform: str, author: str, raw_date: Any, text: str) -> bytes:
    """As the file spells it, so that a cleverer reader of dates does not make it another post."""
    words = "\0".join((platform, author, "" if raw_date is None else str(raw_date), text))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()


def made_id(identity: bytes, occurrence: int) -> str:
    """The id of a row without one; `occurrence` counts equal rows of a file from 1."""
    return "row-" + hashlib.sha256(identity + occurrence.to_bytes(4, "big")).hexdigest()[:32]


def raw_update(post: IncomingPost, cells: Mapping[str, Any]) -> RawUpdate:
    return RawUpdate(
        "import_row", post.external_id, cells, (post.author.external_id,) if post.author.external_id else ()
    )
