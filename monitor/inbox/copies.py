"""Finds the stored posts that a text was copied from: as a whole, or a line of it that is long enough to be somebody's
own words; blanks, line breaks and capitals do not count."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db import connection

# Posts on their way are in no index of lines: of those the newest are looked at. `+ 0` keeps the planner from
# walking over all posts of a brand that it knows too little of.
_WAITING: Final = 2000

_FIND: Final = """
    SELECT id, inbox_line_keys(text) FROM inbox_post
    WHERE stage = 'triaged' AND NOT is_own AND inbox_line_keys(text) && %(keys)s::bigint[]
        AND brand_id + 0 = %(brand)s AND deleted_at IS NULL
    UNION ALL
    SELECT id, keys FROM (
        SELECT id, inbox_line_keys(text) AS keys FROM (
            SELECT id, text FROM inbox_post
            WHERE stage IN ('received', 'analyzed') AND NOT is_own AND brand_id + 0 = %(brand)s AND deleted_at IS NULL
            ORDER BY id + 0 DESC LIMIT %(waiting)s) AS newest) AS waiting
    WHERE keys && %(keys)s::bigint[]
    UNION ALL
    SELECT id, keys FROM (
        SELECT id, inbox_line_keys(text) AS keys FROM (
            SELECT id, text FROM inbox_post
            WHERE stage = 'quarantined' AND brand_id = %(brand)s AND NOT is_own AND deleted_at IS NULL
            ORDER BY id DESC LIMIT %(waiting)s) AS newest) AS put_aside
    WHERE keys && %(keys)s::bigint[]
    ORDER BY 1
"""


def posts_copied_in(*, brand_id: int, texts: Sequence[str]) -> dict[str, list[int]]:
    """Text → ids of the brand's posts by others that it was, or a line of it, may be copied from; texts of nobody are
    not in the answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, inbox_line_keys(text) FROM unnest(%s::text[]) AS text", [list(texts)])
        keys: dict[str, set[int]] = {text: set(found) for text, found in cursor.fetchall()}
        cursor.execute(_FIND, {"keys": sorted(set().union(*keys.values())), "brand": brand_id, "waiting": _WAITING})
        posts = [(pk, set(found)) for pk, found in cursor.fetchall()]
    texts_by_key: dict[int, list[str]] = defaultdict(list)
    for text, found in keys.items():
        for key in found:
            texts_by_key[key].append(text)
    copied: dict[str, dict[int, None]] = defaultdict(dict)
    for pk, found in posts:
        for key in found:
            for text in texts_by_key.get(key, ()):
                copied[text][pk] = None
    return {text: list(ids) for text, ids in copied.items()}
