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


def test_a_verdict_that_the_reading_says_already_is_none(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="escalate", value=True)
    assert not Correction.objects.exists()


def _read(post: Post) -> tuple[Any, ...]:
    reading = current_reading(post.pk)
    assert reading is not None
    return reading.complaint, reading.intent, reading.severity, reading.escalate


def _current(post: Post) -> dict[str, str]:
    """What teaches and counts."""
    return dict(Correction.objects.filter(post=post, is_current=True).values_list("field", "value"))


def test_what_followed_from_a_verdict_goes_when_it_is_taken_back(post: Post, bob: Any, alice: Any) -> None:
    """A click on the wrong button, and the right one after it."""
    as_read = _read(post)
    assert as_read == (True, "complaint", 3, True)
    correct(user=bob, post=post, field="complaint", value=False)
    assert _read(post) == (False, "question", 0, False)
    correct(user=alice, post=post, field="complaint", value=True)
    assert _read(post) == as_read
    assert _current(post) == {"complaint": "true"}
    changes = AuditEvent.objects.filter(act="post.corrected").latest("id").params["changes"]
    assert {"field": "severity", "was": "0", "value": "3"} in changes and len(changes) == 4


@pytest.mark.parametrize("intent", ["chatter", "question"])
def test_a_complaint_by_mistake_leaves_nothing_behind(brand: Any, bob: Any, intent: str) -> None:
    post = make_post(brand, "Where are you?" if intent == "question" else "Nice day")
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    correct(user=bob, post=post, field="complaint", value=True)
    assert _read(post) == (True, "complaint", 1, False)
    correct(user=bob, post=post, field="complaint", value=False)
    assert _read(post) == (False, intent, 0, False)
    assert _current(post) == {"complaint": "false"}


def test_another_verdict_takes_its_own_consequences_only(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="severity", value=0)
    assert _read(post) == (False, "question", 0, False)
    correct(user=bob, post=post, field="severity", value=2)
    assert _read(post) == (True, "complaint", 2, True)
    assert _current(post) == {"severity": "2"}


def test_what_was_said_stays_when_what_followed_beside_it_goes(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="complaint", value=False)
    # It reads so already, and only because it followed: now somebody has said it.
    (made,) = correct(user=bob, post=post, field="escalate", value=False)
    assert not made.is_implied and (made.was, made.value) == ("false", "false")
    correct(user=bob, post=post, field="complaint", value=True)
    assert _read(post) == (True, "complaint", 3, False)
    assert _current(post) == {"escalate": "false", "complaint": "true"}


def test_it_is_on_record_what_was_said_and_what_only_followed(post: Post, bob: Any) -> None:
    made = correct(user=bob, post=post, field="complaint", value=False)
    assert [(one.field, one.is_implied) for one in made][0] == ("complaint", False)
    assert {one.field for one in made if one.is_implied} == {"intent", "severity", "escalate"}
    again = correct(user=bob, post=post, field="intent", value="chatter")
    assert [one.field for one in again] == ["intent"], "what follows still is not stored again"
    assert Correction.objects.count() == 5


@pytest.mark.parametrize(
    ("first", "then", "reading"),
    [
        (("severity", 2), ("complaint", False), (False, "question", 0, False)),
        (("complaint", False), ("severity", 2), (True, "complaint", 2, True)),
        (("severity", 2), ("intent", "question"), (False, "question", 0, False)),
        (("intent", "chatter"), ("severity", 1), (True, "complaint", 1, True)),
        (("intent", "chatter"), ("complaint", True), (True, "complaint", 3, True)),
    ],
)
def test_the_later_of_two_verdicts_that_cannot_both_be_true_counts(
    post: Post, bob: Any, first: tuple[str, Any], then: tuple[str, Any], reading: tuple[Any, ...]
) -> None:
    correct(user=bob, post=post, field=first[0], value=first[1])
    correct(user=bob, post=post, field=then[0], value=then[1])
    assert _read(post) == reading


def test_verdicts_that_can_both_be_true_stand_side_by_side(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="severity", value=1)
    correct(user=bob, post=post, field="escalate", value=False)
    correct(user=bob, post=post, field="topic", value="service")
    assert _read(post) == (True, "complaint", 1, False)
    assert _current(post) == {"severity": "1", "escalate": "false", "topic": "service"}


def test_what_becomes_critical_is_escalated_whatever_was_said_before(post: Post, bob: Any) -> None:
    correct(user=bob, post=post, field="severity", value=1)
    correct(user=bob, post=post, field="escalate", value=False)
    correct(user=bob, post=post, field="severity", value=3)
    assert _read(post) == (True, "complaint", 3, True)
    assert _current(post) == {"severity": "3"}


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
