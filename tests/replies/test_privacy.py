"""Erasure in this room: words go, rows stay, and nothing is sent to somebody who was erased."""

from typing import Any

from monitor.cases.models import Case
from monitor.erasure import Person
from monitor.privacy.registry import columns_to_claim
from monitor.replies import privacy, services
from monitor.replies.models import Effect, Reply, ReplyState, SuggestedReply
from tests.replies.conftest import approved, send_due
from tests.replies.platform import FakePlatform


def person(case: Case) -> Person:
    assert case.author is not None
    return Person(
        "x", case.author.external_id, (case.brand_id,), author_ids=(case.author.pk,),
        post_ids=(case.deciding_post_id,), case_ids=(case.pk,),
    )  # fmt: skip


def test_every_column_that_can_hold_words_is_claimed() -> None:
    assert columns_to_claim("replies") == set(privacy.COLUMNS)


def test_an_erased_person_leaves_no_words_behind(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case, override_reason="")
    send_due(platform)
    done = privacy.erase_author(person(public_case))
    assert done["replies"] == done["suggestions"] == done["effects"] == 1
    reply, suggestion, effect = Reply.objects.get(), SuggestedReply.objects.get(), Effect.objects.get()
    assert (reply.text, suggestion.text, effect.external_id) == ("", "", "")
    assert reply.state == ReplyState.SENT
    assert set(privacy.erase_author(person(public_case)).values()) == {0}


def test_what_was_not_sent_is_not_sent_any_more(public_case: Case, bob: Any, platform: FakePlatform) -> None:
    approved(bob, public_case)
    privacy.erase_author(person(public_case))
    assert send_due(platform) == []
    assert Reply.objects.get().state == ReplyState.DECLINED


def test_what_is_on_its_way_is_emptied_once_its_outcome_is_known(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    approved(bob, public_case)
    [effect] = services.claim_effects()
    privacy.erase_author(person(public_case))
    assert Reply.objects.get().text != ""
    services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    privacy.erase_author(person(public_case))
    assert Reply.objects.get().text == ""


def test_a_deleted_post_takes_the_suggestion_with_it(public_case: Case) -> None:
    assert privacy.erase_posts([public_case.deciding_post_id]) == 1
    assert SuggestedReply.objects.get().text == ""
