"""What people do with a case that they work on: claim, assign, release, note, tag, escalate."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.brands.rights import can
from monitor.cases.models import Case, Escalation, Note
from monitor.cases.services.locking import changing, check
from monitor.cases.states import next_state
from monitor.text.reason import Reason

#: A claim keeps others off while somebody writes; it ends by itself when they go home.
CLAIM_MINUTES: Final = 30
LONGEST_TAG: Final = 80
MOST_TAGS: Final = 20


class CaseClaimedError(Exception):
    """Somebody else is at it; `holder` says who."""

    def __init__(self, holder: User) -> None:
        super().__init__("the case is claimed by somebody else")
        self.holder = holder


def claim(*, user: User, case: Case, version: int | None = None) -> Case:
    """Takes the case; claiming it again prolongs the claim.

    Raises CaseClaimedError, CaseChangedError, WrongStepError.
    """
    with changing(user=user, case=case, version=version) as locked:
        holder = locked.assignee
        if holder is not None and holder.pk != user.pk and _is_held(locked):
            raise CaseClaimedError(holder)
        locked.state = next_state(locked.state, "take_up")
        locked.assignee = user
        locked.claimed_until = timezone.now() + timedelta(minutes=CLAIM_MINUTES)
        _record(user, locked, "case.claimed")
    return locked


def release(*, user: User, case: Case, version: int | None = None) -> Case:
    """Gives the case back to everybody. Of another's case only a lead can say so: raises CaseClaimedError."""
    with changing(user=user, case=case, version=version) as locked:
        holder = locked.assignee
        if holder is not None and holder.pk != user.pk and not can(user, locked.brand, "steer"):
            raise CaseClaimedError(holder)
        locked.assignee = locked.claimed_until = None
        _record(user, locked, "case.released")
    return locked


def assign(*, user: User, case: Case, to: User, version: int | None = None) -> Case:
    """Hands the case to a colleague who may answer for the brand. Raises ValueError for anybody else."""
    with changing(user=user, case=case, version=version) as locked:
        if not can(to, locked.brand, "answer"):
            raise ValueError("A case can only be assigned to somebody who may answer for the brand.")
        locked.state = next_state(locked.state, "take_up")
        locked.assignee, locked.claimed_until = to, None
        _record(user, locked, "case.assigned", to=to.pk)
    return locked


def add_note(*, user: User, case: Case, text: str) -> Note:
    """An internal note. Raises ValueError for an empty one."""
    words = text.strip()
    if not words:
        raise ValueError("A note needs words.")
    with transaction.atomic():
        check(user, case, "answer")
        note = Note.objects.create(case=case, author=user, text=words)
        # Screens that show the case must learn of it, but nobody's work on it is made void by a note.
        Case.objects.filter(pk=case.pk).update(changed_at=timezone.now())
        _record(user, case, "case.noted")
    return note


def add_tag(*, user: User, case: Case, tag: str) -> Case:
    """Raises ValueError for an empty or overlong tag, or one too many."""
    word = " ".join(tag.split())
    if not 0 < len(word) <= LONGEST_TAG:
        raise ValueError(f"A tag has 1 to {LONGEST_TAG} characters.")
    with changing(user=user, case=case) as locked:
        if word not in locked.tags:
            if len(locked.tags) >= MOST_TAGS:
                raise ValueError(f"A case has at most {MOST_TAGS} tags.")
            locked.tags = [*locked.tags, word]
            _record_tag(user, locked, "case.tagged", after=word)
    return locked


def remove_tag(*, user: User, case: Case, tag: str) -> Case:
    with changing(user=user, case=case) as locked:
        if tag in locked.tags:
            locked.tags = [one for one in locked.tags if one != tag]
            _record_tag(user, locked, "case.untagged", before=tag)
    return locked


def escalate(*, user: User, case: Case, why: str = "", version: int | None = None) -> Escalation:
    """A person says that this must be seen today: the case is flagged, whatever its priority."""
    with changing(user=user, case=case, version=version) as locked:
        reason = Reason("person", 0, {"why": why.strip()[:200]} if why.strip() else {})
        escalation = Escalation.objects.create(case=locked, reasons=[reason.to_json()], raised_by=user)
        locked.is_flagged = True
        _record(user, locked, "case.escalated")
    return escalation


def _is_held(case: Case) -> bool:
    return case.claimed_until is not None and case.claimed_until > timezone.now()


def _record_tag(user: User, case: Case, act: str, *, before: str = "", after: str = "") -> None:
    """A tag that somebody typed may speak of the person: it goes where it can be erased."""
    author = case.author
    audit.record(
        actor=user,
        act=act,
        brand_id=case.brand_id,
        subject=case,
        before=before,
        after=after,
        author_key=f"{author.platform}:{author.external_id}" if author is not None else "",
    )


def _record(user: User, case: Case, act: str, **params: object) -> None:
    audit.record(actor=user, act=act, brand_id=case.brand_id, subject=case, params=params)
