"""Answering from the case page: count, look over, approve, hand to a lead, decline, take back, answer by hand."""

from typing import Any

import pytest
from django.test import Client

from monitor.replies.models import Effect, Reply
from tests.support.desk import make_case, make_post, minutes_ago


def _address(case: Any, tail: str = "") -> str:
    return f"/b/lumora/cases/{case.reference}/{tail}"


def _look_over(client: Client, case: Any, text: str, **form: Any) -> Any:
    fields = {"text": text, "language": case.language, "kind": "reply" if case.is_public else "direct_message"}
    return client.post(_address(case, "preview/"), {**fields, **form}, follow=True)


def _approve(client: Client, case: Any, reply: Reply, **form: Any) -> Any:
    return client.post(_address(case, f"replies/{reply.public_id}/approve/"), form, follow=True)


SORRY = "We are sorry to hear this. Please send us a private message."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "5 / 280"),
        ("漢字", "4 / 280"),
        ("https://example.com/a/very/long/address/that/counts/as/twenty-three", "23 / 280"),
        ("x" * 281, "Too long: 281 of 280 characters."),
        ("Your order 114-2233445-6677889 is lost, call +49 151 2345678.", "Holds personal details."),
    ],
)
def test_the_count_is_the_platforms_own_and_the_guard_speaks(as_bob: Client, case: Any, text: str, said: str) -> None:
    answer = as_bob.post(_address(case, "count/"), {"text": text, "kind": "reply", "language": "en"})
    assert said in answer.content.decode()
    assert not Reply.objects.exists()


FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "said", "unsaid"),
    [
        ("hello", '"meter">5 / 300<', "bytes"),
        (FAMILY * 120, '"meter">120 / 300 · 3000 / 3000 bytes<', "Too long"),
        (FAMILY * 121, "Too long for the platform: 3025 of 3000 bytes.", '"meter"'),
        ("x" * 301, "Too long: 301 of 300 characters.", "bytes"),
    ],
)
def test_bytes_are_told_where_they_run_out_first(as_bob: Client, brand: Any, text: str, said: str, unsaid: str) -> None:
    bluesky = make_case(brand, platform="bluesky")
    answer = as_bob.post(_address(bluesky, "count/"), {"text": text, "kind": "reply", "language": "en"})
    words = answer.content.decode()
    assert said in words and unsaid not in words
    shown = _look_over(as_bob, bluesky, text).content.decode()
    assert ("3025 / 3000 bytes" in shown) is (text == FAMILY * 121)


def test_it_shows_exactly_what_will_be_sent_before_anything_is(as_bob: Client, case: Any) -> None:
    words = _look_over(as_bob, case, f"  {SORRY}\r\nThe team  ").content.decode()
    reply = Reply.objects.get()
    assert reply.text == f"{SORRY}\nThe team"
    assert reply.text in words
    for said in ("Public reply", "as <bdi>@lumora</bdi>", "$0.010", "Send now"):
        assert said in words
    assert reply.state == "draft" and not Effect.objects.exists()


def test_a_bare_domain_has_the_price_of_a_link(as_bob: Client, case: Any) -> None:
    words = _look_over(as_bob, case, "Please see lumora.com/help").content.decode()
    assert "$0.200" in words and "Holds a link, which makes it cost much more" in words


