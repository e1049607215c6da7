"""From a raw update to events, by its kind: what every platform's pure parser does with its table of readers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.platforms.base import ChannelContext, IncomingNotice, PlatformEvent, RawUpdate

Readers = Mapping[str, Callable[[Mapping[str, Any], ChannelContext], PlatformEvent]]


def read_update(readers: Readers, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
    """A kind that is not in the table becomes a notice: it is counted, never lost silently.

    Raises MalformedPayloadError, as the readers do.
    """
    reader = readers.get(update.kind)
    if reader is None:
        return [IncomingNotice("unknown_update", {"kind": update.kind})]
    return [reader(update.body, context)]
