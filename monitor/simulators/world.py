"""What exists in the fake platforms: people, posts, comments and messages, the brand's own profiles, and a clock.

Kept in memory, shared by all fake platforms. Everything in it is made up.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from monitor.platforms.times import snowflake_at
from monitor.simulators import bluesky_facts, feed_facts, graph_facts
from monitor.simulators.channels import APP_SECRET as APP_SECRET
from monitor.simulators.channels import DEMO_CHANNELS as DEMO_CHANNELS
from monitor.simulators.channels import PAGE_ID as PAGE_ID
from monitor.simulators.channels import PATHS as PATHS
from monitor.simulators.channels import PROFILE_ID as PROFILE_ID
from monitor.simulators.channels import X_CONSUMER_SECRET as X_CONSUMER_SECRET
from monitor.simulators.channels import X_USER_ID as X_USER_ID
from monitor.simulators.faults import FaultBook
from monitor.simulators.grants import GrantBook
from monitor.simulators.limits import RateWindows
from monitor.simulators.mastodon_facts import ACCOUNT_ID, snowflake
from monitor.simulators.pushing import PushBook

#: What may become of a profile: shown to followers only, or taken down by its platform. "" is as usual.
STANDINGS = ("", "protected", "suspended")
# Long enough ago that no collector takes it for something new.
_BEFORE_RESTART = timedelta(hours=3)
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class Person:
    platform: str
    external_id: str
    handle: str
    name: str
    followers: int = 0
    is_verified: bool = False
    joined_at: datetime = datetime(2019, 5, 4, 12, tzinfo=UTC)
    standing: str = ""


@dataclass(eq=False)
class Entry:
    """A public post or comment. On X an edit makes a new id: `history` has them all, the oldest first."""

    platform: str
    identifier: str
    author: Person
    text: str
    created_at: datetime
    root_id: str
    parent_id: str = ""
    quoted_id: str = ""
    language: str = ""
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_hidden: bool = False
    is_deleted: bool = False
    likes: int = 0
    rating: int = 0  # stars of a review in a feed; 0 for what is no review
    history: list[str] = field(default_factory=list)
    edited_at: datetime | None = None
    # Mastodon's: who may see it, the warning before it, and when the instance got it, as a rising number.
    visibility: str = "public"
    warning: str = ""
    number: int = 0
    kind: str = ""  # Meta's: see graph_facts

    @property
    def is_seen(self) -> bool:
        """By the brand, which follows nobody."""
        return not self.is_deleted and not self.author.standing

    @property
    def first_id(self) -> str:
        return self.history[0] if self.history else self.identifier


@dataclass(eq=False)
class Message:
    platform: str
    identifier: str
    sender: Person
    recipient: Person
    text: str
    created_at: datetime
    tag: str = ""
    comment_id: str = ""
    parent_id: str = ""
    number: int = 0


Row = TypeVar("Row", Entry, Message)


class World:
    """`limit_scale` widens the platforms' rate limits (the demo polls faster than the real ones allow).

    With `adopts_strangers` an answer to a post or person of before a restart finds somebody there: the demo's cases
    outlive the world that they came from. `push_secret` signs what is pushed, in place of the secrets of the channels.
    """

    def __init__(self, *, limit_scale: int = 1, adopts_strangers: bool = False, push_secret: str = "") -> None:
        self.adopts_strangers = adopts_strangers
        self.lock = threading.RLock()
        self.entries: dict[str, Entry] = {}
        self.messages: list[Message] = []
        self.people: dict[tuple[str, str], Person] = {}
        self.calls: list[dict[str, str]] = []
        self.faults = FaultBook()
        self.pushes = PushBook(self.now, {"x": push_secret or X_CONSUMER_SECRET, "meta": push_secret or APP_SECRET})
        #: Called with what happened (published, edited, deleted, said) and to what, while the world stands still.
        self.listeners: list[Callable[[str, Any], None]] = []
        self.grants = GrantBook()
        self.limits = RateWindows(limit_scale)
        self.is_revoked = False
        #: Ids that hold places in lists and are not shown there (of people who hid themselves, say): pages are shorter
        #: for it, or empty, and go on all the same.
        self.withheld: set[str] = set()
        self.must_be_summoned = True
        self.x_dialect = "tweet"
        self.idempotency: dict[str, tuple[datetime, str]] = {}
        self.bluesky = bluesky_facts.BlueskyState()
        self.graph = graph_facts.GraphState(10_000 * limit_scale)
        self._shift = timedelta()
        self._last = 0
        # Ids go on rising over a restart: whoever collected before must not take new posts for old ones.
        self._counter = int((datetime.now(UTC) - _FIRST_DAY).total_seconds() * 10)
        self.brands = {
            "x": Person("x", X_USER_ID, "lumora", "Lumora", 48_200, is_verified=True),
            "facebook": Person("facebook", PAGE_ID, "lumora", "Lumora", 91_400, is_verified=True),
            "instagram": Person("instagram", PROFILE_ID, "lumora", "Lumora", 62_900, is_verified=True),
        }
        self.brands["mastodon"] = Person("mastodon", ACCOUNT_ID, "lumora", "Lumora", 7_300, is_verified=True)
        self.brands["bluesky"] = Person(
            "bluesky", bluesky_facts.DID, bluesky_facts.HANDLE, "Lumora", 5_200, is_verified=True
        )
        self.brands["feed"] = Person("feed", "lumora", "lumora", "Lumora")
        for brand in self.brands.values():
            self.people[brand.platform, brand.handle] = brand

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def shift_clock(self, seconds: float) -> None:
        self._shift += timedelta(seconds=seconds)

    def shown(self, rows: Iterable[Row]) -> list[Row]:
        """What of a page of a list can be seen."""
        return [row for row in rows if row.identifier not in self.withheld]

    def _tell(self, kind: str, about: Any) -> None:
        for listen in self.listeners:
            listen(kind, about)

    # -- People ----------------------------------------------------------------------------------

    def person(self, platform: str, handle: str, name: str = "", followers: int = 0) -> Person:
        """The person with this handle, made on first mention."""
        with self.lock:
            known = self.people.get((platform, handle))
            if known is None:
                known = Person(platform, _person_id(platform, handle), handle, name or handle, followers)
                self.people[platform, handle] = known
            return known

    def person_by_id(self, platform: str, external_id: str) -> Person | None:
        return next(
            (each for each in self.people.values() if (each.platform, each.external_id) == (platform, external_id)),
            None,
        )

    def set_standing(self, person: Person, standing: str) -> None:
        """The person closes or opens the profile, or the platform takes it down or lets it stand again."""
        if standing not in STANDINGS:
            raise ValueError(f"a profile is one of {STANDINGS}, not {standing!r}")
        with self.lock:
            before, person.standing = person.standing, standing
            if before != standing:
                self._tell("standing", person)

    # -- Public posts ----------------------------------------------------------------------------

    def publish(
        self,
        platform: str,
        author: Person,
        text: str,
        *,
        parent_id: str = "",
        quoted_id: str = "",
        language: str = "",
        visibility: str = "public",
        warning: str = "",
        rating: int = 0,
        kind: str = "",
        at: datetime | None = None,
        identifier: str = "",
    ) -> Entry:
        with self.lock:
            created_at = at or self.now()
            parent = self.entries.get(parent_id)
            if platform == "facebook" and kind in ("tagged", "review"):
                identifier = identifier or graph_facts.new_id(kind, author.external_id, self._number())
            if platform == "bluesky" and not identifier:
                identifier = bluesky_facts.post_uri(author.external_id, created_at, self._number())
            identifier = identifier or self._post_id(
                platform, created_at, parent, is_late=at is not None, is_review=bool(rating)
            )
            entry = Entry(
                platform,
                identifier,
                author,
                text,
                created_at,
                root_id=parent.root_id if parent else identifier,
                parent_id=parent.identifier if parent else "",
                quoted_id=quoted_id,
                language=language,
                rating=rating,
                updated_at=created_at,
                history=[identifier],
                visibility=visibility,
                warning=warning,
                number=self._number(),
                kind=kind,
            )
            self.entries[identifier] = entry
            self._touch(entry.root_id, created_at)
            self._tell("published", entry)
            return entry

    def _touch(self, root_id: str, at: datetime) -> None:
        root = self.entries.get(root_id)
        if root is not None:
            root.updated_at = max(root.updated_at, at)

    def _post_id(self, platform: str, at: datetime, parent: Entry | None, *, is_late: bool, is_review: bool) -> str:
        if platform == "x":
            return self._snowflake(at, is_late=is_late)
        number = self._number()
        if platform == "mastodon":
            return str(snowflake(at, number))
        if platform == "feed":
            return feed_facts.new_id(number, parent.identifier if parent else "", is_review=is_review)
        if platform == "instagram":
            return str(17_900_000_000_000_000 + number)
        if parent is None:
            return f"{PAGE_ID}_{122_000_000_000_000 + number}"
        return f"{parent.root_id.rpartition('_')[2]}_{900_000_000_000 + number}"

    def _snowflake(self, at: datetime, *, is_late: bool) -> str:
        """64 bits, rising with time. A late one keeps its own time, as when a post becomes visible again."""
        wanted = snowflake_at(at) + (self._number() & 0xFFF)
        while str(wanted) in self.entries:
            wanted += 1
        if not is_late:
            wanted = max(wanted, self._last + 1)
            self._last = wanted
        return str(wanted)

    def _number(self) -> int:
        self._counter += 1
        return self._counter

    def edit(self, identifier: str, text: str) -> Entry:
        """On X the edit is a new post whose history names the old one; elsewhere the post keeps its id."""
        with self.lock:
            entry = self.entries[identifier]
            entry.text = text
            entry.updated_at = entry.edited_at = self.now()
            if entry.platform == "x":
                entry.identifier = self._snowflake(self.now(), is_late=False)
                entry.history.append(entry.identifier)
                entry.created_at = self.now()
                self.entries[entry.identifier] = entry
            self._tell("edited", entry)
            return entry

    def delete(self, identifier: str) -> None:
        with self.lock:
            self.entries[identifier].is_deleted = True
            self.entries[identifier].updated_at = self.now()
            self._tell("deleted", self.entries[identifier])

    def visible(self, platform: str) -> list[Entry]:
        """Posts that can be seen, the newest id first, each once (edited ones under their newest id)."""
        with self.lock:
            shown = [each for key, each in self.entries.items() if each.platform == platform and key == each.identifier]
        return sorted((each for each in shown if each.is_seen), key=_order, reverse=True)

    def find(self, identifier: str) -> Entry | None:
        entry = self.entries.get(identifier)
        return entry if entry is not None and entry.is_seen else None

    def find_or_adopt(self, platform: str, identifier: str) -> Entry | None:
        known = self.entries.get(identifier)
        if known is None and self.adopts_strangers and identifier:
            author = self.person(platform, "earlier_visitor", "Earlier visitor")
            text = f"@{self.brands[platform].handle} (written before the simulated platforms were restarted)"
            at = self.now() - _BEFORE_RESTART
            known = Entry(platform, identifier, author, text, at, identifier, kind="adopted")
            known.updated_at, known.history = at, [identifier]
            self.entries[identifier] = known
        return known if known is not None and known.is_seen else None

    def person_or_adopted(self, platform: str, external_id: str) -> Person | None:
        known = self.person_by_id(platform, external_id)
        if known is None and self.adopts_strangers and external_id:
            known = Person(platform, external_id, f"visitor_{external_id[-6:]}", "Earlier visitor")
            self.people[platform, known.handle] = known
        if known is not None and self.adopts_strangers and self.last_inbound_at(platform, known) is None:
            self.say(
                platform, known, self.brands[platform], "(written before the restart)", at=self.now() - _BEFORE_RESTART
            )
        return known

    def thread(self, root_id: str) -> list[Entry]:
        with self.lock:
            found = {each.identifier: each for each in self.entries.values() if each.root_id == root_id}
        return sorted(found.values(), key=_order)

    # -- Messages --------------------------------------------------------------------------------

    def say(
        self,
        platform: str,
        sender: Person,
        recipient: Person,
        text: str,
        *,
        at: datetime | None = None,
        tag: str = "",
        comment_id: str = "",
        parent_id: str = "",
    ) -> Message:
        with self.lock:
            created_at = at or self.now()
            if platform == "x":
                identifier = self._snowflake(created_at, is_late=at is not None)
            elif platform == "mastodon":
                identifier = str(snowflake(created_at, self._number()))
                parent_id = parent_id or self._last_between(platform, sender, recipient)
            elif platform == "bluesky":
                identifier = bluesky_facts.tid(created_at, self._number())
            else:
                identifier = f"m_{self._number():012d}"
            message = Message(platform, identifier, sender, recipient, text, created_at, tag, comment_id, parent_id)
            message.number = self._number()
            self.messages.append(message)
            self._tell("said", message)
            return message

    def _last_between(self, platform: str, *people: Person) -> str:
        """People answer the message that came last."""
        other = next(each for each in people if each is not self.brands[platform])
        earlier = self.messages_with(platform, other)
        return earlier[0].identifier if earlier else ""

    def messages_with(self, platform: str, person: Person | None = None) -> list[Message]:
        """The brand's messages on a platform (with one person), the newest first."""
        with self.lock:
            found = [
                each
                for each in self.messages
                if each.platform == platform and (person is None or person in (each.sender, each.recipient))
            ]
        return sorted(found, key=lambda each: (each.created_at, each.identifier), reverse=True)

    def last_inbound_at(self, platform: str, person: Person) -> datetime | None:
        inbound = [each for each in self.messages_with(platform, person) if each.sender is person]
        return inbound[0].created_at if inbound else None

    def note_call(self, method: str, path: str, query: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Remembers a call for tests: the names of all that was `sent`, and the values of what is no secret."""
        query = dict(query)
        kept = {name: value for name, value in query.items() if "token" not in name and "proof" not in name}
        sent = " ".join(sorted(query))
        self.calls.append(
            {"method": method, "path": path, "sent": sent, **{f"?{name}": value for name, value in kept.items()}}
        )


def _person_id(platform: str, handle: str) -> str:
    """The same for the same handle in every world."""
    if platform == "bluesky":
        return bluesky_facts.did_of(handle)
    number = int.from_bytes(hashlib.sha256(f"{platform}/{handle}".encode()).digest()[:5], "big")
    return str((1_400_000_000_000_000_000 if platform == "x" else 7_000_000_000_000_000) + number)


def _order(entry: Entry) -> tuple[datetime, int, str]:
    # By time first: a late post has an old id and an old time.
    return entry.created_at, int(entry.identifier) if entry.identifier.isdigit() else 0, entry.identifier
