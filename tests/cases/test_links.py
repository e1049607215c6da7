"""Merge, undo and split move links and posts, and leave no trace when undone."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from monitor.audit.models import AuditEvent
from monitor.cases import services
from monitor.cases.models import Case, CaseConversation, CasePost
from monitor.cases.states import WrongStepError
from tests.analysis.making import make_post, make_thread
from tests.cases.making import make_case, run_pipeline

pytestmark = pytest.mark.django_db

COUNTED = (
    "state",
    "post_count",
    "priority",
    "topic",
    "severity",
    "is_flagged",
    "waiting_since",
    "merged_into_id",
    "reasons",
)


def picture(case: Case) -> dict[str, Any]:
    row = Case.objects.values(*COUNTED).get(pk=case.pk)
    row["links"] = set(CaseConversation.objects.filter(case=case).values_list("pk", flat=True))
    row["posts"] = set(CasePost.objects.filter(case=case).values_list("pk", flat=True))
    return row


@pytest.fixture
def pair(brand: Any) -> tuple[Case, Case]:
    return make_case(brand, "fraud!", author="mia"), make_case(brand, "late", author="noa")


def test_a_merged_case_gives_all_it_has_and_is_closed(pair: tuple[Case, Case], bob: Any) -> None:
    grave, mild = pair
    merged = services.merge(user=bob, case=grave, into=mild, version=grave.version)
    assert (merged.post_count, merged.severity, merged.is_flagged) == (2, 3, True)
    assert merged.waiting_since == grave.waiting_since
    grave.refresh_from_db()
    assert (grave.state, grave.merged_into, grave.post_count) == ("closed", mild, 0)
    assert AuditEvent.objects.filter(act="case.merged").count() == 2


def test_a_word_in_a_merged_thread_goes_to_the_case_that_has_it_now(brand: Any, bob: Any) -> None:
    thread = make_thread(brand)
    mine, other = make_case(brand, thread=thread), make_case(brand, author="noa")
    services.merge(user=bob, case=mine, into=other)
    assert run_pipeline(make_post(brand, "late again", thread=thread)) == [other.pk]


def test_an_undone_merge_leaves_both_as_they_were(pair: tuple[Case, Case], bob: Any) -> None:
    grave, mild = pair
    before = [picture(case) for case in pair]
    services.merge(user=bob, case=grave, into=mild)
    services.undo_merge(user=bob, case=grave)
    assert [picture(case)["links"] for case in pair] == [one["links"] for one in before]
    assert picture(grave) == before[0]
    after = picture(mild)
    assert {**after, "waiting_since": None} == {**before[1], "waiting_since": None}
    with pytest.raises(ValueError, match="not merged"):
        services.undo_merge(user=bob, case=grave)


def test_a_conversation_split_off_is_a_case_of_its_own(brand: Any, bob: Any) -> None:
    first, second = make_post(brand, "late"), make_post(brand, "it is fraud!")
    run_pipeline(first)
    run_pipeline(second)
    case = Case.objects.get()
    twin = services.split(user=bob, case=case, conversation_id=second.conversation_id)
    case.refresh_from_db()
    assert (case.post_count, case.severity, case.deciding_post) == (1, 1, first)
    twin.refresh_from_db()
    assert (twin.post_count, twin.severity, twin.deciding_post, twin.is_flagged) == (1, 3, second, True)
    assert twin.reference != case.reference and not case.is_flagged
    run_pipeline(make_post(brand, "late", thread=second.conversation))
    twin.refresh_from_db()
    assert twin.post_count == 2


def test_the_only_conversation_of_a_case_cannot_be_split_off(brand: Any, bob: Any) -> None:
    case = make_case(brand)
    with pytest.raises(ValueError, match="several"):
        services.split(user=bob, case=case, conversation_id=case.deciding_post.conversation_id)


def test_a_case_is_not_merged_into_itself_another_brand_or_a_finished_one(
    pair: tuple[Case, Case], other_brand: Any, bob: Any
) -> None:
    grave, mild = pair
    with pytest.raises(ValueError, match="same brand"):
        services.merge(user=bob, case=grave, into=grave)
    with pytest.raises(ValueError, match="same brand"):
        services.merge(user=bob, case=grave, into=make_case(other_brand))
    services.resolve(user=bob, case=mild)
    with pytest.raises(WrongStepError):
        services.merge(user=bob, case=grave, into=mild)


def test_an_outdated_page_merges_nothing(pair: tuple[Case, Case], bob: Any) -> None:
    with pytest.raises(services.CaseChangedError):
        services.merge(user=bob, case=pair[0], into=pair[1], version=99)


def test_people_of_another_brand_move_nothing(pair: tuple[Case, Case], charlie: Any) -> None:
    with pytest.raises((Case.DoesNotExist, PermissionDenied)):
        services.merge(user=charlie, case=pair[0], into=pair[1])


def test_a_case_of_a_person_merged_long_ago_still_takes_their_posts(brand: Any, bob: Any) -> None:
    mine, other = make_case(brand), make_case(brand, author="noa")
    services.merge(user=bob, case=mine, into=other)
    Case.objects.update(last_inbound_at=timezone.now() - timedelta(days=30))
    assert run_pipeline(make_post(brand, "late", thread=mine.deciding_post.conversation)) == [other.pk]
