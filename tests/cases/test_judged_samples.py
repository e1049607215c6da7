"""A verdict on a drawn post has consequences: a missed complaint gets its case, and a case that is there follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.analysis.models import SampledPost
from monitor.analysis.services import analyze_posts
from monitor.analysis.services.sampling import draw_sample
from monitor.audit.models import AuditEvent
from monitor.cases.models import Case, CasePost
from monitor.cases.services import judge_sampled
from monitor.inbox.models import Post
from monitor.triage.models import TriageDecision
from tests.analysis.making import WordEngine, make_post
from workers import pipeline

pytestmark = pytest.mark.django_db


def _sampled(brand: Any, text: str, **fields: Any) -> SampledPost:
    """A post of yesterday that went through the pipeline and was drawn."""
    post = make_post(brand, text, at=timezone.now() - timedelta(days=1), **fields)
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    pipeline.open_cases()
    draw_sample(brand_id=brand.pk, day=post.created_at.date())
    return SampledPost.objects.get(post=post)


def test_a_missed_complaint_gets_its_case(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "Splendid service, three weeks and counting")
    assert not Case.objects.exists()
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    pipeline.open_cases()
    case = Case.objects.get()
    assert (case.deciding_post_id, case.intent, case.severity, case.state) == (sampled.post_id, "complaint", 1, "new")
    assert case.waiting_since == sampled.post.created_at
    decision = TriageDecision.objects.get(post=sampled.post, is_current=True)
    assert "opens.judged" in [reason["code"] for reason in decision.reasons]
    pipeline.open_cases()
    assert CasePost.objects.count() == 1


def test_one_that_is_not_addressed_to_us_is_counted_and_gets_none(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "Splendid service, three weeks and counting", mentions_us=False)
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    pipeline.open_cases()
    assert not Case.objects.exists()
    assert TriageDecision.objects.get(is_current=True).facts["is_judged_complaint"]


def test_a_case_that_is_there_follows_and_goes_on(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "Where is it?")
    case = Case.objects.get()
    assert case.severity == 0
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    pipeline.open_cases()
    case.refresh_from_db()
    assert (case.intent, case.severity, case.state) == ("complaint", 1, "new")
    assert AuditEvent.objects.filter(act="case.reading_corrected").count() == 1
    assert CasePost.objects.count() == 1


def test_no_complaint_changes_the_labels_of_a_case_but_never_resolves_it(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "It is late")
    judge_sampled(user=bob, sampled=sampled, is_complaint=False)
    case = Case.objects.get()
    assert (case.intent, case.severity, case.state) == ("question", 0, "new")


def test_a_verdict_that_agrees_leaves_the_case_alone(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "It is late")
    before = Case.objects.get().version
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    assert Case.objects.get().version == before
    assert Post.objects.get().stage == "triaged"
