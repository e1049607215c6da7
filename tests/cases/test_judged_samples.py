"""A verdict on a drawn post has consequences: a missed complaint gets its case, and a case that is there follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitor.analysis.models import SampledPost, SampleStratum
from monitor.analysis.samples import GRACE
from monitor.analysis.services import analyze_posts, correct
from monitor.analysis.services.sampling import draw_sample
from monitor.audit.models import AuditEvent
from monitor.cases.models import Case, CasePost
from monitor.cases.services import judge_sampled
from monitor.inbox.models import Post
from monitor.triage.models import TriageDecision
from monitor.triage.selectors import is_put_aside, put_aside
from monitor.triage.services import mark_not_spam
from tests.analysis.making import WordEngine, make_post
from workers import housekeeping, pipeline

pytestmark = pytest.mark.django_db


def _sampled(brand: Any, text: str, **fields: Any) -> SampledPost:
    """A post of yesterday that went through the pipeline and was drawn."""
    post = make_post(brand, text, at=timezone.now() - timedelta(days=1), **fields)
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    pipeline.open_cases()
    draw_sample(brand_id=brand.pk, day=post.created_at.date(), put_aside=put_aside)
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


def _spam_of_yesterday(brand: Any) -> list[Post]:
    """One text with an offer, of five people: read as complaints, put aside as spam."""
    text = "My refund is late, where is it? Use my code acs{} and get 100 dollars today"
    yesterday = timezone.now() - GRACE - timedelta(days=1)  # drawn at once, just after midnight too
    wave = [make_post(brand, text.format(100_000 + n), author=f"p{n}", at=yesterday) for n in range(5)]
    analyze_posts(post_ids=[post.pk for post in wave], engine=WordEngine())
    pipeline.open_cases()
    return wave


def test_a_complaint_taken_for_spam_is_drawn_and_one_verdict_opens_its_case(brand: Any, bob: Any) -> None:
    wave = _spam_of_yesterday(brand)
    assert not Case.objects.exists()
    housekeeping.watch_quality()
    drawn = SampledPost.objects.filter(put_aside=True, said_complaint=True)
    assert {one.post_id for one in drawn} == {post.pk for post in wave}
    judge_sampled(user=bob, sampled=drawn.get(post=wave[0]), is_complaint=True)
    judge_sampled(user=bob, sampled=drawn.get(post=wave[1]), is_complaint=False)
    pipeline.open_cases()
    assert Case.objects.get().deciding_post_id == wave[0].pk
    assert not is_put_aside(wave[0].pk) and is_put_aside(wave[1].pk)


def test_a_complaint_taken_for_advertising_gets_its_case_too(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "You buy my patience with three weeks of silence")
    assert sampled.put_aside and not sampled.said_complaint and not Case.objects.exists()
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    pipeline.open_cases()
    assert Case.objects.get().deciding_post_id == sampled.post_id


def test_who_once_said_advertising_is_overruled_by_who_says_complaint(brand: Any, bob: Any) -> None:
    sampled = _sampled(brand, "You buy my patience with three weeks of silence")
    correct(user=bob, post=sampled.post, field="intent", value="promotion", confirms=True)
    judge_sampled(user=bob, sampled=sampled, is_complaint=True)
    pipeline.open_cases()
    assert Case.objects.get().deciding_post_id == sampled.post_id


def test_what_was_put_aside_is_told_by_day_and_brand(brand: Any, other_brand: Any) -> None:
    wave = _spam_of_yesterday(brand)
    now = timezone.now()
    assert set(put_aside(brand.pk, now - timedelta(days=2), now)) == {post.pk for post in wave}
    assert put_aside(brand.pk, now - timedelta(hours=1), now) == []
    assert put_aside(other_brand.pk, now - timedelta(days=2), now) == []


def test_a_rescue_before_the_draw_does_not_flatter_the_numbers(brand: Any, bob: Any) -> None:
    """Triage silenced it, and a colleague has seen it by chance: the sample still holds it as put aside."""
    wave = _spam_of_yesterday(brand)
    mark_not_spam(user=bob, post=wave[0], intent="complaint")
    pipeline.open_cases()
    assert Case.objects.get().deciding_post_id == wave[0].pk and not is_put_aside(wave[0].pk)
    housekeeping.watch_quality()
    assert SampledPost.objects.get(post=wave[0]).put_aside
    assert SampleStratum.objects.get().population == len(wave)


def test_a_new_text_is_decided_on_anew(brand: Any) -> None:
    """What triage thought of words that their author has replaced says nothing of the new ones."""
    post = make_post(brand, "You buy my patience with three weeks of silence", at=timezone.now() - timedelta(days=1))
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    pipeline.open_cases()
    span = brand.pk, timezone.now() - timedelta(days=2), timezone.now()
    assert put_aside(*span) == [post.pk]
    Post.objects.filter(pk=post.pk).update(text="It is late", version=2, stage="received")
    assert put_aside(*span) == [], "nobody has decided on it yet"
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    pipeline.open_cases()
    assert put_aside(*span) == []
    versions = TriageDecision.objects.filter(post=post).order_by("pk").values_list("post_version", "is_current")
    assert list(versions) == [(1, False), (2, True)]
