"""One Mastodon channel: an account's conversations, mentions and own posts, or hashtags and accounts of others.

Reads page by page; writing.py answers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.platforms.base import Batch, Condition, Identity, IncomingNotice, IncomingPost, RawUpdate, SendRequest
from monitor.platforms.budget import Budget
from monitor.platforms.connecting import BaseConnector, Write
from monitor.platforms.errors import RejectedError
from monitor.platforms.examining import Examination, quota_of
from monitor.platforms.mastodon import client
from monitor.platforms.mastodon.client import MastodonClient
from monitor.platforms.mastodon.lists import ListCursor, Row
from monitor.platforms.mastodon.normalize import address_of, is_public, quoted_of
from monitor.platforms.mastodon.threads import Threads
from monitor.platforms.mastodon.writing import Writer
from monitor.platforms.payload import id_at, list_at, mapping_at, text_at
from monitor.platforms.times import parse_time

# Polls slow down when this share of the calls is left: answers must still go out.
_RESERVE = 0.2
_POLL_LIMITS = (3.0, 900.0)
_TERM = re.compile(r"#\w+|@[\w.-]+(?:@[\w.-]+)?")

Fetch = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A list: how a page of it is read, and where in a row its post is ("" where the row is the post)."""

    fetch: Fetch
    post_in: str = ""
    is_conversation: bool = False


