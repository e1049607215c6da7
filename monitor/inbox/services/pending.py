"""Notes what a platform named without telling it, in the transaction that stores what came with it."""

import json
from collections.abc import Iterable
from typing import Any, Final

from django.db import connection

from monitor.brands.models import Channel
from monitor.inbox.rows import bounded_id
from monitor.platforms.base import FETCHED_NOTICES, IncomingNotice
from monitor.platforms.registry import get_platform, platform_codes
from monitor.queue import enqueue
from monitor.text.clean import clean

FETCH_TASK: Final = "workers.collect.fetch_due"
#: Why a thing that was named stands among what was put aside.
NOT_FETCHED: Final = "event.not_fetched"

# Named again (somebody edited it): it is asked for at once, with all its tries.
_NOTE = """
    INSERT INTO inbox_pendingfetch (brand_id, channel_id, code, external_id, params, tries, last_error)
    VALUES (%s, %s, %s, %s, %s::jsonb, 0, '')
    ON CONFLICT (channel_id, code, external_id) DO UPDATE SET
        tries = 0, next_try_at = now(), lease_until = NULL, params = EXCLUDED.params
"""


def note_fetches(*, channel: Channel, notices: Iterable[IncomingNotice]) -> int:
    """Takes part in the caller's transaction; returns how many there are to ask for."""
    named = [notice for notice in notices if notice.code in FETCHED_NOTICES]
    if not named or channel.platform not in platform_codes():
        return 0
    if "fetch" not in get_platform(channel.platform).declaration.abilities:
        return 0
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for notice in named:
        params = {clean(name): clean(str(value)) for name, value in notice.params.items()}
        if external_id := _subject(params):
            rows[notice.code, external_id] = params
    with connection.cursor() as cursor:
        for (code, external_id), params in sorted(rows.items()):
            cursor.execute(_NOTE, [channel.brand_id, channel.pk, code, external_id, json.dumps(params)])
    if rows:
        enqueue(FETCH_TASK, queue="collect")
    return len(rows)


def _subject(params: dict[str, str]) -> str:
    """The id of what was named: of a comment before that of what it stands under."""
    known = [params[name] for name in ("comment_id", "post_id", "media_id", "id") if params.get(name)]
    return bounded_id(known[0]) if known else ""
