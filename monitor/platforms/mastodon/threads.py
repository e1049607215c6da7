"""What stands above a reply: Mastodon names a post's parent only, so the top of a thread has to be looked up.

One look-up answers for every reply of the same thread on a page.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from monitor.platforms.errors import RejectedError
from monitor.platforms.mastodon.normalize import address_of, is_public
from monitor.platforms.payload import id_at, list_at

Status = Mapping[str, Any]


class Threads:
    """Lives as long as one page. `fetch` reads a post's context (its ancestors and descendants)."""

    def __init__(self, fetch: Callable[[str], Mapping[str, Any]]) -> None:
        self._fetch = fetch
        self._known: dict[str, Status] = {}
        self._is_closed = False

    def note(self, statuses: Iterable[Status]) -> None:
        """These are known anyway."""
        self._known.update((id_at(status, "id"), status) for status in statuses)

    def above(self, status: Status) -> dict[str, Any]:
        """The thread's `key` and the `parent` of a reply, as its update carries them; {} for what is no reply.

        Private talk in a public thread is a thread of its own: the key is the highest post that is as public as this.
        """
        if not id_at(status, "in_reply_to_id"):
            return {}
        ancestors = self.ancestors(status)
        top = status
        for each in ancestors:
            if is_public(each) is not is_public(status):
                break
            top = each
        above: dict[str, Any] = {"key": address_of(top)}
        if ancestors:
            above["parent"] = _slim(ancestors[0])
        return above

    def ancestors(self, status: Status) -> list[Status]:
        """From the parent upwards, as far as it is told."""
        found, is_whole = self._climb(status)
        if not is_whole and not self._is_closed:
            self._look_up(status)
            found, _is_whole = self._climb(status)
        return found

    def _climb(self, status: Status) -> tuple[list[Status], bool]:
        found: list[Status] = []
        parent_id = id_at(status, "in_reply_to_id")
        while parent_id and len(found) < 4096:
            parent = self._known.get(parent_id)
            if parent is None:
                return found, False
            found.append(parent)
            parent_id = id_at(parent, "in_reply_to_id")
        return found, True

    def _look_up(self, status: Status) -> None:
        try:
            context = self._fetch(id_at(status, "id"))
        except RejectedError as refusal:
            # Deleted meanwhile; or this instance shows threads to its own people only.
            self._is_closed = refusal.code == "permission_missing"
            return
        self.note([*list_at(context, "ancestors"), *list_at(context, "descendants")])


def _slim(status: Status) -> dict[str, Any]:
    """What is kept of a parent: enough to show it above its answer."""
    profile = status.get("account")
    kept = {name: status.get(name) for name in ("id", "uri", "url", "content", "spoiler_text", "visibility")}
    if isinstance(profile, Mapping):
        kept["account"] = {name: profile.get(name) for name in ("id", "acct", "url", "uri")}
    return kept
