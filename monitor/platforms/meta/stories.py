"""Stories belong to their authors and are gone within a day: the addresses of their media never reach the journal.

Pure, and careful with odd shapes: what cannot be understood is told by `normalize`, not here.
"""

from collections.abc import Mapping
from typing import Any

# Kinds of attachments whose media may not be stored.
NEVER_STORED = frozenset({"story_mention", "story_reply"})
_ADDRESSES = frozenset({"url", "link"})


def without_story_media(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A webhook's or a polled message without the addresses of stories; the same object where there are none."""
    changed: dict[str, Any] = {}
    if isinstance(attachments := message.get("attachments"), list):
        changed["attachments"] = [_bare_attachment(each) for each in attachments]
    for name in ("reply_to", "story"):
        if isinstance(about := message.get(name), Mapping):
            changed[name] = {key: _bare(value) if isinstance(value, Mapping) else value for key, value in about.items()}
    return {**message, **changed} if changed else message


def _bare_attachment(attachment: Any) -> Any:
    if not isinstance(attachment, Mapping) or attachment.get("type") not in NEVER_STORED:
        return attachment
    payload = attachment.get("payload")
    return {**_bare(attachment), **({"payload": _bare(payload)} if isinstance(payload, Mapping) else {})}


def _bare(node: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name not in _ADDRESSES}
