"""How changes to cases are kept apart: people's by the row and its version, the pipeline's by author.

Fixed order of locks in the house: posts, then authors (advisory), then cases by id, then links.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.models import User
from monitor.brands.rights import role_can, role_of
from monitor.cases.models import Case


class CaseChangedError(Exception):
    """Somebody or something else changed the case since it was shown; `case` is how it is now."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"case {case.reference} is now version {case.version}")
        self.case = case


@contextmanager
def changing(*, user: User, case: Case, version: int | None = None, right: str = "answer") -> Iterator[Case]:
    """Yields the locked row; saves it, one version on, when the block ends well.

    Raises Case.DoesNotExist to people of other brands, PermissionDenied, CaseChangedError.
    """
    with transaction.atomic():
        locked = lock_case(case.pk)
        check(user, locked, right)
        if version is not None and locked.version != version:
            raise CaseChangedError(locked)
        yield locked
        save(locked)


def check(user: User, case: Case, right: str) -> None:
    """Raises Case.DoesNotExist to people of other brands (it does not exist for them), PermissionDenied."""
    role = role_of(user, case.brand)
    if role is None:
        raise Case.DoesNotExist
    if not role_can(role, right):
        raise PermissionDenied(right)


def lock_case(case_id: int) -> Case:
    return lock_cases([case_id])[case_id]


def lock_cases(case_ids: Iterable[int]) -> dict[int, Case]:
    """Locks rows in the order of their ids. Raises Case.DoesNotExist when one is missing."""
    ids = set(case_ids)
    rows = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("brand").filter(pk__in=ids)
    cases = {case.pk: case for case in rows.order_by("pk")}
    if len(cases) < len(ids):
        raise Case.DoesNotExist
    return cases


def save(case: Case) -> None:
    """`changed_at` moves too: that is what the screens of others poll."""
    case.version += 1
    case.changed_at = timezone.now()
    case.save()


def lock_writers(writers: Iterable[tuple[int | None, int]]) -> None:
    """Holds back everybody else who would open or link cases for these (author, conversation) until the commit.

    Advisory locks, not row locks: a collector that rewrites the same authors and threads must neither wait for the
    pipeline nor wait in the opposite order.
    """
    keys = sorted({f"case:author:{author}" if author else f"case:thread:{thread}" for author, thread in writers})
    with connection.cursor() as cursor:
        # One round trip; unnest gives the keys in the order of the array, which is the same for every worker.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key", [keys])
