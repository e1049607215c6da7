"""Turns what connectors hand over into rows for COPY: cleaned, bounded, one a post, sorted. Pure.

Sorting by key is what keeps two writers of the same posts from waiting for each other in a circle.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.inbox.markets import MarketTable
from monitor.inbox.opt_out import wants_silence
from monitor.platforms.base import Attachment, IncomingPost, RawUpdate
from monitor.platforms.extra import NOTHING_TOLD
from monitor.text.clean import clean

PostKey = tuple[str, str]  # platform, external id

_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ID = 160
_LONGEST_AUTHOR_ID = 128

# Name and type of the columns of the temporary table, in the order of `post_row`. Values go over the wire in binary:
# where Python's own objects are slow to write (`WIRE`), the row holds what PostgreSQL's binary format is made of.
POST_COLUMNS: tuple[tuple[str, str], ...] = (
    ("public_id", "uuid"),
    ("platform", "text"),
    ("external_id", "text"),
    ("platform_id", "text"),
    ("conversation_key", "text"),
    ("author_key", "text"),
    ("author_handle", "text"),
    ("author_name", "text"),
    ("author_followers", "int8"),
    ("author_is_verified", "bool"),
    ("author_is_automated", "bool"),
    ("author_is_opted_out", "bool"),
    ("author_joined_at", "timestamptz"),
    ("form", "text"),
    ("text", "text"),
    ("language_hint", "text"),
    ("url", "text"),
    ("in_reply_to", "text"),
    ("attachments", "text"),
    ("place", "text"),
    ("market_id", "int8"),
    ("market_source", "text"),
    ("is_public", "bool"),
    ("is_own", "bool"),
    ("own_by", "text"),
    ("mentions_us", "bool"),
    ("quotes_us", "bool"),
    ("platform_version", "int4"),
    ("created_at", "timestamptz"),
    ("edited_at", "timestamptz"),
    ("is_hidden", "bool"),
    ("extra", "jsonb"),
    ("arrival", "text"),
)


# Type of a column → the type that its values are written as: a uuid is 16 bytes, a time is microseconds since 2000,
# a jsonb is as `wire_json` says.
WIRE = {"uuid": "bytea", "timestamptz": "int8", "jsonb": "bytea"}
POST_WIRE = tuple(WIRE.get(kind, kind) for _, kind in POST_COLUMNS)
_WIRE_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def wire_time(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _WIRE_EPOCH) // _MICROSECOND


def wire_json(text: str) -> bytes:
    """A jsonb value: its format's version, then the text."""
    return b"\x01" + text.encode()


_NO_IDS = wire_json("[]")
_NO_EXTRA = wire_json("{}")


@dataclass(frozen=True, slots=True)
class RawRow:
    """A line of the journal."""

    kind: str
    external_id: str
    author_ids: bytes  # as `wire_json`
    post_ids: bytes
    body_hash: bytes
    body: bytes


def exact(text: str) -> str:
    """`clean`, at once for the usual case."""
    return text if text.isascii() and "\x00" not in text else clean(text)


def bounded_id(external_id: str, longest: int = _LONGEST_ID) -> str:
    """A platform's id as we store it; one that is too long keeps its start and is told apart by its hash."""
    kept = exact(external_id)
    if len(kept) <= longest:
        return kept
    digest = hashlib.sha256(kept.encode()).hexdigest()[:32]
    return f"{kept[: longest - 33]}~{digest}"


def bounded_author_id(external_id: str) -> str:
    return bounded_id(external_id, _LONGEST_AUTHOR_ID)


def post_key(post: IncomingPost) -> PostKey:
    return post.platform, bounded_id(post.external_id)


def latest_by_key(posts: Iterable[IncomingPost]) -> dict[PostKey, IncomingPost]:
    """One post a key, sorted by key: the latest version, with what only an earlier one told (an own post stays own)."""
    chosen: dict[PostKey, IncomingPost] = {}
    for post in posts:
        key = post_key(post)
        other = chosen.get(key)
        chosen[key] = post if other is None else _merged(other, post)
    return dict(sorted(chosen.items()))


