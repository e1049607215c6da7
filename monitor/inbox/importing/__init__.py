"""`mentiondesk import`: posts from a file, through the same ingest as everything else. Idempotent, in constant memory.

`files.py` reads rows, `inbox.columns` makes posts of them, `stores.py` those of app stores.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path

from django.db import connection

from monitor.audit import services as audit
from monitor.brands.models import Brand, Channel
from monitor.brands.services import create_brand
from monitor.inbox.columns import (
    COLUMNS_HELP,
    SYNONYMS,
    ColumnNames,
    ReadRow,
    UnusableRowError,
    made_id,
    raw_update,
    read_row,
)
from monitor.inbox.importing.files import BadRow, ImportFileError, Row, open_rows
from monitor.inbox.importing.reports import SHOWN, ImportReport, Rejection
from monitor.inbox.importing.stores import Store, WordlessError, is_later, read_review, store_of
from monitor.inbox.models import Arrival
from monitor.inbox.rows import bounded_id, exact
from monitor.inbox.services.quarantine import PutAside, put_aside
from monitor.inbox.services.storing import IngestReport, ingest
from monitor.platforms.base import IncomingPost
from monitor.platforms.registry import allows_learning, asks_about_learning, code_of, may_be_allowed, platform_name

__all__ = ["COLUMNS_HELP", "ImportFileError", "ImportReport", "import_file"]

_CHUNK_ROWS = 1000
_CHUNK_BYTES = 8 * 1024 * 1024
_LOOK_ROWS = 50


@dataclass
class _Chunk:
    """What one transaction stores."""

    posts: dict[str, IncomingPost] = field(default_factory=dict)
    lines: dict[str, Row] = field(default_factory=dict)
    odd: list[tuple[Rejection, bytes]] = field(default_factory=list)
    rows: int = 0
    repeated: int = 0
    undated: int = 0
    wordless: int = 0


def import_file(
    path: Path | str,
    *,
    brand_slug: str,
    platform: str = "import",
    is_live: bool = False,
    may_teach: bool | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Stores the posts of a JSONL, CSV or TSV file (see COLUMNS_HELP); the brand is made where it is missing.

    Exports of Google Play and of the App Store are known by their columns and kept as platforms of their own.
    `may_teach` says for this platform's imports, from now on, whether the terms of their source allow the brand's model
    to learn from them; None leaves it as it was said before (at first: no).

    `progress` is called with the number of rows read so far. Raises ImportFileError, with one sentence, for a file
    that makes no sense as a whole; a bad row is put aside and counted.
    """
    file, platform = Path(path), code_of(platform)
    names = ColumnNames()
    header, rows = open_rows(file)
    store, rows = _recognised(header, rows)
    if store is None:
        rows = _checked(file, header, rows, names)
    elif platform == "import":
        platform = store.platform
    channel = _channel(brand_slug, platform, may_teach)
    importer = _Importer(file, channel, Arrival.LIVE if is_live else Arrival.IMPORT, names, store)
    report = ImportReport(platform, can_teach=channel.may_teach or platform in allows_learning())
    with importer:
        for some in _chunks(rows):
            report = importer.store(some, report)
            if progress is not None:
                progress(report.rows)
    return report


def _recognised(
    header: Sequence[str] | None, rows: Iterator[Row | BadRow]
) -> tuple[Store | None, Iterator[Row | BadRow]]:
    """The store that the file comes from, and the same rows."""
    if header is not None:
        return store_of(header), rows
    first = list(islice(rows, _LOOK_ROWS))
    readable = next((row for row in first if isinstance(row, Row)), None)
    return store_of(list(readable.cells), readable.cells) if readable else None, chain(first, rows)


def _checked(
    path: Path, header: Sequence[str] | None, rows: Iterator[Row | BadRow], names: ColumnNames
) -> Iterator[Row | BadRow]:
    """The same rows, once it is sure that there is a text to be found in them."""
    wanted = f"one must be called text ({', '.join(SYNONYMS['text'][1:6])} … will do)"
    if header is not None:
        if "text" not in names.map(header):
            raise ImportFileError(f"{path} has no column with the posts' text. It has {_listed(header)}; {wanted}.")
        return rows
    first = list(islice(rows, _LOOK_ROWS))
    readable = [row for row in first if isinstance(row, Row)]
    if not readable:
        raise ImportFileError(f"{path} is not JSONL: none of its first {len(first)} lines is a JSON object.")
    if not any("text" in names.map(list(row.cells)) for row in readable):
        raise ImportFileError(f"The objects in {path} have no text. They have {_listed(readable[0].cells)}; {wanted}.")
    return chain(first, rows)


def _listed(names: Iterable[str]) -> str:
    shown = [str(name)[:40] for name in names][:12]
    return ("the columns " + ", ".join(shown)) if shown else "no columns"


