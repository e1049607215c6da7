"""A reviewer's verdict, on a case or on a drawn post: it corrects the reading, and the case follows."""

from typing import Any

from django.db import transaction

from monitor.analysis.models import SampledPost
from monitor.analysis.selectors import current_reading, current_readings, to_word
from monitor.analysis.services import correct
from monitor.analysis.services.sampling import judge
from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.cases.models import Case, CasePost
from monitor.cases.services.life import set_resolved
from monitor.cases.services.locking import CaseChangedError, check, lock_case, save
from monitor.cases.services.recount import recount
from monitor.cases.states import ACTIVE
from monitor.inbox.models import Post
from monitor.triage.selectors import is_put_aside


def correct_reading(*, user: User, case: Case, field: str, value: Any, post: Post | None = None) -> Case:
    """Corrects one field of the deciding post (or of another post of the case). Raises CorrectionError.

    The priority stays what the rules made of it then; labels, topic and severity of the case change at once.
    """
    with transaction.atomic():
        check(user, case, "answer")
        chosen = post or case.deciding_post
        if not CasePost.objects.filter(case=case, post=chosen).exists():
            raise ValueError("This post belongs to another case.")
        made = correct(user=user, post=chosen, field=field, value=value)
        locked = lock_case(case.pk)
        if made:
            recount(locked)
            _record(user, locked, "case.reading_corrected", field=field, value=made[0].value)
            save(locked)
    return locked


def mark_not_complaint(*, user: User, case: Case, version: int | None = None) -> Case:
    """Corrects the deciding post; the case is resolved unless another of its posts still asks for something.

    Raises CaseChangedError, PermissionDenied, CorrectionError.
    """
    with transaction.atomic():
        check(user, case, "answer")
        current = Case.objects.get(pk=case.pk)
        if version is not None and current.version != version:
            raise CaseChangedError(current)
        correct(user=user, post=current.deciding_post, field="complaint", value=False)
        locked = lock_case(case.pk)
        if version is not None and locked.version != version:
            raise CaseChangedError(locked)
        rest = _posts_that_ask(locked)
        if not rest and locked.state in ACTIVE:
            set_resolved(locked, "not_a_complaint")
        recount(locked)
        if not rest:
            locked.is_flagged = False
        _record(user, locked, "case.not_a_complaint", resolved=not rest)
        save(locked)
    return locked


def judge_sampled(*, user: User, sampled: SampledPost, is_complaint: bool) -> SampledPost:
    """The verdict on a drawn post (see `analysis.services.sampling`). Where the post has a case already, labels, topic
    and severity of the case follow; it is not resolved by this: whoever judged did not see the case.

    Raises PermissionDenied, CorrectionError.
    """
    with transaction.atomic():
        # The post first, as in `judge`: nobody decides on it anew in between.
        Post.objects.select_for_update(no_key=True).get(pk=sampled.post_id)
        before = current_reading(sampled.post_id)
        aside = is_put_aside(sampled.post_id)
        judged = judge(user=user, sampled=sampled, is_complaint=is_complaint, is_put_aside=aside)
        place = CasePost.objects.filter(post_id=sampled.post_id).first()
        if place is not None and before is not None and before.complaint is not is_complaint:
            locked = lock_case(place.case_id)
            recount(locked)
            _record(user, locked, "case.reading_corrected", field="complaint", value=to_word(is_complaint))
            save(locked)
    return judged


def _posts_that_ask(case: Case) -> list[int]:
    """Posts beside the deciding one that are complaints or wait for an answer."""
    ids = list(CasePost.objects.filter(case=case).exclude(post=case.deciding_post_id).values_list("post_id", flat=True))
    readings = current_readings(ids)
    return [post_id for post_id, reading in readings.items() if reading.complaint or reading.needs_reply]


def _record(user: User, case: Case, act: str, **params: Any) -> None:
    audit.record(actor=user, act=act, brand_id=case.brand_id, subject=case, params=params)
