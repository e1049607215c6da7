"""Who may answer a post, where, until when, as whom and at what cost. Pure: facts and a clock in, a verdict out.

Asked when a reply is approved and again in the transaction that claims it for sending. The rules are those of the
platforms' own pages (X: summoned replies; Meta: 24 hours, 7 days for people, one private reply a comment).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from monitor.platforms.base import Declaration
from monitor.text.reason import Reason

#: A program answers while the person may still be there, also where the platform sets no limit.
AUTOMATION_WINDOW: Final = timedelta(hours=24)
HEALTHY: Final = "healthy"

PERSON, AUTOMATION = "person", "automation"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides. Times are aware; `last_inbound_at` is the customer's newest message in the thread."""

    form: str = "post"
    is_public: bool = True
    mentions_us: bool = False
    quotes_us: bool = False
    has_platform_id: bool = True
    is_import: bool = False
    is_deleted: bool = False
    is_own: bool = False
    created_at: datetime | None = None
    last_inbound_at: datetime | None = None
    author_opted_out: bool = False
    author_automated: bool = False
    author_reachable: bool = True  # we know whom a private message would go to
    channel_state: str = HEALTHY
    channel_may_write: bool = True
    has_channel: bool = True
    private_reply_used: bool = False
    is_killed: bool = False
    is_crisis: bool = False
    automation_on: bool = True


@dataclass(frozen=True, slots=True)
class Eligibility:
    """`kind` reply, direct_message, private_reply or native_task; `until` is the last moment, None where none is set.

    `by_whom` lists who may send it now: "person", "automation". `reasons` say why it is so, the decisive one first.
    """

    allowed: bool
    kind: str
    where: str  # public, private, native
    until: datetime | None = None
    by_whom: frozenset[str] = frozenset()
    cost_micros: int = 0
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def code(self) -> str:
        """The decisive reason's code without its prefix; "" where nothing stands in the way."""
        return self.reasons[0].code.removeprefix("eligibility.") if self.reasons else ""

    def allows(self, sent_by: str) -> bool:
        return self.allowed and sent_by in self.by_whom


def can_reply(
    facts: Facts, declaration: Declaration, now: datetime, *, kind: str = "", has_link: bool = False
) -> Eligibility:
    """The way that is open for `kind`, or for what suits the post best where no kind is named."""
    wanted = kind or best_kind(facts)
    blocked = _what_stops_everything(facts, declaration, wanted)
    if blocked is not None:
        return _refuse(wanted, *blocked)
    verdict = {"reply": _public, "direct_message": _message, "private_reply": _private}.get(wanted)
    if verdict is None:
        raise ValueError(f"there is no kind of reply {wanted!r}")
    answer = verdict(facts, declaration, now)
    cost = declaration.price_of(wanted, has_link=has_link)
    return Eligibility(
        answer.allowed, answer.kind, answer.where, answer.until, answer.by_whom, cost if answer.allowed else 0,
        answer.reasons,
    )  # fmt: skip


def best_kind(facts: Facts) -> str:
    """A message answers a message; a public post is answered in public, so that others see that it was answered."""
    return "reply" if facts.is_public else "direct_message"


def ways(facts: Facts, declaration: Declaration, now: datetime) -> list[Eligibility]:
    """Every way that the console offers, open or not, the best one first."""
    if not facts.is_public:
        return [can_reply(facts, declaration, now, kind="direct_message")]
    kinds = ["reply", *(["private_reply"] if "private_reply" in declaration.abilities else [])]
    return [can_reply(facts, declaration, now, kind=kind) for kind in kinds]


