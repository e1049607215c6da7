"""Our answers that somebody deleted on the platform itself: said so, counted, and their cases wait again.

Told by a webhook or found by a look-up, the deletion has emptied the own post (`inbox`); what it means is written here.
"""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.functions import Cast
from django.utils import timezone

from monitor.audit import services as audit
from monitor.audit.models import AuditEvent
from monitor.cases.models import Case, CaseState
from monitor.cases.services import note_answer_taken_down
from monitor.inbox.changes import posts_gone_since
from monitor.inbox.models import Post
from monitor.replies.models import Reply, ReplyState
from monitor.replies.privacy import erase_posts, erase_replies
from monitor.replies.services.post_outcomes import DELETED_BY_US, is_answered_otherwise
from monitor.replies.states import try_to_move

#: What the log calls it; a post has it once.
DELETED_THERE: Final = "post.deleted_there"
#: Gone for our own reasons: taken down from here, erased with a person, too old.
_OURS: Final = (DELETED_BY_US, "erased", "retention")
LOOK_BACK: Final = timedelta(days=3)


def note_answers_gone(*, limit: int = 100) -> int:
    """Returns how many were noted. Each once, however often it is called and by whom."""
    noted = AuditEvent.objects.filter(
        brand_id=OuterRef("brand_id"),
        subject_kind="post",
        subject_id=Cast(OuterRef("pk"), CharField()),
        act=DELETED_THERE,
    )
    gone = Post.objects.filter(pk__in=posts_gone_since(timezone.now() - LOOK_BACK), is_own=True)
    gone = gone.exclude(deletion_reason__in=_OURS).filter(~Exists(noted))
    return sum(_note(post_id, noted) for post_id in gone.order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _note(post_id: int, noted: object) -> bool:
    post = Post.objects.select_for_update(no_key=True).get(pk=post_id)
    if Post.objects.filter(Exists(noted), pk=post_id).exists():  # type: ignore[arg-type]
        return False  # somebody was faster, and had the row
    reply = Reply.objects.filter(own_post=post).select_related("case").first()
    if reply is not None:
        try_to_move(reply, "reply", ReplyState.DELETED)
        erase_posts([post.pk])
    cases = _cases_of(post, reply)
    for case in cases:
        if not is_answered_otherwise(case):
            note_answer_taken_down(case_id=case.pk)
    audit.record(
        actor_kind="system",
        act=DELETED_THERE,
        brand_id=post.brand_id,
        subject_kind="post",
        subject_id=post.pk,
        params={"cases": [case.reference for case in cases]},
    )
    return True


def _cases_of(post: Post, reply: Reply | None) -> list[Case]:
    """The case that was answered. Of an answer from elsewhere: those of its thread that count as answered."""
    if reply is not None:
        return [reply.case]
    answered = Q(state=CaseState.WAITING, waiting_since=None)
    found = Case.objects.filter(answered, links__conversation=post.conversation_id, links__is_open=True)
    return list(found.distinct().order_by("pk"))


def note_gone_before_told(reply: Reply) -> None:
    """It was said and deleted before we heard of either. For a reply that was just sent, in the caller's
    transaction; its case was not answered by it."""
    if try_to_move(reply, "reply", ReplyState.DELETED):
        erase_replies([reply.pk])
        audit.record(
            actor_kind="system",
            act="reply.deleted_there",
            brand_id=reply.brand_id,
            subject=reply,
            params={"case": reply.case.reference},
        )
