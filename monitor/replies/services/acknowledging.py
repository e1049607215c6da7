"""The only reply that may be automatic: "we have your message", in private, where a brand has switched it on.

At most one per case and author, none within the brand's cool-down, so two programs cannot keep each other talking.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from monitor.audit import services as audit
from monitor.brands.models import SwitchName
from monitor.cases.models import Case, CaseState
from monitor.inbox.models import Arrival, Post
from monitor.inbox.opt_out import wants_silence
from monitor.replies import gathering, guard
from monitor.replies.eligibility import AUTOMATION, can_reply
from monitor.replies.models import Reply, ReplyState
from monitor.replies.phrasebook import choose_language, phrasebooks
from monitor.replies.services.drafting import newest_question, write_effect


def acknowledge_cases(*, case_ids: Sequence[int], now: datetime | None = None) -> int:
    """Puts an acknowledgement in the outbox for each case that may get one; returns for how many."""
    cases = Case.objects.filter(
        pk__in=case_ids, is_public=False, arrival=Arrival.LIVE, author__isnull=False,
        state__in=[CaseState.NEW, CaseState.OPEN],
    ).select_related("brand", "author").order_by("pk")  # fmt: skip
    switched: dict[int, bool] = {}
    made = 0
    for case in cases:
        if case.brand_id not in switched:
            switched[case.brand_id] = gathering.switches_of(case.brand_id)[SwitchName.ACKNOWLEDGEMENT]
        if switched[case.brand_id]:
            made += _acknowledge(case, now or gathering.database_now())
    return made


@transaction.atomic
def _acknowledge(case: Case, now: datetime) -> bool:
    """Everything is looked at under the author's lock: two workers with two cases of one person make one."""
    assert case.author_id is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"acknowledge:{case.author_id}"])
    post = Post.objects.select_related("conversation", "author", "brand").get(pk=newest_question(case).pk)
    if not _asks_for_one(post) or _was_acknowledged(case, now) or _was_answered(post):
        return False
    channel = gathering.writing_channel(post)
    switches = gathering.switches_of(case.brand_id)
    facts = gathering.eligibility_facts(post, channel, switches)
    verdict = can_reply(facts, gathering.declaration_of(post.platform), now, kind="direct_message")
    language, _rule = choose_language(case.language, case.brand.default_language)
    text = acknowledgement(language, case.brand.name, str(post.public_id))
    findings = guard.check(text, gathering.guard_facts(post, kind="direct_message", language=language))
    if channel is None or not verdict.allows(AUTOMATION) or guard.blocking(findings):
        return False
    reply = Reply.objects.create(
        brand_id=case.brand_id,
        case=case,
        conversation_id=post.conversation_id,
        target=post,
        channel=channel,
        kind="direct_message",
        state=ReplyState.APPROVED,
        text=text,
        language=language,
        is_acknowledgement=True,
        sent_by=AUTOMATION,
        approved_at=now,
    )
    write_effect(reply, channel, None, at=now)
    audit.record(
        actor_kind="automation", act="reply.acknowledged", brand_id=case.brand_id, subject=reply,
        params={"case": case.reference},
    )  # fmt: skip
    return True


def acknowledgement(language: str, brand_name: str, key: str) -> str:
    """The words, with the disclosure that a program speaks and the word that ends it."""
    variants = phrasebooks()[language].acknowledgements
    digest = hashlib.sha256(key.encode()).digest()
    return variants[digest[0] % len(variants)].replace("{brand}", brand_name)


def _asks_for_one(post: Post) -> bool:
    author = post.author
    return (
        post.form == "direct_message"
        and not post.is_public
        and not post.is_own
        and post.deleted_at is None
        and post.arrival == Arrival.LIVE
        and author is not None
        and not author.is_automated
        and not author.is_opted_out
        and wants_silence(post.text) is None
    )


def _was_acknowledged(case: Case, now: datetime) -> bool:
    """This case, or this person within the brand's cool-down. What could not be sent does not count."""
    sent = Reply.objects.filter(is_acknowledgement=True, target__author=case.author)
    since = now - timedelta(hours=case.brand.acknowledgement_cooldown_hours)
    recent = sent.filter(created_at__gt=since).exclude(state__in=[ReplyState.FAILED, ReplyState.DECLINED])
    return recent.exists() or Reply.objects.filter(is_acknowledgement=True, case=case).exists()


def _was_answered(post: Post) -> bool:
    """Somebody spoke since: an automatic message after that would be noise."""
    last, asked = post.conversation.last_own_at, post.created_at
    return last is not None and (asked is None or last >= asked)
