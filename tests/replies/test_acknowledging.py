"""The only automatic reply: rare, honest, and never to a program."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand, SwitchName
from monitor.cases.models import Case, CaseState
from monitor.inbox.models import Author, Conversation, Post
from monitor.inbox.opt_out import wants_silence
from monitor.replies import services
from monitor.replies.models import Effect, Reply, ReplyState
from monitor.replies.phrasebook import phrasebooks
from monitor.replies.services.acknowledging import acknowledgement
from monitor.text import fold
from tests.replies.conftest import send_due, switch
from tests.replies.platform import FakePlatform, later
from tests.support.desk import make_author, make_case, make_post


@pytest.fixture
def switched_on(brand: Any) -> None:
    switch(brand, SwitchName.ACKNOWLEDGEMENT)


def acknowledge(*cases: Case, **options: Any) -> int:
    return services.acknowledge_cases(case_ids=[case.pk for case in cases], **options)


def test_it_is_off_until_it_is_switched_on(private_case: Case) -> None:
    assert acknowledge(private_case) == 0
    assert not Reply.objects.exists()


@pytest.mark.usefixtures("switched_on")
def test_a_person_who_writes_in_private_hears_that_it_arrived(private_case: Case, platform: FakePlatform) -> None:
    assert acknowledge(private_case) == 1
    send_due(platform)
    [request] = platform.requests
    assert (request.kind, request.sent_by) == ("direct_message", "automation")
    assert "automatic message" in request.text and "Lumora" in request.text and "STOP" in request.text
    reply = Reply.objects.get()
    assert reply.state == ReplyState.SENT and reply.is_acknowledgement
    assert AuditEvent.objects.get(act="reply.acknowledged").actor_kind == "automation"


@pytest.mark.usefixtures("switched_on")
def test_the_customer_goes_on_waiting_for_a_real_answer(private_case: Case, platform: FakePlatform) -> None:
    acknowledge(private_case)
    send_due(platform)
    private_case.refresh_from_db()
    assert private_case.state == CaseState.NEW
    assert private_case.waiting_since is not None and private_case.first_reply_at is None


@pytest.mark.usefixtures("switched_on")
def test_once_per_case_whatever_comes_after(private_case: Case, platform: FakePlatform) -> None:
    for hours in (0, 1, 30, 60):
        acknowledge(private_case, now=later(hours=hours))
    assert Reply.objects.count() == Effect.objects.count() == 1


@pytest.mark.usefixtures("switched_on")
def test_none_within_the_cool_down_of_the_brand_even_in_another_case(brand: Any, private_case: Case) -> None:
    acknowledge(private_case)
    author = private_case.author
    second = make_case(brand, "Another thing", is_public=False, author=author)
    assert acknowledge(second) == 0
    assert acknowledge(second, now=later(hours=23)) == 0
    third = make_case(brand, "A new day", is_public=False, author=author, at=later(hours=25))
    assert acknowledge(third, now=later(hours=25)) == 1


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize(
    ("author", "post", "case"),
    [
        ({"is_opted_out": True}, {}, {}),
        ({"is_automated": True}, {}, {}),
        ({}, {"is_own": True, "own_by": "native_app"}, {}),
        ({}, {"is_public": True, "form": "post"}, {}),
        ({}, {"form": "comment"}, {}),
        ({}, {"arrival": "backfill"}, {}),
        ({}, {"deleted_at": timezone.now()}, {}),
        ({}, {"text": "STOP"}, {}),
        ({}, {"text": "Stopp!"}, {}),
        ({}, {"text": "停止"}, {}),
        ({}, {}, {"arrival": "import"}),
        ({}, {}, {"is_public": True}),
        ({}, {}, {"state": "waiting"}),
    ],
)
def test_it_says_nothing_to(author: dict, post: dict, case: dict, private_case: Case) -> None:
    Author.objects.update(**author)
    Post.objects.filter(pk=private_case.deciding_post_id).update(**{"text": "Hello?", **post})
    Case.objects.filter(pk=private_case.pk).update(**{"state": "new", **case})
    assert acknowledge(private_case) == 0
    assert not Effect.objects.exists()


@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("name", [SwitchName.CRISIS, SwitchName.KILL])
def test_a_crisis_and_the_kill_switch_pause_it(name: SwitchName, private_case: Case) -> None:
    switch(private_case.brand, name)
    assert acknowledge(private_case) == 0


@pytest.mark.usefixtures("switched_on")
def test_a_crisis_that_begins_before_it_is_sent_ends_it(private_case: Case, platform: FakePlatform) -> None:
    acknowledge(private_case)
    switch(private_case.brand, SwitchName.CRISIS)
    send_due(platform)
    assert platform.requests == []
    assert Reply.objects.get().state == ReplyState.FAILED


@pytest.mark.usefixtures("switched_on")
def test_held_up_for_a_day_it_is_not_sent_any_more(private_case: Case, platform: FakePlatform) -> None:
    acknowledge(private_case)
    send_due(platform, now=later(hours=24, seconds=1))
    assert platform.requests == []


@pytest.mark.usefixtures("switched_on")
def test_who_was_answered_meanwhile_needs_no_acknowledgement(private_case: Case) -> None:
    Conversation.objects.update(last_own_at=later(minutes=1))
    assert acknowledge(private_case) == 0


@pytest.mark.usefixtures("switched_on")
def test_two_programs_that_answer_each_other_exchange_one_message(brand: Any, platform: FakePlatform) -> None:
    """The other side answers everything at once, also the acknowledgement, each time as a new case."""
    author = make_author(brand, "Helpful Bot", "helpfulbot")
    thread = None
    for minute in range(6):
        at = timezone.now() + timedelta(minutes=minute)
        post = make_post(
            brand, "Thank you for your message!", author=author, is_public=False, conversation=thread, at=at
        )
        thread = post.conversation
        case = make_case(brand, post=post)
        Case.objects.filter(author=author).exclude(pk=case.pk).update(state="closed")
        acknowledge(case, now=at)
        send_due(platform, now=at)
        # The link belongs to this case; the next one must find the thread free.
        case.links.update(is_open=False)
    assert len(platform.said) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_two_cases_of_one_person_make_one() -> None:
    brand = Brand.objects.create(slug="lumora", name="Lumora")
    switch(brand, SwitchName.ACKNOWLEDGEMENT)
    cases = [make_case(brand, text, is_public=False) for text in ("First", "Second")]
    assert cases[0].author_id == cases[1].author_id
    barrier = threading.Barrier(2)

    def work(case: Case) -> None:
        try:
            barrier.wait(timeout=10)
            acknowledge(case)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[case]) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert Reply.objects.filter(is_acknowledgement=True).count() == 1


@pytest.mark.parametrize("language", sorted(phrasebooks()))
def test_the_word_that_ends_it_is_named_and_understood(language: str) -> None:
    book = phrasebooks()[language]
    assert wants_silence(book.opt_out_word) is True
    for key in ("a", "b", "c"):
        text = acknowledgement(language, "Lumora", key)
        assert fold(book.opt_out_word) in fold(text)
        assert "Lumora" in text and "{" not in text
        assert len(text.encode()) <= 1000


@pytest.mark.usefixtures("switched_on")
def test_it_speaks_the_customers_language(brand: Any) -> None:
    case = make_case(brand, "Wo bleibt mein Paket?", is_public=False, language="de")
    acknowledge(case)
    reply = Reply.objects.get()
    assert reply.language == "de" and "automatische Nachricht" in reply.text