def _what_stops_everything(
    facts: Facts, declaration: Declaration, kind: str
) -> tuple[str, bool] | None:  # code, and whether a person may still answer in the platform's own app
    checks: Iterable[tuple[bool, str, bool]] = (
        (facts.is_own, "own_post", False),
        (facts.is_deleted, "deleted", False),
        (facts.is_killed, "kill_switch", False),
        (not facts.has_platform_id, "no_platform_id", facts.is_public and not facts.is_import),
        (facts.is_import and not facts.has_channel, "imported", False),
        (not facts.has_channel, "no_channel", True),
        (not facts.channel_may_write, "channel_read_only", True),
        (facts.channel_state == "paused", "channel_paused", False),
        (facts.channel_state == "disconnected", "channel_disconnected", True),
        (facts.channel_state != HEALTHY, "channel_unhealthy", True),
        (not declaration.abilities, "only_read", True),
        (kind not in declaration.abilities, "not_offered", True),
        (facts.author_opted_out and kind != "reply", "opted_out", False),
    )
    return next(((code, native) for holds, code, native in checks if holds), None)


def _public(facts: Facts, declaration: Declaration, now: datetime) -> Eligibility:
    if declaration.needs_summon and not (facts.mentions_us or facts.quotes_us):
        return _refuse("reply", "not_summoned", True)
    # Answers to strangers' posts by a program are what platforms forbid: in public only people speak.
    return Eligibility(True, "reply", "public", by_whom=frozenset({PERSON}))


def _message(facts: Facts, declaration: Declaration, now: datetime) -> Eligibility:
    if facts.last_inbound_at is None:
        return _refuse("direct_message", "not_written_to_us", False)
    if not facts.author_reachable:
        return _refuse("direct_message", "unreachable", True)
    free_until = _end(facts.last_inbound_at, declaration.direct_message_window_hours)
    human_until = _end(facts.last_inbound_at, declaration.human_window_hours) or free_until
    if free_until is None or now <= free_until:
        obstacle = _what_stops_automation(facts, now)
        speakers = frozenset({PERSON} if obstacle else {PERSON, AUTOMATION})
        reasons = (_reason(obstacle),) if obstacle else ()
        until = human_until if free_until is not None else None
        return Eligibility(True, "direct_message", "private", until, speakers, reasons=reasons)
    if human_until is not None and now <= human_until:
        reasons = (_reason("human_window"),)
        return Eligibility(True, "direct_message", "private", human_until, frozenset({PERSON}), reasons=reasons)
    return _refuse("direct_message", "window_closed", True)


def _private(facts: Facts, declaration: Declaration, now: datetime) -> Eligibility:
    if not facts.is_public or facts.form == "direct_message":
        return _refuse("private_reply", "not_public", False)
    # Where there is a window there is one answer in it; elsewhere a private answer is a message like others.
    if facts.private_reply_used and declaration.private_reply_window_hours is not None:
        return _refuse("private_reply", "already_replied", False)
    if not facts.author_reachable and declaration.private_reply_window_hours is None:
        return _refuse("private_reply", "unreachable", True)
    until = None
    if declaration.private_reply_window_hours is not None:
        if facts.created_at is None or now > facts.created_at + timedelta(hours=declaration.private_reply_window_hours):
            return _refuse("private_reply", "window_closed", True)
        until = _end(facts.created_at, declaration.private_reply_window_hours)
    return Eligibility(True, "private_reply", "private", until, frozenset({PERSON}))


def _what_stops_automation(facts: Facts, now: datetime) -> str:
    """The code of what keeps a program from answering; "" where it may."""
    checks = (
        (not facts.automation_on, "automation_off"),
        (facts.is_crisis, "crisis"),
        (facts.author_automated, "author_automated"),
        (facts.last_inbound_at is None or now > facts.last_inbound_at + AUTOMATION_WINDOW, "automation_window"),
    )
    return next((code for holds, code in checks if holds), "")


def _end(since: datetime, hours: int | None) -> datetime | None:
    return None if hours is None else since + timedelta(hours=hours)


def _reason(code: str) -> Reason:
    return Reason(f"eligibility.{code}")


def _refuse(kind: str, code: str, native: bool) -> Eligibility:
    """Not through the API. `native`: a person can still answer in the platform's own app."""
    return Eligibility(
        False, "native_task" if native else kind, "native" if native else "nowhere", reasons=(_reason(code),)
    )
