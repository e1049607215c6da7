"""The story of a post, read from top to bottom: analyze → triage → open → suggest → acknowledge.

`inbox` decides which posts may be taken (lease, tries); each step commits before the next begins, so a worker
that dies anywhere leaves posts that somebody else takes up at the same place.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from monitor.analysis import services as analysis
from monitor.cases import services as cases
from monitor.cases.selectors import case_facts
from monitor.inbox import selectors as inbox_selectors
from monitor.inbox import services as inbox
from monitor.inbox.models import Stage
from monitor.replies import services as replies
from monitor.triage import services as triage
from monitor.triage.offers import read_offers
from workers.app import app


@app.task(name="workers.pipeline.advance")
def advance(post_ids: Sequence[int] | None = None) -> None:
    """Takes a batch of posts through the whole story. Without ids: whatever waits, a batch at a time."""
    taken = analyze(post_ids)
    touched = open_cases(post_ids)
    answer(touched)
    if post_ids is None and (taken or touched):
        app.send_task("workers.pipeline.advance", queue="analyze", expires=60)


def analyze(post_ids: Sequence[int] | None = None) -> int:
    """Language, intent, sentiment, complaint, severity, topic: once a post and model version."""
    claimed = inbox.claim_posts(
        stage=Stage.RECEIVED,
        limit=settings.ANALYZE_BATCH,
        lease_seconds=settings.LEASE_SECONDS,
        post_ids=post_ids,
    )
    if claimed:
        analysis.analyze_posts(post_ids=claimed)
    return len(claimed)


def open_cases(post_ids: Sequence[int] | None = None) -> list[int]:
    """Decides what each post needs and opens or joins cases, in the transaction that moves the posts on."""
    claimed = inbox.claim_posts(
        stage=Stage.ANALYZED,
        limit=settings.ANALYZE_BATCH,
        lease_seconds=settings.LEASE_SECONDS,
        post_ids=post_ids,
    )
    if not claimed:
        return []
    own = set(inbox_selectors.own_among(claimed))
    theirs = [post_id for post_id in claimed if post_id not in own]
    offers = read_offers(theirs)
    with transaction.atomic():
        triage.remember_own_contacts(post_ids=sorted(own))
        outcomes = triage.triage_posts(post_ids=theirs, case_facts=case_facts(theirs), offers=offers)
        touched = cases.open_cases(outcomes=outcomes)
        if own:
            # An echo of what we sent, or an answer given in the platform's own app.
            replies.match_own_posts(post_ids=sorted(own))
            inbox.advance_posts(post_ids=sorted(own), from_stage=Stage.ANALYZED, to_stage=Stage.TRIAGED)
    return touched


@app.task(name="workers.pipeline.renew")
def renew() -> None:
    """One batch of stored posts that are to be read again, and the next one after it."""
    if read_again():
        app.send_task("workers.pipeline.renew", queue="analyze", expires=60)


def read_again() -> int:
    """Stored posts that newer weights, learned heads or a brand's new topic would read differently: only while no new
    post waits. Returns how many were read."""
    if inbox_selectors.oldest_wait_seconds() > 0:
        return 0
    return analysis.renew_some(limit=settings.ANALYZE_BATCH)


def answer(case_ids: Sequence[int]) -> int:
    """The acknowledgement where the brand's switch and the rules allow it, then what we would say.

    In this order: whoever takes up a case that has no suggestion yet also makes up for its acknowledgement.
    Returns how many suggestions were made.
    """
    if not case_ids:
        return 0
    replies.acknowledge_cases(case_ids=case_ids)
    return replies.suggest_for_cases(case_ids=case_ids)