def _channel(brand_slug: str, platform: str, may_teach: bool | None) -> Channel:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", brand_slug):
        raise ImportFileError(f"{brand_slug!r} cannot be a brand's short name: small letters, digits and hyphens only.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,23}", platform):
        raise ImportFileError(f"{platform!r} cannot be a platform's code: small letters, digits and hyphens only.")
    if may_teach:
        _check_may_teach(platform)
    brand = Brand.objects.filter(slug=brand_slug).first()
    if brand is None:
        brand = create_brand(slug=brand_slug, name=brand_slug.replace("-", " ").title())
    channel, _ = Channel.objects.get_or_create(
        brand=brand,
        platform=platform,
        kind="import",
        external_id="files",
        defaults={"name": "Imported files", "can_reply": False},
    )
    if may_teach is not None and channel.may_teach != may_teach:
        channel.may_teach = may_teach
        channel.save(update_fields=["may_teach"])
        act = "import.may_teach" if may_teach else "import.may_not_teach"
        audit.record(act=act, brand_id=brand.pk, subject_kind="channel", subject_id=channel.pk)
    return channel


def _check_may_teach(platform: str) -> None:
    if platform == "import" or platform in asks_about_learning():
        raise ImportFileError("Which posts may teach? Name their source as well, with --platform and a word of yours.")
    if not may_be_allowed(platform) and platform not in allows_learning():
        raise ImportFileError(f"The terms of {platform_name(platform)} do not allow a model to learn from its posts.")


def _chunks(rows: Iterator[Row | BadRow]) -> Iterator[list[Row | BadRow]]:
    some: list[Row | BadRow] = []
    size = 0
    for row in rows:
        some.append(row)
        size += len(row.raw)
        if len(some) >= _CHUNK_ROWS or size >= _CHUNK_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


class _Importer:
    """Stores chunks. Equal rows without an id are counted in a temporary table: memory stays constant."""

    def __init__(
        self, path: Path, channel: Channel, arrival: Arrival, names: ColumnNames, store: Store | None = None
    ) -> None:
        self._path, self._channel, self._arrival, self._names = path, channel, arrival, names
        self._store = store

    def __enter__(self) -> "_Importer":
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS import_seen (identity bytea PRIMARY KEY, seen int)")
            cursor.execute("TRUNCATE import_seen")
        return self

    def __exit__(self, *_: object) -> None:
        # A broken connection has taken its temporary tables along.
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS import_seen")

    def store(self, rows: Sequence[Row | BadRow], so_far: ImportReport) -> ImportReport:
        chunk = self._read(rows)
        conflicts: list[Rejection] = []
        ingested = ingest(
            brand_id=self._channel.brand_id,
            channel_id=self._channel.pk,
            stream="import",
            how="import",
            events=list(chunk.posts.values()),
            raw=[raw_update(post, chunk.lines[key].cells) for key, post in chunk.posts.items()],
            arrival=self._arrival,
            alongside=partial(self._put_aside, chunk, conflicts),
        )
        return _add(so_far, chunk, ingested, conflicts)

    def _read(self, rows: Sequence[Row | BadRow]) -> _Chunk:
        chunk = _Chunk(rows=len(rows))
        readable: list[tuple[Row, ReadRow]] = []
        for row in rows:
            if isinstance(row, BadRow):
                chunk.odd.append((Rejection(row.line, row.code), row.raw))
                continue
            try:
                readable.append((row, self._read_row(row)))
            except WordlessError:
                chunk.wordless += 1
            except UnusableRowError as error:
                chunk.odd.append((Rejection(row.line, error.code), row.raw))
        made = self._made_ids([read.identity for _, read in readable if not read.post.external_id])
        for row, read in readable:
            post = read.post if read.post.external_id else read.with_id(next(made))
            self._add_post(chunk, row, post)
            chunk.undated += read.is_undated
        if self._store is None:
            self._leave_out_taken_ids(chunk)
        else:
            self._note_edits(chunk)
        return chunk

    def _read_row(self, row: Row) -> ReadRow:
        if self._store is not None:
            return read_review(self._store, row.cells, self._channel.platform)
        return read_row(row.cells, self._names.map(list(row.cells)), self._channel.platform)

    def _other_texts(self, chunk: _Chunk, *, are_edits: bool) -> dict[str, datetime | None]:
        """Rows whose post is known with another text (or, as an edit, with other stars): id → when the known one was
        written."""
        keys = {bounded_id(external_id): external_id for external_id in chunk.posts}
        known = _ids_of_other_texts(
            self._channel,
            list(keys),
            [exact(chunk.posts[each].text) for each in keys.values()],
            [chunk.posts[each].extra.stars if are_edits else None for each in keys.values()],
            are_edits=are_edits,
        )
        return {keys[key]: written_at for key, written_at in known}

    def _note_edits(self, chunk: _Chunk) -> None:
        """A store's ids are sure, so another text (or other stars) is a review that was written anew. Apple tells only
        its last date."""
        for external_id, written_at in self._other_texts(chunk, are_edits=True).items():
            post = chunk.posts[external_id]
            is_newer = post.created_at is not None and (written_at is None or post.created_at > written_at)
            if post.edited_at is None and is_newer:
                chunk.posts[external_id] = replace(post, edited_at=post.created_at)

    def _leave_out_taken_ids(self, chunk: _Chunk) -> None:
        """Before anything is stored: such a row must not lend its date or author to the earlier post either."""
        for external_id in self._other_texts(chunk, are_edits=False):
            row = chunk.lines.pop(external_id)
            chunk.undated -= chunk.posts.pop(external_id).created_at is None
            chunk.odd.append((Rejection(row.line, "row.same_id_other_text"), row.raw))

    def _add_post(self, chunk: _Chunk, row: Row, post: IncomingPost) -> None:
        first = chunk.posts.get(post.external_id)
        if first is None:
            chunk.posts[post.external_id] = post
            chunk.lines[post.external_id] = row
        elif first.text == post.text or self._store is not None:
            chunk.repeated += 1
            if is_later(post, first):
                chunk.posts[post.external_id], chunk.lines[post.external_id] = post, row
        else:
            chunk.odd.append((Rejection(row.line, "row.same_id_other_text"), row.raw))

    def _made_ids(self, identities: list[bytes]) -> Iterator[str]:
        """Ids in the order of the rows. The second of two equal rows is another post than the first."""
        if not identities:
            return iter(())
        counts = Counter(identities)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO import_seen AS old (identity, seen)
                SELECT * FROM unnest(%s::bytea[], %s::int[])
                ON CONFLICT (identity) DO UPDATE SET seen = old.seen + EXCLUDED.seen
                RETURNING identity, seen
                """,
                [list(counts), list(counts.values())],
            )
            # Where the rows of this chunk begin to count.
            before = {bytes(identity): seen - counts[bytes(identity)] for identity, seen in cursor.fetchall()}
        ids = []
        for identity in identities:
            before[identity] += 1
            ids.append(made_id(identity, before[identity]))
        return iter(ids)

    def _put_aside(self, chunk: _Chunk, conflicts: list[Rejection]) -> None:
        """Inside ingest's transaction: rows that are no posts, and rows whose id belongs to another text."""
        conflicts.clear()
        odd = list(chunk.odd)
        for external_id in _taken_ids(self._channel.brand_id) if chunk.posts and self._store is None else []:
            # An id that had to be shortened is not found again here; it stays the earlier post's.
            if row := chunk.lines.get(external_id):
                conflicts.append(Rejection(row.line, "row.same_id_other_text"))
                odd.append((conflicts[-1], row.raw))
        found = [
            PutAside(f"{self._path.name}:{rejection.line}", rejection.code, raw, {"line": rejection.line})
            for rejection, raw in odd
        ]
        put_aside(brand_id=self._channel.brand_id, channel_id=self._channel.pk, found=found)


