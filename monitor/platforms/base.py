"""The connector contract: what a platform hands to the rooms above, and what it is handed.

`registry.py` lists the platforms; `errors.py` holds what may go wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from monitor.platforms.budget import Budget
from monitor.platforms.extra import NOTHING_TOLD, Extra

if TYPE_CHECKING:
    from monitor.platforms.signing import Signing

FORMS = ("post", "comment", "reply", "quote", "review", "direct_message", "story_mention")


@dataclass(frozen=True, slots=True)
class IncomingAuthor:
    """Who wrote it. `external_id` is the platform's id, always text; empty where it is not told. `joined_at`: since
    when there is this profile, where the platform tells."""

    external_id: str
    handle: str = ""
    name: str = ""
    followers: int | None = None
    is_verified: bool = False
    is_automated: bool = False
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """What hangs on a post. Addresses of media that may not be stored are left empty."""

    kind: str
    url: str = ""
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class IncomingPost:
    """A post as a platform told it, in our words. Times are aware and in UTC; ids are text.

    `external_id` is stable over edits (X: the first id of the edit history); `platform_id` is the id to act on now,
    where it differs. `is_id_made`: the id is only ours (a row of a file that had none), nothing can be done with it.
    `is_hidden`: whether we have hidden it from others; None where the platform did not say. `extra` is stored with the
    post; `beside` is what else a parser read (what is answered or quoted, how we were addressed): the journal has it.
    """

    platform: str
    external_id: str
    form: str
    text: str
    author: IncomingAuthor
    created_at: datetime | None
    conversation_id: str = ""
    in_reply_to: str = ""
    root_id: str = ""
    platform_id: str = ""
    is_id_made: bool = False
    url: str = ""
    language_hint: str = ""
    is_public: bool = True
    is_own: bool = False
    own_by: str = ""
    mentions_us: bool = False
    quotes_us: bool = False
    edited_at: datetime | None = None
    version: int = 1
    attachments: tuple[Attachment, ...] = ()
    place: str = ""
    is_hidden: bool | None = None
    extra: Extra = NOTHING_TOLD
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncomingDeletion:
    """The platform says that a post is gone (or must be hidden from us): `reason` deleted, protected, suspended,
    withheld.

    With `takes_author` it is the author who went, or no longer shows anything to us: all that they showed to everybody
    goes. Then `author_id` alone is enough, and `external_id` may be empty.
    """

    platform: str
    external_id: str
    reason: str = "deleted"
    deleted_at: datetime | None = None
    takes_author: bool = False
    author_id: str = ""


@dataclass(frozen=True, slots=True)
class IncomingNotice:
    """Something about the channel itself: encrypted chat seen, authorisation revoked, unknown event kind."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


#: Notices that name something which the platform tells only when it is asked: `Fetcher.fetch` gets such a notice.
FETCHED_NOTICES = frozenset({"mention_to_fetch"})

PlatformEvent = IncomingPost | IncomingDeletion | IncomingNotice


@dataclass(frozen=True, slots=True)
class RawUpdate:
    """One update verbatim, self-contained: whatever `normalize` needs (for X, its slice of `includes`) is in `body`.

    `author_ids` and `post_ids` name everybody whose words are in it, and every post (by `IncomingPost.external_id`)
    that `external_id` does not name: what it answers or quotes, and itself where its stable id is another. By them
    the journal's copy goes when one of them is deleted or erased.
    """

    kind: str
    external_id: str
    body: Mapping[str, Any]
    author_ids: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that the platform can no longer tell us about."""

    since: datetime | None
    until: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of a stream. `cursor` is valid once the updates are stored; store both in one transaction."""

    updates: tuple[RawUpdate, ...]
    cursor: Mapping[str, Any]
    has_more: bool = False
    gaps: tuple[Gap, ...] = ()
    next_poll_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a connector needs to know of its channel. Credentials are plain here and never leave the process.

    `callback_url` is where the platform is to push to; "" where we do not know our own address.
    """

    channel_id: int
    kind: str
    external_id: str
    handle: str
    credentials: Mapping[str, str]
    api_url: str
    query: str = ""
    app_ids: tuple[str, ...] = ()
    callback_url: str = ""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One write. `kind`: reply, direct_message, private_reply, hide, unhide, like, unlike, delete.

    Hiding, liking and deleting change nothing when they are done twice: where their outcome is unknown a connector
    raises UnavailableError, and they are done again.

    `text` is exactly what people will see. `sent_by` is "person" or "automation": only a person may carry a human tag.
    """

    kind: str
    text: str = ""
    target_id: str = ""
    conversation_id: str = ""
    recipient_id: str = ""
    sent_by: str = "person"
    last_inbound_at: datetime | None = None
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform accepted a write. `external_id` is the id of what was made ("" where nothing is made), `platform_id`
    the one to act on, where it differs."""

    external_id: str
    url: str = ""
    created_at: datetime | None = None
    conversation_id: str = ""
    platform_id: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are. `credentials` is what the platform told besides and the connector needs."""

    external_id: str
    handle: str = ""
    name: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict)


