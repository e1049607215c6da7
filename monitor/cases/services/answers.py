"""What an own post means for the case: it was answered. Called in the transaction that stores the own post."""

from django.db.models import Q

from monitor.cases.models import Case, CaseConversation
from monitor.cases.services.locking import lock_case, save
from monitor.cases.states import ACTIVE, next_state
from monitor.inbox.models import Post


def note_own_post(*, post_id: int, case_id: int | None = None, is_acknowledgement: bool = False) -> Case | None:
    """Marks the case that this own post answers: first reply, nobody waits, the word is the customer's.

    Without `case_id` (an echo, or an answer from the platform's own app) the case is found by what the post answers.
    An acknowledgement is no answer: the customer goes on waiting. Returns the case, None where there is none.
    """
    post = Post.objects.get(pk=post_id)
    found = case_id if case_id is not None else _case_answered(post)
    if found is None:
        return None
    case = lock_case(found)
    if is_acknowledgement or case.state not in ACTIVE:
        return case
    wrote_at = post.created_at or post.stored_at
    if case.last_inbound_at is not None and wrote_at < case.last_inbound_at:
        # An older answer that arrives late (backfill, echo) says nothing of what the customer has written since; and
        # what the brand wrote before anybody wrote to it, the post under which they comment, is no answer at all.
        heard = Post.objects.filter(conversation_id=post.conversation_id, is_own=False, created_at__lte=wrote_at)
        if heard.exists():
            case.first_reply_at = min(case.first_reply_at or wrote_at, wrote_at)
            save(case)
        return case
    case.state = next_state(case.state, "own_reply")
    case.first_reply_at = case.first_reply_at or wrote_at
    case.waiting_since = None
    case.claimed_until = None
    save(case)
    return case


def note_answer_taken_down(*, case_id: int) -> Case:
    """The only answer to the customer's last words is no longer there: they wait again, since they wrote."""
    case = lock_case(case_id)
    if case.state not in ACTIVE or case.last_inbound_at is None:
        return case
    case.state = next_state(case.state, "answer_taken_down")
    case.waiting_since = case.waiting_since or case.last_inbound_at
    save(case)
    return case


def _case_answered(post: Post) -> int | None:
    """By the post that ours answers; else the only open case of the thread."""
    links = CaseConversation.objects.filter(conversation_id=post.conversation_id, is_open=True)
    target = (
        Post.objects.filter(
            Q(external_id=post.in_reply_to) | Q(platform_id=post.in_reply_to),
            conversation_id=post.conversation_id,
            is_own=False,
        ).first()
        if post.in_reply_to
        else None
    )
    if target is not None:
        links = links.filter(Q(author_id=target.author_id) | Q(author_id=None))
    found = list(links.values_list("case_id", flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else None
