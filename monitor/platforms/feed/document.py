"""One feed document as plain entries. feedparser reads bytes that we fetched; it is never given an address to open."""

import calendar
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from xml.sax import SAXException

import feedparser

from monitor.platforms.errors import MalformedPayloadError, RejectedError
from monitor.platforms.feed.address import join_address, web_address
from monitor.platforms.feed.washing import MOST_ENTRIES, wash
from monitor.platforms.times import parse_time

_LONGEST_TEXT = 60_000
_LONGEST_TITLE = 1_000
_LONGEST_FIELD = 500
_MAIL = re.compile(r"[^\s<>()\"@]+@[^\s<>()\"@]+")
_MEDIA = re.compile(r"(image|audio|video)/")
# What broken documents have been seen to raise inside the library. RuntimeError is its own "not SGML".
_FAILURES = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, OverflowError, RecursionError,
    RuntimeError, SAXException,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """`entries` in the feed's order; `next_page` is the address of older entries (RFC 5005, "" where there is none)."""

    title: str
    entries: tuple[Mapping[str, Any], ...]
    deleted: tuple[tuple[str, datetime | None], ...] = ()
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str = ""
    kind: str = field(default="text/plain")


def read_document(body: bytes, content_type: str, address: str) -> Document:
    """Raises MalformedPayloadError for what is no feed."""
    washed, tombstones = wash(body, content_type)
    parsed = _parse(washed)
    feed = _plain(parsed.get("feed"))
    if not parsed.get("version") and not parsed.get("entries"):
        raise MalformedPayloadError("this is no feed")
    language = _short(feed.get("language"), 16)
    entries = [_entry(_plain(entry), language, address) for entry in parsed["entries"][:MOST_ENTRIES]]
    return Document(
        title=_text(feed, "title").text[:_LONGEST_FIELD],
        entries=tuple(entries),
        deleted=tuple((ref, _moment(when)) for ref, when in tombstones if ref),
        next_page=_next_page(feed, address),
    )


def _parse(washed: bytes) -> Mapping[str, Any]:
    # Without the address, so that ids stay what the publisher wrote; links are resolved below.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        # The markup is made text by ourselves; the library's own cleaning takes far longer and would leave markup.
        parsed = feedparser.parse(
            io.BytesIO(washed), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except _FAILURES as failure:
        name = type(failure).__name__
    else:
        return _plain(parsed)
    raise MalformedPayloadError(f"the feed could not be read ({name})")


def _plain(found: object) -> dict[str, Any]:
    """As a plain dict: the library's own answers for one name with the value of another."""
    return dict(found) if isinstance(found, dict) else {}


def _entry(entry: Mapping[str, Any], language: str, address: str) -> dict[str, Any]:
    """What we read of an entry, as JSON. No addresses of media, no e-mail addresses."""
    title, body = _text(entry, "title"), _body(entry)
    author = _author(entry)
    told: dict[str, Any] = {
        "id": _short(entry.get("id")),
        "link": _link(entry, address),
        "title": title.text[:_LONGEST_TITLE],
        "title_kind": title.kind,
        "body": body.text[:_LONGEST_TEXT],
        "body_kind": body.kind,
        "author": author[0],
        "author_url": author[1],
        "published": _time_of(entry, "published", "created"),
        "updated": _time_of(entry, "updated"),
        "language": _language(entry) or language,
        "rating": _short(entry.get("im_rating"), 8),
        "app_version": _short(entry.get("im_version"), 40),
        "in_reply_to": _parent(entry),
        "media": _media(entry),
    }
    return {name: value for name, value in told.items() if value}


def _link(entry: Mapping[str, Any], address: str) -> str:
    """Where a browser finds it. An id that is an address will do; one that is none is no link, whatever it says."""
    links = [_plain(link) for link in entry.get("links") or ()]
    for wanted in ("alternate", "related"):
        for link in links:
            if link.get("rel", "alternate") == wanted and isinstance(link.get("href"), str) and link["href"].strip():
                return _resolved(address, link["href"])
    return web_address(_short(entry.get("id")))


def _resolved(address: str, reference: str) -> str:
    try:
        return web_address(join_address(address, reference[:_LONGEST_FIELD]))
    except RejectedError:
        return ""


def _text(source: Mapping[str, Any], name: str) -> _Text:
    detail = _plain(source.get(f"{name}_detail"))
    value = detail.get("value", source.get(name))
    kind = detail.get("type")
    return _Text(value if isinstance(value, str) else "", kind if isinstance(kind, str) else "text/plain")


def _body(entry: Mapping[str, Any]) -> _Text:
    """The whole text where there is one, else the summary; words without markup before words with it."""
    contents = [_plain(part) for part in entry.get("content") or () if isinstance(part, dict)]
    texts = [_Text(str(part.get("value") or ""), str(part.get("type") or "text/html")) for part in contents]
    texts = [text for text in texts if text.text.strip()]
    plain = [text for text in texts if text.kind == "text/plain"]
    return next(iter(plain or texts), _text(entry, "summary"))


def _author(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Name and address of whoever wrote it; the paper that an aggregator names as its source, where nobody is named."""
    authors = [_plain(one) for one in entry.get("authors") or () if isinstance(one, dict)]
    author = next((one for one in [_plain(entry.get("author_detail")), *authors] if one), {})
    # The library parts names from mail addresses by itself, and wrongly where the address ends in a longer domain.
    name = _without_mail(_short(entry.get("author")) or _short(author.get("name")))
    url = web_address(_short(author.get("href"), _LONGEST_FIELD))
    if not name and not url:
        source = _plain(entry.get("source"))
        name = _without_mail(_short(source.get("title")))
    return name[:200], url


def _without_mail(name: str) -> str:
    return _MAIL.sub("", name).strip(" \t\n()<>\"'")


def _time_of(entry: Mapping[str, Any], *names: str) -> str:
    for name in names:
        parsed = entry.get(f"{name}_parsed")
        if isinstance(parsed, struct_time):
            try:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC).isoformat()
            except (ValueError, OverflowError, OSError):
                continue
    return ""


def _language(entry: Mapping[str, Any]) -> str:
    for detail in (*(entry.get("content") or ()), entry.get("summary_detail"), entry.get("title_detail")):
        if language := _short(_plain(detail).get("language"), 16):
            return language
    return ""


def _parent(entry: Mapping[str, Any]) -> str:
    """RFC 4685."""
    return _short(_plain(entry.get("thr_in-reply-to")).get("ref"))


def _media(entry: Mapping[str, Any]) -> list[str]:
    """Kinds of what hangs on the entry. Podcasts' sounds and the like are noted, never fetched or stored."""
    links = [_plain(link) for link in entry.get("links") or ()]
    enclosed = [link for link in links if link.get("rel") == "enclosure"]
    parts: Sequence[Any] = [*enclosed, *(entry.get("media_content") or ())][:20]
    kinds = []
    for part in map(_plain, parts):
        found = _MEDIA.match(str(part.get("type") or ""))
        medium = str(part.get("medium") or "")
        kinds.append(found[1] if found else medium if medium in ("image", "audio", "video") else "file")
    return kinds[:10]


def _next_page(feed: Mapping[str, Any], address: str) -> str:
    for link in map(_plain, feed.get("links") or ()):
        if link.get("rel") == "next" and isinstance(link.get("href"), str):
            return _resolved(address, link["href"])
    return ""


def _short(value: object, longest: int = _LONGEST_FIELD) -> str:
    return value.strip()[:longest] if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except MalformedPayloadError:
        return None
