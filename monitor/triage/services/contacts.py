"""What the brand tells of itself is remembered, so that customers who repeat it are not taken for swindlers."""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from monitor.inbox.models import Post
from monitor.triage.contacts import CONTACT, contacts_told, mark_of

_REMEMBER: Final = """
    INSERT INTO triage_owncontact AS old (brand_id, mark, post_id)
    SELECT brand, mark, max(post) FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS told (brand, mark, post)
    GROUP BY mark, brand ORDER BY mark, brand
    ON CONFLICT (mark, brand_id) DO UPDATE SET post_id = EXCLUDED.post_id WHERE EXCLUDED.post_id > old.post_id
"""


def remember_own_contacts(*, post_ids: Sequence[int]) -> None:
    """Of the brand's own public posts: a private message may hold the customer's number."""
    if not post_ids:
        return
    posts = Post.objects.filter(pk__in=post_ids, is_own=True, is_public=True, deleted_at=None)
    rows = [
        (brand_id, mark_of(CONTACT, name), post_id)
        for post_id, brand_id, text in posts.values_list("pk", "brand_id", "text")
        for name in contacts_told(text)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_REMEMBER, [list(column) for column in zip(*rows, strict=True)])
