"""What can be exported: the columns of every table, in their order, and the one query that fills them.

Columns are only ever added, at the end. `docs/exports.md` describes each; a test compares the two.
"""

from dataclasses import dataclass

from monitor.trends.contribution import DIMENSIONS, MEASURES
from monitor.trends.selectors import pending_contributions


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: text, integer, number, flag, time or date. Personal columns stay empty unless people are asked for."""

    name: str
    kind: str
    sql: str
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`source` is what follows FROM; `moment` is the time that --since and --until look at.

    `counted` is the one table that has a row for every row of the answer; "" where only the answer tells.
    """

    kind: str
    columns: tuple[Column, ...]
    source: str
    moment: str
    order: str
    grouped: bool = False
    counted: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


_CODES = "coalesce((SELECT string_agg(reason ->> 'code', ' ') FROM jsonb_array_elements({}) reason), '')"

POSTS = Table(
    kind="posts",
    columns=(
        Column("id", "text", "post.public_id::text"),
        Column("brand", "text", "brand.slug"),
        Column("platform", "text", "post.platform"),
        Column("external_id", "text", "post.external_id"),
        Column("form", "text", "post.form"),
        Column("is_public", "flag", "post.is_public"),
        Column("is_own", "flag", "post.is_own"),
        Column("arrival", "text", "post.arrival"),
        Column("created_at", "time", "post.created_at"),
        Column("stored_at", "time", "post.stored_at"),
        Column("edited_at", "time", "post.edited_at"),
        Column("deleted_at", "time", "post.deleted_at"),
        Column("market", "text", "coalesce(market.code, 'unknown')"),
        Column("language", "text", "coalesce(fixed.language, reading.language, post.language_hint)"),
        Column("intent", "text", "coalesce(fixed.intent, reading.intent)"),
        Column("needs_reply", "flag", "coalesce(lower(fixed.needs_reply) = 'true', reading.needs_reply)"),
        Column("sentiment", "text", "coalesce(fixed.sentiment, reading.sentiment)"),
        Column("complaint", "flag", "coalesce(lower(fixed.complaint) = 'true', reading.complaint)"),
        Column("complaint_score", "number", "reading.complaint_score"),
        Column("severity", "integer", "coalesce(fixed.severity::int, reading.severity::int)"),
        Column("topic", "text", "coalesce(fixed.topic, reading.topic)"),
        Column("audience", "text", "reading.audience"),
        Column("priority", "integer", "decision.priority::int"),
        Column("is_flagged", "flag", "decision.is_flagged"),
        Column("reasons", "text", _CODES.format("coalesce(decision.reasons, '[]'::jsonb)")),
        Column("case_reference", "text", "case_.reference"),
        Column(
            "text",
            "text",
            "CASE WHEN %(with_people)s THEN post.text WHEN NOT post.is_public THEN ''"
            " WHEN post.platform = ANY(%(ids_only)s) AND post.arrival <> 'import' THEN '' ELSE post.text END",
        ),
        Column("url", "text", "post.url", is_personal=True),
        Column("author_handle", "text", "author.handle", is_personal=True),
        Column("author_name", "text", "author.name", is_personal=True),
        Column("author_followers", "integer", "author.followers", is_personal=True),
        Column("stars", "integer", "(post.extra ->> 'stars')::bigint"),
        Column("recommends", "flag", "(post.extra ->> 'recommends')::boolean"),
        Column("ad_id", "text", "post.extra ->> 'ad_id'"),
        Column("app_version", "text", "post.extra ->> 'app_version'"),
        Column("device", "text", "post.extra ->> 'device'"),
    ),
    source="""inbox_post post
        JOIN brands_brand brand ON brand.id = post.brand_id
        LEFT JOIN inbox_author author ON author.id = post.author_id
        LEFT JOIN brands_market market ON market.id = post.market_id
        LEFT JOIN analysis_analysis reading ON reading.post_id = post.id AND reading.is_current
        LEFT JOIN triage_triagedecision decision ON decision.post_id = post.id AND decision.is_current
        LEFT JOIN cases_casepost case_post ON case_post.post_id = post.id
        LEFT JOIN cases_case case_ ON case_.id = case_post.case_id
        LEFT JOIN (
            SELECT post_id,
                   max(value) FILTER (WHERE field = 'language') AS language,
                   max(value) FILTER (WHERE field = 'topic') AS topic,
                   max(value) FILTER (WHERE field = 'intent') AS intent,
                   max(value) FILTER (WHERE field = 'complaint') AS complaint,
                   max(value) FILTER (WHERE field = 'needs_reply') AS needs_reply,
                   max(value) FILTER (WHERE field = 'sentiment') AS sentiment,
                   max(value) FILTER (WHERE field = 'severity') AS severity
            FROM analysis_correction WHERE is_current GROUP BY post_id
        ) fixed ON fixed.post_id = post.id""",
    moment="post.created_at",
    order="post.id",
    counted="inbox_post post",
)

