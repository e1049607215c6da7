"""A reviewer's verdict counts at once, hangs together with what follows from it, and is on record."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from monitor.analysis.models import Correction
from monitor.analysis.selectors import current_reading, current_readings
from monitor.analysis.services import CorrectionError, analyze_posts, correct
from monitor.audit.models import AuditEvent
from monitor.inbox.models import Post, PostChange
from tests.analysis.making import WordEngine, make_post

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(brand: Any) -> Post:
    made = make_post(brand, "It is fraud")
    analyze_posts(post_ids=[made.pk], engine=WordEngine())
    return made


def test_a_correction_changes_the_current_reading(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="topic", value="account_security")
    reading = current_reading(post.pk)
    assert reading is not None
    assert (reading.topic, reading.corrected) == ("account_security", {"topic"})


def test_no_complaint_means_no_severity_and_no_escalation(post: Post, bob: Any) -> None:
    made = correct(user=bob, post=post, field="complaint", value=False)
    assert {(one.field, one.was, one.value) for one in made} == {
        ("complaint", "true", "false"),
        ("severity", "3", "0"),
        ("escalate", "true", "false"),
        ("intent", "complaint", "question"),
    }
    reading = current_readings([post.pk])[post.pk]
    assert (reading.complaint, reading.complaint_score, reading.severity, reading.escalate) == (False, 0.0, 0, False)


@pytest.mark.parametrize("field", ["severity", "complaint"])
def test_what_is_no_complaint_is_not_urgent_either(post: Post, bob: Any, field: str) -> None:
    correct(user=bob, post=post, field=field, value=0 if field == "severity" else False)
    reading = current_reading(post.pk)
    assert reading is not None
    assert (reading.severity, reading.complaint, reading.escalate, reading.escalate_score) == (0, False, False, 0.0)
    assert reading.intent == "question"


def test_what_a_person_said_before_is_not_overruled_by_what_follows(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="escalate", value=True)
    assert not Correction.objects.exists()  # the reading said so already
    correct(user=bob, post=post, field="severity", value=2)
    correct(user=bob, post=post, field="complaint", value=False)
    reading = current_reading(post.pk)
    assert reading is not None and reading.severity == 2


def test_the_latest_verdict_counts_and_the_earlier_ones_stay_on_record(post: Post, bob: Any, alice: Any) -> None:
    correct(user=bob, post=post, field="topic", value="service")
    correct(user=alice, post=post, field="topic", value="delivery")
    reading = current_reading(post.pk)
    assert reading is not None and reading.topic == "delivery"
    assert Correction.objects.filter(field="topic").count() == 2


def test_a_correction_is_in_the_change_log_and_in_the_audit(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="sentiment", value="neutral")
    assert PostChange.objects.filter(post_id=post.pk, kind="corrected").count() == 1
    event = AuditEvent.objects.get(act="post.corrected")
    assert event.actor_id == bob.pk
    assert event.params["changes"] == [{"field": "sentiment", "was": "negative", "value": "neutral"}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severity", 4),
        ("severity", "many"),
        ("sentiment", "angry"),
        ("priority", 3),
        ("topic", ""),
        ("language", "x" * 17),
    ],
)
def test_a_senseless_correction_is_refused(post: Post, bob: Any, field: str, value: Any) -> None:
    with pytest.raises(CorrectionError):
        correct(user=bob, post=post, field=field, value=value)


def test_a_post_that_nobody_read_cannot_be_corrected(brand: Any, bob: Any) -> None:
    with pytest.raises(CorrectionError):
        correct(user=bob, post=make_post(brand), field="topic", value="service")


def test_people_of_other_brands_cannot_correct(post: Post, charlie: Any) -> None:
    with pytest.raises(PermissionDenied):
        correct(user=charlie, post=post, field="complaint", value=False)
