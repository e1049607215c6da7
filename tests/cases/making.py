"""Posts on their way from the inbox to a case, as the worker takes them."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from monitor.analysis.services import analyze_posts
from monitor.cases.models import Case
from monitor.cases.selectors import case_facts
from monitor.cases.services import open_cases
from monitor.inbox.models import Post
from monitor.triage.services import TriageOutcome, triage_posts
from tests.analysis.making import WordEngine, make_post


def decide_on(posts: Sequence[Post]) -> list[TriageOutcome]:
    ids = [post.pk for post in posts]
    analyze_posts(post_ids=ids, engine=WordEngine())
    return triage_posts(post_ids=ids, case_facts=case_facts(ids))


def run_pipeline(*posts: Post) -> list[int]:
    """Returns the ids of the cases touched."""
    ids = [post.pk for post in posts]
    analyze_posts(post_ids=ids, engine=WordEngine())
    with transaction.atomic():
        return open_cases(outcomes=triage_posts(post_ids=ids, case_facts=case_facts(ids)))


def make_case(brand: Any, text: str = "My parcel is late", **fields: Any) -> Case:
    post = make_post(brand, text, **fields)
    run_pipeline(post)
    return Case.objects.get(case_posts__post=post)
