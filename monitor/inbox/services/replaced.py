"""Words that came after their author had replaced them: the journal keeps that they came, not what they were."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.inbox.rows import PostKey, bounded_id, post_key
from monitor.inbox.services import statements
from monitor.platforms.base import IncomingPost, PlatformEvent, RawUpdate


@dataclass(frozen=True, slots=True)
class Replaced:
    """Words that came too late: by the id of their version, or (old, new) where both versions have the same one."""

    ids: frozenset[str] = frozenset()
    texts: Mapping[str, tuple[set[str], str]] = field(default_factory=dict)

    def covers(self, update: RawUpdate) -> bool:
        external_id = bounded_id(update.external_id)
        if external_id in self.ids:
            return True
        if external_id not in self.texts:
            return False
        old, new = self.texts[external_id]
        said = set(_strings_in(update.body))
        return not said.isdisjoint(old) and new not in said


def replaced_words(
    database: Any,
    brand_id: int,
    events: Sequence[PlatformEvent],
    accepted: Mapping[PostKey, IncomingPost],
    *,
    has_known: bool,
) -> Replaced:
    """Of posts that are newer here already, and of those that came in several versions at once."""
    ids: set[str] = set()
    if has_known:
        database.execute(statements.SUPERSEDED, {"brand": brand_id})
        ids = {each for row in database.fetchall() for each in row if each}
    texts: dict[str, tuple[set[str], str]] = {}
    for event in events:
        latest = accepted.get(post_key(event)) if isinstance(event, IncomingPost) else None
        if not isinstance(event, IncomingPost) or latest is None or event.text == latest.text:
            continue
        name = bounded_id(event.platform_id or event.external_id)
        if name != bounded_id(latest.platform_id or latest.external_id):
            ids.add(name)
        else:
            texts.setdefault(name, (set(), latest.text))[0].add(event.text)
    return Replaced(frozenset(ids), texts)


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings_in(each)