CONDITION_ASPECTS = ("token", "scopes", "webhook", "quota")
CONDITION_STATES = ("unknown", "ok", "warning", "broken")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a channel's connection is found to be, in one aspect. Pages put (aspect, code, params) into a sentence.

    `aspect`: "token" (are we let in, as whom), "scopes" (what we may do there), "webhook" (does the platform push),
    "quota" (calls and money left). `state`: "ok"; "warning" (works, but not for long or not all of it); "broken";
    "unknown" (nobody looked, or the platform does not tell). `params` are plain JSON, times in ISO 8601, never secrets.
    Codes are listed in examining.py; those of a RejectedError stand for themselves.
    """

    aspect: str
    state: str
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class Connector(Protocol):
    """One channel's client. Built per task; no network in the constructor, no sleeping anywhere."""

    def streams(self) -> Sequence[str]:
        """Names of what can be polled, the most urgent first."""

    def collect(self, stream: str, cursor: Mapping[str, Any]) -> Batch:
        """Reads one page on from `cursor` ({} at first). Raises PlatformError."""

    def send(self, request: SendRequest) -> Receipt:
        """Carries out one write at most once. Raises PlatformError; UnconfirmedSendError when in doubt."""

    def read_back(self, request: SendRequest, *, since: datetime) -> Sequence[IncomingPost] | None:
        """Own posts that may be the outcome of `request`, newest first; None where the platform cannot tell."""

    def check(self) -> Sequence[IncomingNotice]:
        """Looks at token, scopes and version; an empty answer means healthy. Raises PlatformError."""

    def examine(self) -> Sequence[Condition]:
        """How the channel's connection is: one condition for each aspect that it has, in CONDITION_ASPECTS' order.

        What it finds is an answer, a dead token too. Raises PlatformError only where the platform does not answer.
        """


class Subscriber(Connector, Protocol):
    """A connector of a platform with the ability `subscribe`."""

    def subscribe(self, callback_url: str) -> None:
        """Asks the platform to push to this address what the channel is to see. Safe to repeat.

        Raises PlatformError.
        """

    def unsubscribe(self) -> None:
        """Asks it to push nothing of this channel's user or page any more; the app's webhook stays. Safe to repeat.

        Raises PlatformError.
        """


class Fetcher(Connector, Protocol):
    """A connector of a platform with the ability `fetch`."""

    def fetch(self, notice: IncomingNotice) -> Sequence[RawUpdate]:
        """What a notice of FETCHED_NOTICES named. Raises PlatformError; RejectedError where it is not shown to us."""


