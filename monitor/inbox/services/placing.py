"""The market of posts whose language only the model could tell; what was known at ingest stays (see `markets`)."""

from collections.abc import Mapping

from django.db import connection

_SETTLE = """
    UPDATE inbox_post AS post
    SET market_id = market.id, market_source = 'language'
    FROM unnest(%s::bigint[], %s::text[]) AS read (post_id, language), brands_brand AS brand, brands_market AS market
    WHERE post.id = read.post_id AND post.market_id IS NULL
      AND brand.id = post.brand_id AND market.brand_id = brand.id
      AND market.code = coalesce(
          brand.language_markets ->> read.language, brand.language_markets ->> split_part(read.language, '-', 1)
      )
"""


def place_by_language(languages: Mapping[int, str]) -> int:
    """Post id → language that was read. Returns how many posts got a market; unknown stays unknown."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [list(languages), list(languages.values())])
        return cursor.rowcount
