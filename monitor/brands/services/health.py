"""What was found about a channel's connection, aspect by aspect, and when to look again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models.functions import Now

from monitor.brands.models import Channel, ChannelCondition
from monitor.platforms.base import Condition

#: A look costs a few calls: often enough to tell people on the same morning, seldom enough not to be felt.
EXAMINE_EVERY_SECONDS = 3600

# Slots spread by chance, so that all channels of an installation are not looked at in the same minute.
_CLAIM = """
    UPDATE brands_channel SET examine_at = clock_timestamp() + make_interval(secs => %(every)s * (0.9 + random() / 5))
    WHERE id IN (
        SELECT id FROM brands_channel
        WHERE examine_at <= clock_timestamp() AND state NOT IN ('paused', 'disconnected') AND kind <> 'import'
        ORDER BY examine_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id
"""
_NOTE = """
    INSERT INTO brands_channelcondition AS old (channel_id, aspect, state, code, params, since, looked_at)
    VALUES (%(channel)s, %(aspect)s, %(state)s, %(code)s, %(params)s::jsonb, clock_timestamp(), clock_timestamp())
    ON CONFLICT (channel_id, aspect) DO UPDATE SET
        state = EXCLUDED.state, code = EXCLUDED.code, params = EXCLUDED.params, looked_at = EXCLUDED.looked_at,
        since = CASE WHEN old.state = EXCLUDED.state AND old.code = EXCLUDED.code THEN old.since
            ELSE EXCLUDED.since END
"""


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """An aspect that is another than it was. `before` is None at the first look."""

    before: Condition | None
    after: Condition


def claim_examinations(*, limit: int) -> list[int]:
    """Channels whose connection is to be looked at now; nobody else gets them for an hour."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"every": EXAMINE_EVERY_SECONDS, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def examine_soon(*, channel_id: int) -> None:
    """Has the channel looked at with the next round."""
    Channel.objects.filter(pk=channel_id).update(examine_at=Now())


@transaction.atomic
def note_conditions(*, channel_id: int, conditions: Sequence[Condition]) -> list[ConditionChange]:
    """Stores what was found and returns what has changed. An aspect that nobody could look at keeps what was known."""
    Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
    known = {each.aspect: as_condition(each) for each in ChannelCondition.objects.filter(channel_id=channel_id)}
    changes = []
    with connection.cursor() as cursor:
        for found in conditions:
            before = known.get(found.aspect)
            if before is not None and found.state == "unknown" and not found.code:
                continue
            cursor.execute(
                _NOTE,
                {
                    "channel": channel_id,
                    "aspect": found.aspect,
                    "state": found.state,
                    "code": found.code,
                    "params": json.dumps(dict(found.params)),
                },
            )
            if before is None or (before.state, before.code) != (found.state, found.code):
                changes.append(ConditionChange(before, found))
    return changes


def as_condition(row: ChannelCondition) -> Condition:
    return Condition(row.aspect, row.state, row.code, row.params)