class AliasFinder(Connector, Protocol):
    """A connector of a platform with the ability `aliases`: it knows one person by several ids."""

    def aliases(self, user_id: str) -> Sequence[str]:
        """Author ids under which this channel sees the person with a login's id. Raises PlatformError."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a person signs in at the platform in the browser (`signing.py`). `return_code` names the one address that
    the platform sends people back to: /connect/<return_code>/return/. Without the `needed_scopes` there is no channel.
    With `asks_server` the person names the server first; with `has_choice` they choose among what was found.
    """

    return_code: str
    scopes: tuple[str, ...]
    needed_scopes: tuple[str, ...] = ()
    asks_server: bool = False
    has_choice: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the generic pages and rules need to know of a platform, without knowing it.

    Limits count characters: `reply_limit` weighted ones where `counts_weighted`, both graphemes where
    `counts_graphemes`; `byte_limits` tells how many bytes a write of a kind may have besides. `mark` stands for the
    name where there is no room. `answer_form` is the form of our public answers. Prices are millionths of a US dollar
    for a write of a kind; `prices_with_link` where a link in the text costs more. Without `hands_texts_on` the
    platform's terms let ids and counts be passed to others freely, but texts of posts only in small numbers. With
    `learning_allowed` they do not forbid that the brand's own model learns from verdicts on its posts; with
    `learning_asked` posts come from anywhere, and whoever connects a channel says so of it. Without
    `needs_credentials` a channel can be read without a login. `poll_seconds` is how often a new channel is read.
    `own_threads` tells whose thread it is where its first post is not known: the beginning of the ids of those that a
    channel began (`{id}`: the channel's own), or `*` where comments come from our own posts only. `credential_sets`
    says for a kind of channel which names together suffice (any one set; without an entry all names are needed);
    `asked` which fields of a channel are asked besides (`query`, `handle`, `external_id`), those with a `?` at the end
    only if there is one.

    `abilities` are the kinds of SendRequest that the platform offers, and what else a connector can do:
      webhooks   it pushes; `subscribe`: its connector is a Subscriber, which can ask for that
      identify   `identify() -> Identity`: one call that tells whose credentials these are
      read_back  a write in doubt can be looked up
      recheck    stored posts can be looked up again, `recheck_batch` ids a call, at `recheck_micros` each;
                 `recheck_any`: by any channel of the same server, not only by the one that they came through
      backfill   `collect(stream, {"backfill_seconds": N})` begins a reading of its own from N seconds ago on: its
                 cursor leads on from page to page beside the stream's; the first page without more is the last.
                 `backfill_days` says how far back each stream goes, `backfill_posts` how many it shows at most;
                 `read_prices` what a post costs to read.
    """

    code: str
    name: str
    credential_names: tuple[str, ...]
    channel_kinds: tuple[str, ...]
    abilities: frozenset[str]
    reply_limit: int
    direct_message_limit: int
    counts_weighted: bool = False
    counts_graphemes: bool = False
    byte_limits: Mapping[str, int] = field(default_factory=dict)
    forms: tuple[str, ...] = FORMS
    direct_message_window_hours: int | None = None
    human_window_hours: int | None = None
    needs_summon: bool = False
    learning_allowed: bool = False
    learning_asked: bool = False
    mark: str = ""
    answer_form: str = "comment"
    prices: Mapping[str, int] = field(default_factory=dict)
    prices_with_link: Mapping[str, int] = field(default_factory=dict)
    hands_texts_on: bool = True
    private_reply_window_hours: int | None = None
    own_threads: str = ""
    needs_credentials: bool = True
    poll_seconds: int = 60
    sign_in: SignIn | None = None
    credential_sets: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def sets_of(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """The sets of credentials of which any one opens a channel of this kind."""
        usual = (self.credential_names,) if self.needs_credentials else ((), self.credential_names)
        return self.credential_sets.get(kind, usual)

    def asked_of(self, kind: str) -> tuple[str, ...]:
        usual = ("query", "handle?") if kind == "search" else ()
        return self.asked.get(kind, usual)

    recheck_batch: int = 0
    recheck_micros: int = 0
    backfill_days: Mapping[str, int] = field(default_factory=dict)
    backfill_posts: Mapping[str, int] = field(default_factory=dict)
    read_prices: Mapping[str, int] = field(default_factory=dict)

    def reach_days(self, stream: str) -> int:
        """How far back a stream is read; a month where nothing is declared."""
        return self.backfill_days.get(stream, 30)

    def price_of(self, kind: str, *, has_link: bool) -> int:
        """What one write of this kind costs."""
        price = self.prices.get(kind, 0)
        return self.prices_with_link.get(kind, price) if has_link else price


class Platform(Protocol):
    """A platform: its declaration, its pure parser and its connector factory."""

    declaration: Declaration
    #: How to sign in; None where there is no such way.
    signing: "Signing | None"

    def normalize(self, update: RawUpdate, context: ChannelContext) -> Sequence[PlatformEvent]:
        """Pure. Raises MalformedPayloadError for what cannot be understood."""

    def connect(self, context: ChannelContext, budget: Budget) -> Connector:
        """Builds the client; no network."""

    def deep_link(self, external_id: str, author_handle: str) -> str:
        """Address that a person opens to answer in the platform's own app; "" where there is none."""
