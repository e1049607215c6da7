"""What may be done to a post beside answering it: hiding, liking, deleting an answer of ours. Pure: facts in, a verdict
out. Asked when somebody presses the button and again in the transaction that claims the effect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from monitor.platforms.base import Declaration
from monitor.replies.eligibility import HEALTHY
from monitor.text.reason import Reason

#: What undoes what. Whichever was asked last counts.
OPPOSITES: Final[Mapping[str, str]] = {"hide": "unhide", "unhide": "hide", "like": "unlike", "unlike": "like"}
KINDS: Final = (*OPPOSITES, "delete")
#: What can be undone is an agent's; what is gone for good, a lead's. In delicate cases so is hiding (`right_for`).
RIGHTS: Final[Mapping[str, str]] = {**dict.fromkeys(OPPOSITES, "answer"), "delete": "approve"}
#: What an operator or the clock mends: the effect waits instead of failing, and the page says so.
OBSTACLES: Final = frozenset({"kill_switch", "channel_paused", "channel_unhealthy", "channel_read_only"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides. `is_hidden`, `is_liked`, `is_going`: as it will be when all that was asked is done."""

    is_public: bool = True
    is_own: bool = False
    is_answer: bool = False  # ours, to somebody
    is_comment: bool = False  # under something
    is_our_thread: bool = False
    is_deleted: bool = False
    is_import: bool = False
    has_platform_id: bool = True
    author_opted_out: bool = False
    has_channel: bool = True
    channel_may_write: bool = True
    channel_state: str = HEALTHY
    is_killed: bool = False
    is_hidden: bool = False
    is_liked: bool = False
    is_going: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` says what stands in the way; None where nothing does."""

    kind: str
    reason: Reason | None = None

    @property
    def allowed(self) -> bool:
        return self.reason is None

    @property
    def code(self) -> str:
        return self.reason.code.removeprefix("eligibility.") if self.reason is not None else ""


def can_be_done(facts: Facts, declaration: Declaration, kind: str) -> Verdict:
    """Whether the platform would let us, now. Raises ValueError for a kind that does not exist."""
    if kind not in KINDS:
        raise ValueError(f"There is no effect {kind!r}; known are {', '.join(KINDS)}.")
    return _first(kind, (*_of_the_post(facts, declaration, kind), *_of_the_channel(facts)))


def can_be_asked(facts: Facts, declaration: Declaration, kind: str) -> Verdict:
    """The same for somebody who asks for it: also whether it would change anything."""
    verdict = can_be_done(facts, declaration, kind)
    return verdict if not verdict.allowed else _first(kind, _what_changes_nothing(facts, kind))


def right_for(kind: str, *, is_delicate: bool) -> str:
    """Taking words out of sight while the brand is in a crisis, or in a critical case, is not one person's."""
    return "approve" if is_delicate and kind in ("hide", "unhide") else RIGHTS[kind]


Checks = Iterable[tuple[bool, str]]


def _of_the_post(facts: Facts, declaration: Declaration, kind: str) -> Checks:
    yield facts.is_deleted, "deleted"
    yield kind not in declaration.abilities, "act_not_offered"
    yield not facts.has_platform_id, "no_platform_id"
    yield not facts.is_public, "private_message"
    if kind == "delete":
        yield not facts.is_own, "not_our_post"
        yield not facts.is_answer, "not_an_answer"
        return
    yield facts.is_own, "own_post"
    if kind in ("hide", "unhide"):
        yield not (facts.is_comment and facts.is_our_thread), "not_our_thread"
    yield kind == "like" and facts.author_opted_out, "opted_out"


def _of_the_channel(facts: Facts) -> Checks:
    yield not facts.has_channel, "imported" if facts.is_import else "no_channel"
    yield facts.is_killed, "kill_switch"
    yield not facts.channel_may_write, "channel_read_only"
    yield facts.channel_state == "paused", "channel_paused"
    yield facts.channel_state == "disconnected", "channel_disconnected"
    yield facts.channel_state != HEALTHY, "channel_unhealthy"


def _what_changes_nothing(facts: Facts, kind: str) -> Checks:
    yield facts.is_going, "being_deleted"
    yield kind == "hide" and facts.is_hidden, "already_hidden"
    yield kind == "unhide" and not facts.is_hidden, "not_hidden"
    yield kind == "like" and facts.is_liked, "already_liked"
    yield kind == "unlike" and not facts.is_liked, "not_liked"


def _first(kind: str, checks: Checks) -> Verdict:
    code = next((code for holds, code in checks if holds), "")
    return Verdict(kind, Reason(f"eligibility.{code}") if code else None)
