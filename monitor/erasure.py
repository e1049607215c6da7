"""Whom an erasure concerns, as plain ids that every room understands. `privacy` builds it, each room's `privacy.py`
acts on it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """One author of one platform, in every brand asked for.

    `post_ids` are the person's own posts and our answers to them; `conversation_ids` the private threads with the
    person; `case_ids` the cases opened for the person. `names` are handle and display name where known.
    """

    platform: str
    external_id: str
    brand_ids: tuple[int, ...]
    author_ids: tuple[int, ...] = ()
    post_ids: tuple[int, ...] = ()
    conversation_ids: tuple[int, ...] = ()
    case_ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def author_key(self) -> str:
        """As the audit log files its texts: platform:external id."""
        return f"{self.platform}:{self.external_id}"