def test_approving_sends_exactly_those_words_once(as_bob: Client, bob: Any, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    reply = Reply.objects.get()
    answer = _approve(as_bob, case, reply, version=1)
    assert "It is on its way." in answer.content.decode()
    effect = Effect.objects.get()
    assert (effect.reply.text, effect.reply.state, effect.reply.approved_by) == (SORRY, "approved", bob)
    assert "no longer a draft" in _approve(as_bob, case, reply).content.decode()
    assert Effect.objects.count() == 1


def test_editing_again_keeps_one_draft(as_bob: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    _look_over(as_bob, case, "Other words, the same draft.", reply=Reply.objects.get().public_id)
    assert Reply.objects.get().text == "Other words, the same draft."


def test_two_agents_answer_once(as_bob: Client, as_alice: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    _look_over(as_alice, case, "Please write to us in private.")
    first, second = Reply.objects.order_by("pk")
    _approve(as_bob, case, first, version=1)
    answer = _approve(as_alice, case, second, version=1)
    assert answer.status_code == 409
    case.refresh_from_db()
    answer = _approve(as_alice, case, second, version=case.version)
    assert "Somebody else has answered this post already." in answer.content.decode()
    assert Effect.objects.count() == 1


def test_the_guard_stands_in_the_way_until_a_reason_is_given(as_bob: Client, case: Any) -> None:
    words = _look_over(as_bob, case, "We promise that you get a full refund tomorrow.").content.decode()
    assert "Why it must go out all the same" in words
    reply = Reply.objects.get()
    assert "Something stands in the way" in _approve(as_bob, case, reply).content.decode()
    _approve(as_bob, case, reply, override_reason="agreed with the shop")
    reply.refresh_from_db()
    assert (reply.state, reply.override_reason) == ("approved", "agreed with the shop")


def test_what_the_platform_would_refuse_has_no_button_to_send(as_bob: Client, case: Any) -> None:
    words = _look_over(as_bob, case, "x" * 300).content.decode()
    assert "Too long: 300 of 280 characters." in words
    assert "Send now" not in words


def test_a_critical_case_needs_a_lead(as_bob: Client, as_alice: Client, brand: Any) -> None:
    case = make_case(brand, severity=3)
    words = _look_over(as_bob, case, SORRY).content.decode()
    assert "Hand to a lead" in words and "Send now" not in words
    reply = Reply.objects.get()
    assert "needs the approval of a lead" in _approve(as_bob, case, reply).content.decode()
    as_bob.post(_address(case, f"replies/{reply.public_id}/submit/"))
    assert "Approve or decline" in as_alice.get(_address(case)).content.decode()
    case.refresh_from_db()
    _approve(as_alice, case, reply, version=case.version)
    reply.refresh_from_db()
    assert reply.state == "approved"


def test_declining_the_suggestion_empties_the_editor(as_bob: Client, case: Any) -> None:
    as_bob.post(_address(case, "decline/"), {"why": "wrong topic"})
    assert Reply.objects.get().state == "declined"
    assert "Decline this suggestion" not in as_bob.get(_address(case)).content.decode()
    assert "nothing left to decline" in as_bob.post(_address(case, "decline/"), follow=True).content.decode()


def test_an_approved_answer_is_taken_back_before_it_is_sent(as_bob: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    reply = Reply.objects.get()
    _approve(as_bob, case, reply)
    assert "Take it back" in as_bob.get(_address(case)).content.decode()
    answer = as_bob.post(_address(case, f"replies/{reply.public_id}/withdraw/"), follow=True)
    assert "Nothing was sent." in answer.content.decode()
    assert Effect.objects.get().state == "failed"
    again = as_bob.post(_address(case, f"replies/{reply.public_id}/withdraw/"), follow=True)
    assert "Too late" in again.content.decode()


def test_a_draft_that_was_never_approved_cannot_be_taken_back(as_bob: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    reply = Reply.objects.get()
    answer = as_bob.post(_address(case, f"replies/{reply.public_id}/withdraw/"), follow=True)
    assert "Too late" in answer.content.decode()
    reply.refresh_from_db()
    assert reply.state == "draft"


def test_a_post_that_x_lets_nobody_answer_becomes_a_task_by_hand(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, post=make_post(brand, "lumora is the worst", mentions_us=False))
    words = _look_over(as_bob, case, SORRY).content.decode()
    assert "X lets programs answer only posts that mention or quote the brand." in words
    _approve(as_bob, case, Reply.objects.get())
    assert not Effect.objects.exists()
    page = as_bob.get(_address(case)).content.decode()
    assert "I have answered there" in page and 'rel="noopener noreferrer nofollow"' in page
    reply = Reply.objects.get()
    as_bob.post(_address(case, f"replies/{reply.public_id}/answered/"))
    reply.refresh_from_db()
    assert reply.state == "sent"


def test_a_deleted_post_cannot_be_answered_and_says_so(as_bob: Client, brand: Any, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    case.deciding_post.deleted_at = minutes_ago(1)
    case.deciding_post.save()
    answer = _approve(as_bob, case, Reply.objects.get())
    assert answer.status_code == 422
    assert "The post was deleted." in answer.content.decode()
    assert not Effect.objects.exists()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("sending", "It is on its way"),
        ("unconfirmed", "nothing is sent twice"),
        ("failed", "The platform asks us to wait."),
        ("sent", "Sent"),
    ],
)
def test_each_state_of_a_reply_has_plain_words(as_bob: Client, bob: Any, case: Any, state: str, said: str) -> None:
    Reply.objects.create(
        brand=case.brand, case=case, conversation=case.deciding_post.conversation, target=case.deciding_post,
        kind="reply", state=state, text=SORRY, written_by=bob, error_code="rate_limited",
    )  # fmt: skip
    assert said in as_bob.get(_address(case)).content.decode()


def test_somebody_of_another_brand_can_do_nothing_with_a_reply(as_bob: Client, as_charlie: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    reply = Reply.objects.get()
    for act in ("approve", "submit", "withdraw", "answered"):
        assert as_charlie.post(_address(case, f"replies/{reply.public_id}/{act}/")).status_code == 404
    reply.refresh_from_db()
    assert reply.state == "draft"


def test_the_page_looks_again_while_an_answer_is_on_its_way(as_bob: Client, brand: Any, case: Any) -> None:
    upcoming = make_case(brand, priority=99)
    assert 'hx-trigger="every 3s"' not in as_bob.get(_address(case)).content.decode()
    _look_over(as_bob, case, SORRY)
    reply = Reply.objects.get()
    words = _approve(as_bob, case, reply).content.decode()
    assert 'hx-trigger="every 3s"' in words
    assert f"/b/lumora/cases/{upcoming.reference}/" in words
    Reply.objects.update(state="sent")
    assert 'hx-trigger="every 3s"' not in as_bob.get(_address(case)).content.decode()


@pytest.mark.parametrize("act", ["preview/", "decline/"])
def test_an_id_that_is_none_finds_nothing(as_bob: Client, case: Any, act: str) -> None:
    assert as_bob.post(_address(case, act), {"text": SORRY, "reply": "nonsense"}).status_code == 404
    assert as_bob.post(_address(case, "preview/"), {"text": SORRY, "target": "nonsense"}).status_code == 404


def test_words_for_a_reply_that_was_approved_meanwhile_become_a_draft_of_their_own(as_bob: Client, case: Any) -> None:
    _look_over(as_bob, case, SORRY)
    first = Reply.objects.get()
    _approve(as_bob, case, first)
    answer = _look_over(as_bob, case, SORRY + " Thank you.", reply=str(first.public_id))
    assert answer.status_code == 200
    assert list(Reply.objects.order_by("pk").values_list("state", "text")) == [
        ("approved", SORRY),
        ("draft", SORRY + " Thank you."),
    ]


def test_words_that_the_thread_shows_are_not_shown_again(as_bob: Client, bob: Any, case: Any) -> None:
    asked = case.deciding_post
    made = {"brand": case.brand, "case": case, "conversation": asked.conversation, "target": asked, "written_by": bob}
    own = make_post(case.brand, SORRY, conversation=asked.conversation, is_own=True, own_by="us")
    Reply.objects.create(**made, kind="reply", state="sent", text=SORRY, own_post=own)
    Reply.objects.create(**made, kind="private_reply", state="sent", text="Said where the thread cannot show it.")
    Reply.objects.create(**made, kind="reply", state="declined", text="These words were not wanted.")
    page = as_bob.get(_address(case)).content.decode()
    assert page.split('id="replies"')[1].count(">Sent<") == 2
    assert page.count(SORRY) == 1
    assert "Said where the thread cannot show it." in page
    assert "These words were not wanted." not in page


def test_what_may_be_said_in_private_is_not_held_against_a_private_answer(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "My parcel is lost.", platform="facebook")
    asks = "Please give us your order number here."
    assert "Asks for personal details in public." in _look_over(as_bob, case, asks).content.decode()
    words = _look_over(as_bob, case, asks, kind="private_reply").content.decode()
    assert "Private reply" in words and "Asks for personal details" not in words and "override_reason" not in words


def test_an_empty_answer_cannot_be_sent(as_bob: Client, case: Any) -> None:
    assert "Send now" not in _look_over(as_bob, case, "   ").content.decode()


def test_what_can_only_be_read_says_so(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "Charged twice.", platform="feed", url="https://shop.example/1")
    words = as_bob.get(_address(case)).content.decode()
    assert "This source can only be read; answer where it was written." in words
    assert "open the page" in words and "open on RSS" not in words