CASES = Table(
    kind="cases",
    columns=(
        Column("id", "text", "case_.public_id::text"),
        Column("reference", "text", "case_.reference"),
        Column("brand", "text", "brand.slug"),
        Column("state", "text", "case_.state"),
        Column("platform", "text", "case_.platform"),
        Column("is_public", "flag", "case_.is_public"),
        Column("arrival", "text", "case_.arrival"),
        Column("priority", "integer", "case_.priority::int"),
        Column("is_flagged", "flag", "case_.is_flagged"),
        Column("reasons", "text", _CODES.format("case_.reasons")),
        Column("intent", "text", "case_.intent"),
        Column("topic", "text", "case_.topic"),
        Column("severity", "integer", "case_.severity::int"),
        Column("sentiment", "text", "case_.sentiment"),
        Column("language", "text", "case_.language"),
        Column("audience", "text", "case_.audience"),
        Column("market", "text", "coalesce(market.code, 'unknown')"),
        Column("post_count", "integer", "case_.post_count"),
        Column("opened_at", "time", "case_.opened_at"),
        Column("first_post_at", "time", "case_.first_post_at"),
        Column("last_inbound_at", "time", "case_.last_inbound_at"),
        Column("first_reply_at", "time", "case_.first_reply_at"),
        Column("resolved_at", "time", "case_.resolved_at"),
        Column("resolution", "text", "case_.resolution"),
        Column("assignee", "text", "assignee.name"),
        Column("author_handle", "text", "author.handle", is_personal=True),
        Column("author_name", "text", "author.name", is_personal=True),
    ),
    source="""cases_case case_
        JOIN brands_brand brand ON brand.id = case_.brand_id
        LEFT JOIN inbox_author author ON author.id = case_.author_id
        LEFT JOIN brands_market market ON market.id = case_.market_id
        LEFT JOIN brands_user assignee ON assignee.id = case_.assignee_id""",
    moment="case_.opened_at",
    order="case_.id",
    counted="cases_case case_",
)

_KEYS = ", ".join(DIMENSIONS)
_SIGNED = ", ".join(f"sign * {flag}::int" if flag else "sign" for flag in MEASURES.values())
TRENDS = Table(
    kind="trends",
    columns=(
        Column("brand", "text", "brand.slug"),
        Column("day", "date", "(counted.bucket_at AT TIME ZONE brand.time_zone)::date"),
        *(Column(name, "text", f"counted.{name}") for name in DIMENSIONS),
        *(Column(name, "integer", f"sum(counted.{name})::bigint") for name in MEASURES),
    ),
    source=f"""(
            SELECT brand_id, bucket_at, {_KEYS}, {", ".join(MEASURES)} FROM trends_trendbucket
            UNION ALL
            SELECT brand_id, bucket_at, {_KEYS}, {_SIGNED} FROM ({pending_contributions("true")}) pending
        ) counted JOIN brands_brand brand ON brand.id = counted.brand_id""",  # noqa: S608
    moment="counted.bucket_at",
    order=", ".join(str(place) for place in range(1, 3 + len(DIMENSIONS))),
    grouped=True,
)

TABLES = {table.kind: table for table in (TRENDS, CASES, POSTS)}


def statement(table: Table, *, with_people: bool) -> str:
    """The query, with parameters brand (id or None), since, until (None where open), with_people and ids_only."""
    columns = ", ".join(
        f"{column.sql if with_people or not column.is_personal else f'NULL::{_TYPES[column.kind]}'} AS {column.name}"
        for column in table.columns
    )
    text = f"""
        SELECT {columns} FROM {table.source}
        WHERE (%(brand)s::bigint IS NULL OR brand.id = %(brand)s)
          AND (%(since)s::timestamptz IS NULL OR {table.moment} >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR {table.moment} < %(until)s)
    """  # noqa: S608  (built from the code's own words only)
    if table.grouped:
        keys = ", ".join(str(place) for place in range(1, 3 + len(DIMENSIONS)))
        text += f" GROUP BY {keys} HAVING sum(counted.posts) <> 0"
    return f"{text} ORDER BY {table.order}"


def count_statement(table: Table) -> str:
    """How many rows `statement` gives, without its joins."""
    name = table.counted.split()[-1]
    return f"""
        SELECT count(*) FROM {table.counted}
        WHERE (%(brand)s::bigint IS NULL OR {name}.brand_id = %(brand)s)
          AND (%(since)s::timestamptz IS NULL OR {table.moment} >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR {table.moment} < %(until)s)
    """  # noqa: S608  (built from the code's own words only)


_TYPES = {"text": "text", "integer": "bigint"}