def _ids_of_other_texts(
    channel: Channel, ids: list[str], texts: list[str], stars: list[int | None], *, are_edits: bool
) -> list[tuple[str, datetime | None]]:
    """Those of the ids that an earlier post with another text or other stars has, and when it was written. Without
    `are_edits` only posts that were never edited count."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT row.external_id, post.created_at
            FROM unnest(%s::text[], %s::text[], %s::int[]) AS row (external_id, text, stars)
            CROSS JOIN LATERAL (
                SELECT text, version, deleted_at, created_at, extra FROM inbox_post AS known
                WHERE known.external_id = row.external_id AND known.platform = %s AND known.brand_id + 0 = %s
                LIMIT 1) AS post
            WHERE (post.version = 1 OR %s) AND post.deleted_at IS NULL
                AND (post.text <> row.text OR to_jsonb(row.stars) <> post.extra -> 'stars')
            """,
            [ids, texts, stars, channel.platform, channel.brand_id, are_edits],
        )
        return list(cursor.fetchall())


def _taken_ids(brand_id: int) -> list[str]:
    """Ids of the chunk that another, never edited text holds. The rows are still in ingest's temporary table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT row.external_id FROM ingest_post AS row
            CROSS JOIN LATERAL (
                SELECT text, version, deleted_at FROM inbox_post AS known
                WHERE known.external_id = row.external_id AND known.platform = row.platform
                    AND known.brand_id + 0 = %s
                LIMIT 1) AS post
            WHERE post.version = 1 AND post.deleted_at IS NULL AND post.text <> row.text
            """,
            [brand_id],
        )
        return [row[0] for row in cursor.fetchall()]


def _add(so_far: ImportReport, chunk: _Chunk, ingested: IngestReport, conflicts: list[Rejection]) -> ImportReport:
    rejections = sorted([*(rejection for rejection, _ in chunk.odd), *conflicts], key=lambda each: each.line)
    return replace(
        so_far,
        rows=so_far.rows + chunk.rows,
        stored=so_far.stored + ingested.stored,
        unchanged=so_far.unchanged + ingested.unchanged + chunk.repeated - len(conflicts),
        updated=so_far.updated + ingested.updated,
        refused=so_far.refused + ingested.refused,
        rejected=so_far.rejected + len(rejections),
        undated=so_far.undated + chunk.undated,
        wordless=so_far.wordless + chunk.wordless,
        first_rejections=(so_far.first_rejections + tuple(rejections))[:SHOWN],
    )
