"""Writing the log: acts are recorded in the transaction of the act; `sealing.py` chains them afterwards."""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Model

from monitor.audit.digests import hash_of_text
from monitor.audit.sealing import seal, verify

__all__ = ["record", "seal", "verify"]

ACTOR_KINDS = ("person", "automation", "system")


class Actor(Protocol):
    """Whoever acts: a `User` (this room knows no other)."""

    @property
    def pk(self) -> Any: ...


def record(
    *,
    act: str,
    brand_id: int | None,
    actor: Actor | None = None,
    actor_kind: str = "",
    actor_id: int | None = None,
    subject: Model | None = None,
    subject_kind: str = "",
    subject_id: str | int | UUID = "",
    params: Mapping[str, Any] | None = None,
    before: str = "",
    after: str = "",
    author_key: str = "",
) -> UUID:
    """Appends one act and returns its id. Takes part in the caller's transaction: no act without its event.

    Give `actor` (a person) or `actor_kind` ("automation", "system"); `subject` (a row) or `subject_kind` and
    `subject_id`. `before` and `after` go to an erasable side row, found again by `author_key` ("platform:id" of the
    person whom the text speaks of); the event keeps only their salted hash. `params` never hold personal text.
    """
    kind = actor_kind or ("person" if actor is not None else "system")
    if kind not in ACTOR_KINDS:
        raise ValueError(f"There is no kind of actor {kind!r}; known are {', '.join(ACTOR_KINDS)}.")
    if subject is not None:
        subject_kind, subject_id = subject_kind or subject._meta.model_name or "", subject_id or subject.pk
    has_text = bool(before or after)
    salt = secrets.token_hex(16) if has_text else ""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO audit_auditevent
                (brand_id, actor_kind, actor_id, act, subject_kind, subject_id, params, text_hash, digest)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '') RETURNING id
            """,
            [
                brand_id,
                kind,
                actor.pk if actor is not None else actor_id,
                act,
                subject_kind,
                str(subject_id),
                json.dumps(dict(params or {}), default=str),
                hash_of_text(salt, before, after) if has_text else "",
            ],
        )
        event_id: UUID = cursor.fetchone()[0]
        if has_text:
            cursor.execute(
                """
                INSERT INTO audit_audittext (event_id, brand_id, author_key, salt, before, after)
                VALUES (%s, %s, %s, %s, %s, %s)
                """,
                [event_id, brand_id, author_key, salt, before, after],
            )
    return event_id