def _merged(first: IncomingPost, second: IncomingPost) -> IncomingPost:
    older, newer = (second, first) if _order(first) > _order(second) else (first, second)
    if older == newer:
        return newer
    return replace(
        newer,
        is_own=newer.is_own or older.is_own,
        own_by="us" if "us" in (newer.own_by, older.own_by) else newer.own_by or older.own_by,
        mentions_us=newer.mentions_us or older.mentions_us,
        quotes_us=newer.quotes_us or older.quotes_us,
        in_reply_to=newer.in_reply_to or older.in_reply_to,
        conversation_id=newer.conversation_id or older.conversation_id,
        url=newer.url or older.url,
        created_at=newer.created_at or older.created_at,
        is_hidden=older.is_hidden if newer.is_hidden is None else newer.is_hidden,
        extra=newer.extra.or_else(older.extra),
    )


def _order(post: IncomingPost) -> tuple[int, datetime]:
    return post.version, post.edited_at or _EPOCH


def make_public_ids(count: int) -> list[bytes]:
    """Time-ordered ids (RFC 9562, version 7), with one draw of chance for all: the database draws for each."""
    head = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    chance = os.urandom(10 * count)
    return [
        head
        + bytes((0x70 | chance[at] & 0x0F, chance[at + 1], 0x80 | chance[at + 2] & 0x3F))
        + chance[at + 3 : at + 10]
        for at in range(0, 10 * count, 10)
    ]


def post_row(public_id: bytes, key: PostKey, post: IncomingPost, markets: MarketTable, arrival: str) -> tuple[Any, ...]:
    """The values of POST_COLUMNS."""
    author = post.author
    place = exact(post.place)[:120]
    market_id, market_source = markets.choose(place=place, language=post.language_hint)
    is_own = post.is_own
    text = exact(post.text)
    asked = wants_silence(text) if post.form == "direct_message" and not is_own else None
    return (
        public_id,
        key[0],
        key[1],
        _platform_id(key, post),
        bounded_id(post.conversation_id or post.root_id) or key[1],
        bounded_author_id(author.external_id),
        exact(author.handle)[:128],
        exact(author.name)[:200],
        author.followers,
        author.is_verified,
        author.is_automated,
        asked,
        wire_time(author.joined_at),
        post.form,
        text,
        exact(post.language_hint)[:16],
        exact(post.url)[:500],
        bounded_id(post.in_reply_to),
        _attachments(post.attachments) if post.attachments else "[]",
        place,
        market_id,
        market_source,
        post.is_public,
        is_own,
        post.own_by if is_own else "",
        post.mentions_us,
        post.quotes_us,
        post.version,
        wire_time(post.created_at),
        wire_time(post.edited_at),
        post.is_hidden,
        _NO_EXTRA if post.extra is NOTHING_TOLD else wire_json(_encode(post.extra.to_json())),
        arrival,
    )


def _platform_id(key: PostKey, post: IncomingPost) -> str:
    """The id to act on; "" where there is none but the one we made."""
    if post.is_id_made:
        return ""
    return bounded_id(post.platform_id) if post.platform_id else key[1]


def _attachments(attachments: Sequence[Attachment]) -> str:
    listed = [
        {"kind": exact(part.kind), "url": exact(part.url), "alt_text": exact(part.alt_text)} for part in attachments
    ]
    return json.dumps(listed, ensure_ascii=False)


def raw_row(update: RawUpdate) -> RawRow:
    """The update as bytes. Escaped JSON, so that lone surrogates and NUL are kept as they came."""
    body = encode_body(update.body)
    return RawRow(
        exact(update.kind)[:48],
        bounded_id(update.external_id),
        wire_json(_encode([bounded_author_id(author_id) for author_id in update.author_ids])),
        wire_json(_encode([bounded_id(post_id) for post_id in update.post_ids])) if update.post_ids else _NO_IDS,
        hashlib.sha256(body).digest(),
        body,
    )


def emptied(row: RawRow) -> RawRow:
    """What came and when, and by its hash that it came, without what."""
    return replace(row, body=b"", post_ids=_NO_IDS)


def encode_body(body: Mapping[str, Any]) -> bytes:
    return _encode(body).encode("ascii")