class MastodonConnector(BaseConnector):
    name = "Mastodon"

    def _open(self, budget: Budget, read_seconds: float) -> None:
        self._client = MastodonClient(self._context, budget, now=self._now, read_seconds=read_seconds)
        self._writer = Writer(self._context, self._client)

    def streams(self) -> Sequence[str]:
        if self._context.kind == "search":
            return ("search",)
        return ("direct_messages", "mentions", "own_posts")

    # -- Reading ---------------------------------------------------------------------------------

    def _collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        if stream == "search":
            return self._collect_search(cursor)
        source = self._sources()[stream]
        # What comes in conversations is in the other two lists as well, which look it up again.
        state = ListCursor(cursor, self._now(), has_checks=not source.is_conversation)
        updates = self._read(source, state)
        stored, has_more = state.finish()
        return Batch(tuple(updates), stored, has_more, next_poll_seconds=self._next_poll_seconds())

    def _sources(self) -> Mapping[str, Source]:
        library, call = self._client.library, self._client.call

        def conversations(bounds: Mapping[str, Any]) -> Any:
            return call(library.conversations, limit=client.PAGE_SIZE, **bounds)

        def mentions(bounds: Mapping[str, Any]) -> Any:
            return call(library.notifications, types=["mention", "quote"], limit=client.PAGE_SIZE, **bounds)

        return {
            "direct_messages": Source(conversations, "last_status", is_conversation=True),
            "mentions": Source(mentions, "status"),
            "own_posts": self._posts_of(self._context.external_id),
        }

    def _posts_of(self, account_id: str) -> Source:
        return Source(lambda bounds: self._client.posts_of(account_id, bounds))

    def _posts_with(self, hashtag: str) -> Source:
        def fetch(bounds: Mapping[str, Any]) -> Any:
            return self._client.call(self._client.library.timeline_hashtag, hashtag, limit=client.PAGE_SIZE, **bounds)

        return Source(fetch)

    def _read(self, source: Source, state: ListCursor) -> list[RawUpdate]:
        if state.to_check:
            return self._check_again(state)
        page = list_at({"page": source.fetch(state.request_bounds())}, "page")
        links = self._client.links
        posts = {_row_id(each, source): mapping_at(each, source.post_in) if source.post_in else each for each in page}
        fresh = state.accept([_row_of(each, source) for each in page], links)
        threads = self._threads()
        threads.note(post for post in posts.values() if post)
        updates: list[RawUpdate] = []
        for row in fresh:
            post = posts[row.identifier]
            if not post:
                updates.append(RawUpdate("notification", row.identifier, {"id": row.identifier}))
                continue
            if source.is_conversation:
                updates += self._messages_before(post, threads, state)
            updates.append(self._update_of(post, threads, state))
        return updates

    def _messages_before(self, post: Mapping[str, Any], threads: Threads, state: ListCursor) -> list[RawUpdate]:
        """A conversation tells its last message only: those above it that have not been handed on."""
        missed = [
            each
            for each in threads.ancestors(post)
            if not is_public(each)
            and not state.is_watched(id_at(each, "id"))
            and not state.is_old(parse_time(each.get("created_at")))
        ]
        return [self._update_of(each, threads, state) for each in reversed(missed)]

    def _threads(self) -> Threads:
        return Threads(lambda identifier: self._client.call(self._client.library.status_context, identifier))

    def _update_of(self, post: Mapping[str, Any], threads: Threads, state: ListCursor) -> RawUpdate:
        """A post with what is needed to read it alone, noted as handed on."""
        state.watch(id_at(post, "id"), parse_time(post.get("created_at")), text_at(post, "edited_at"), address_of(post))
        above = threads.above(post)
        body = {"status": post, "thread": above} if above else {"status": post}
        shown = [post, *(each for each in (mapping_at(above, "parent"), quoted_of(post)) if each)]
        people = [mapping_at(each, "account") for each in shown]
        addresses = dict.fromkeys(text_at(person, "uri") or text_at(person, "url") for person in people)
        # Posts are known by their address, which is the same on every instance, not by this instance's number.
        posts = tuple(dict.fromkeys(address_of(each) for each in shown))
        return RawUpdate("status", id_at(post, "id"), body, tuple(each for each in addresses if each), posts)

    def _check_again(self, state: ListCursor) -> list[RawUpdate]:
        """Mastodon's lists tell neither edits nor deletions; looking the posts up does."""
        wanted = state.next_check()
        found = self._look_up(wanted)
        threads = self._threads()
        updates = []
        for identifier in wanted:
            post = found.get(identifier)
            if post is None:
                continue
            if not post:
                address = state.forget(identifier)
                updates.append(RawUpdate("deletion", identifier, {"uri": address}))
            elif state.is_edited(identifier, text_at(post, "edited_at")):
                updates.append(self._update_of(post, threads, state))
        return updates

    def recheck(self, platform_ids: Sequence[str]) -> Sequence[RawUpdate]:
        """The posts as they are now; the ones that are gone, or shown to us no more, as deletions.

        Addresses of another instance's posts (a search finds them) mean nothing to this one and are left out.
        """
        identifiers = [each for each in platform_ids if each.isascii() and each.isdigit()]
        found = self._look_up(identifiers)
        return [
            RawUpdate("status", identifier, {"status": post}, (), (address_of(post),))
            if post
            else RawUpdate("deletion", identifier, {"uri": identifier})
            for identifier, post in found.items()
        ]

    def _look_up(self, identifiers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """id -> post; {} for one that is gone; without an entry where the instance does not tell."""
        library, call = self._client.library, self._client.call
        try:
            page = list_at({"page": call(library.statuses, list(identifiers))}, "page")
        except RejectedError:
            # Instances before 4.3 have no look-up of several.
            page = []
        found: dict[str, Mapping[str, Any]] = {id_at(post, "id"): post for post in page}
        for identifier in identifiers:
            if identifier in found:
                continue
            # One that is only missing in a list is not deleted for that: asked for by itself, it must be gone.
            try:
                found[identifier] = call(library.status, identifier)
            except RejectedError as refusal:
                if refusal.code == "gone":
                    found[identifier] = {}
        return found

    def _collect_search(self, cursor: Mapping[str, Any]) -> Batch:
        """One page of one term; the terms take turns, each with a cursor of its own."""
        terms = self._terms()
        kept: dict[str, Any] = {term: cursor.get("terms", {}).get(term, {}) for term in terms}
        turn: str = cursor["turn"] if cursor.get("turn") in terms else terms[0]
        begin = {name: cursor[name] for name in ("backfill_seconds",) if name in cursor}
        updates, stored, has_more = self._collect_term(turn, {**begin, **kept[turn]})
        kept[turn] = stored
        following = turn if has_more else (*terms, "")[terms.index(turn) + 1]
        return Batch(
            tuple(updates),
            {**begin, "terms": kept, "turn": following},
            bool(following),
            next_poll_seconds=self._next_poll_seconds(),
        )

    def _terms(self) -> tuple[str, ...]:
        terms = tuple(dict.fromkeys(self._context.query.split()))
        if not terms or not all(_TERM.fullmatch(term) for term in terms):
            raise RejectedError("a search on Mastodon looks for #hashtags and @accounts only", code="bad_request")
        return terms

    def _collect_term(self, term: str, stored: Mapping[str, Any]) -> tuple[list[RawUpdate], dict[str, Any], bool]:
        state = ListCursor(stored, self._now())
        if term.startswith("#"):
            updates = self._read(self._posts_with(term.removeprefix("#")), state)
            kept, has_more = state.finish()
            return updates, kept, has_more
        try:
            account_id = stored.get("account_id") or self._account_id(term)
            updates = self._read(self._posts_of(account_id), state)
        except RejectedError as refusal:
            if refusal.code != "gone":
                raise
            # The other terms are read all the same; the account is looked for again next time.
            return [RawUpdate("notice", term, {"code": "account_unknown", "account": term})], dict(stored), False
        kept, has_more = state.finish()
        return updates, {**kept, "account_id": account_id}, has_more

    def _account_id(self, term: str) -> str:
        found = self._client.call(self._client.library.account_lookup, term.removeprefix("@"))
        return id_at(mapping_at({"account": found}, "account"), "id")

    def _next_poll_seconds(self) -> float | None:
        """None (the channel's own pace) while there are calls enough."""
        remaining, limit, resets_at = self._client.rate()
        if remaining is None or not limit or resets_at is None or remaining >= limit * _RESERVE:
            return None
        seconds = (resets_at - self._now()).total_seconds() / max(remaining, 1) * 1.2
        return min(max(seconds, _POLL_LIMITS[0]), _POLL_LIMITS[1])

    # -- Writing and health ----------------------------------------------------------------------

    def _writers(self) -> Mapping[str, Write]:
        return self._writer.writers()

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        return self._writer.read_back(request, since=since)

    def identify(self) -> Identity:
        answer = self._client.call(self._client.library.account_verify_credentials)
        me = mapping_at({"account": answer}, "account")
        return Identity(id_at(me, "id"), text_at(me, "username"), text_at(me, "display_name"))

    def check(self) -> Sequence[IncomingNotice]:
        if self._context.kind == "search":
            return self._check_search()
        answer = self._client.call(self._client.library.account_verify_credentials)
        me = mapping_at({"account": answer}, "account")
        return self._identity_notices(id_at(me, "id"))

    def examine(self) -> Sequence[Condition]:
        """A token's rights are told nowhere: each list that we read shows whether it may be read."""
        if self._context.kind == "search":
            examination = Examination("token", "quota")
            is_answered = examination.look(self.check)
        else:
            examination = Examination("token", "scopes", "quota")
            is_answered = examination.look(self.check) and self._try_lists(examination)
        if is_answered:
            examination.add(quota_of(self._client.rate()))
        return examination.conditions()

    def _try_lists(self, examination: Examination) -> bool:
        library, call = self._client.library, self._client.call
        looks = {
            "read:statuses": lambda: call(library.conversations, limit=1),
            "read:notifications": lambda: call(library.notifications, types=["mention"], limit=1),
        }
        is_answered = all(
            examination.look(look, proves=(), refusal="scopes", rights=right) for right, look in looks.items()
        )
        if is_answered:
            examination.add(Condition("scopes", "ok", "writes_unproven"))
        return is_answered

    def _check_search(self) -> Sequence[IncomingNotice]:
        """Accounts must be known to the instance; a hashtag only has to be shown to us."""
        for term in self._terms():
            if term.startswith("@"):
                self._account_id(term)
            else:
                self._posts_with(term.removeprefix("#")).fetch({})
        return []


def _row_id(row: Mapping[str, Any], source: Source) -> str:
    """A conversation's place in its list is that of its last message."""
    post = mapping_at(row, source.post_in) if source.post_in else row
    return id_at(post, "id") if source.is_conversation and post else id_at(row, "id")


def _row_of(row: Mapping[str, Any], source: Source) -> Row:
    post = mapping_at(row, source.post_in) if source.post_in else row
    told = post if source.is_conversation else row
    stamp = f"{id_at(post, 'id')}~{text_at(post, 'edited_at')}" if post else id_at(row, "id")
    return Row(_row_id(row, source), parse_time(told.get("created_at")), stamp)
