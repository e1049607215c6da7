"""Erasure in this room: words go, rows stay, and nothing is sent to somebody who was erased."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from monitor.cases.models import Case, CasePost
from monitor.erasure import Person
from monitor.inbox.models import Post
from monitor.inbox.services import apply_deletions
from monitor.platforms.base import IncomingDeletion
from monitor.platforms.errors import UnavailableError, UnconfirmedSendError
from monitor.privacy.registry import columns_to_claim
from monitor.privacy.services import erase_author, sweep_retention
from monitor.replies import privacy, services
from monitor.replies.models import Effect, Reply, ReplyState, SuggestedReply
from tests.replies.conftest import ANSWER, approved, send_due
from tests.replies.platform import FakePlatform, later
from tests.support.desk import make_author, make_post


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.HOME, settings.EXPORT_FOLDER = tmp_path, tmp_path / "exports"


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


def erase(case: Case) -> None:
    assert case.author is not None
    erase_author(platform="x", author=case.author.external_id)


@pytest.mark.parametrize("outcome", ["sent", "unconfirmed"])
def test_what_was_on_its_way_at_the_erasure_is_emptied_by_the_next_sweep(
    outcome: str, public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    approved(bob, public_case)
    [effect] = services.claim_effects()
    erase(public_case)
    assert Reply.objects.get().text != ""
    assert not any(privacy.sweep_retention(timezone.now()).values())
    if outcome == "unconfirmed":
        platform.errors, platform.accepts_first = [UnconfirmedSendError("no answer")], True
    services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    services.reconcile_unconfirmed(connector_factory=platform.connect)
    for minutes in (1, 10):
        services.reconcile_unconfirmed(connector_factory=platform.connect, now=later(minutes=minutes))
    removed = sweep_retention(now=timezone.now())
    assert removed["replies"]["replies"] == 1
    reply = Reply.objects.get()
    assert (reply.text, reply.guard, Effect.objects.get().external_id) == ("", [], "")
    assert not Post.objects.exclude(text="").exists()
    assert "replies" not in sweep_retention(now=timezone.now())


def test_what_waits_again_after_the_erasure_is_not_said_and_emptied(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    approved(bob, public_case)
    [effect] = services.claim_effects()
    erase(public_case)
    platform.errors = [UnavailableError("down")]
    services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect)
    sweep_retention(now=timezone.now())
    assert (Reply.objects.get().state, Reply.objects.get().text) == (ReplyState.DECLINED, "")
    assert send_due(platform, now=later(hours=1)) == []
    assert platform.said == []


def test_a_deletion_on_the_platform_reaches_answers_and_suggestions_with_the_next_sweep(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    approved(bob, public_case)
    send_due(platform)
    assert "replies" not in sweep_retention(now=timezone.now())
    gone = IncomingDeletion("x", public_case.deciding_post.external_id)
    apply_deletions(brand_id=public_case.brand_id, deletions=[gone])
    assert sweep_retention(now=timezone.now())["replies"]["replies"] == 1
    assert (Reply.objects.get().text, SuggestedReply.objects.get().text) == ("", "")


def test_words_to_posts_that_are_too_old_to_keep_go_with_them(
    public_case: Case, bob: Any, platform: FakePlatform, settings: Any
) -> None:
    approved(bob, public_case)
    send_due(platform)
    settings.RETENTION_DAYS = 0
    for _ in range(2):  # the posts go first, and what was said to them with the next sweep
        sweep_retention(now=timezone.now())
    assert Post.objects.get(pk=public_case.deciding_post_id).deletion_reason == "retention"
    assert (Reply.objects.get().text, SuggestedReply.objects.get().text) == ("", "")


def test_somebody_else_in_the_same_case_is_still_answered_after_an_erasure(
    public_case: Case, bob: Any, platform: FakePlatform
) -> None:
    other = make_post(
        public_case.brand, "@lumora and mine?", conversation=public_case.deciding_post.conversation,
        author=make_author(public_case.brand, "Noor", "noor"),
    )  # fmt: skip
    CasePost.objects.create(case=public_case, post=other)
    erase(public_case)
    reply = services.draft_reply(user=bob, case=public_case, text=ANSWER, target=other)
    sweep_retention(now=timezone.now())
    reply.refresh_from_db()
    assert (reply.state, reply.text) == (ReplyState.DRAFT, ANSWER)
