"""Which cases wait for a suggestion. The room above makes it; here is noted for which cases that was done."""

from collections.abc import Mapping

from django.db import connection

from monitor.cases.models import Case

# A row that somebody holds is being changed: it is looked at again.
_NOTE = """
    UPDATE cases_case SET suggested_by = %s WHERE id IN (
        SELECT one.id FROM cases_case AS one
        JOIN unnest(%s::bigint[], %s::int[]) AS seen (id, version) ON one.id = seen.id AND one.version = seen.version
        ORDER BY one.id FOR NO KEY UPDATE OF one SKIP LOCKED)
"""


def note_suggested(*, versions: Mapping[int, int], by: str) -> None:
    """Case id → version that was looked at. One that has changed since goes on waiting. No change that people see."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [by, list(versions), list(versions.values())])


def ask_for_suggestion(*, case_id: int) -> None:
    """The case is looked at once more, the next to be."""
    Case.objects.filter(pk=case_id).update(suggested_by="")
