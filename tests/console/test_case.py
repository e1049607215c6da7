"""The page of a case: what it shows, and what people do from it."""

from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import Correction
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.replies.models import Reply
from tests.support.desk import make_author, make_case, make_post, minutes_ago


def _page(client: Client, case: Case) -> str:
    answer = client.get(f"/b/lumora/cases/{case.reference}/")
    assert answer.status_code == 200
    return answer.content.decode()


def _act(client: Client, case: Case, act: str, **form: Any) -> Any:
    return client.post(f"/b/lumora/cases/{case.reference}/{act}/", form, follow=True)


def test_it_shows_the_thread_with_our_words_and_skeletons_but_no_strangers(
    as_bob: Client, brand: Any, case: Any
) -> None:
    thread = case.deciding_post.conversation
    stranger = make_author(brand, "Ines Stranger", "ines")
    make_post(brand, "We look into it.", conversation=thread, is_own=True, own_by="native_app")
    make_post(brand, "Me too!", conversation=thread, author=stranger)
    make_post(brand, "", conversation=thread, author=case.author, deleted_at=minutes_ago(1), deletion_reason="deleted")
    make_post(brand, "Look", conversation=thread, author=case.author, attachments=[{"kind": "image", "url": ""}])
    words = _page(as_bob, case)
    for said in (
        "We look into it.",
        "sent from the platform&#x27;s own app",
        "Deleted by its author",
        "Picture",
    ):
        assert said in words
    assert "Me too!" not in words
    assert words.index("We look into it.") < words.index("Picture")


def test_it_shows_what_was_told_beyond_the_words_in_words(as_bob: Client, brand: Any, case: Any) -> None:
    thread = case.deciding_post.conversation
    device = "<b>Pixel</b> 9"
    told = {"ad_id": "7", "stars": 2, "recommends": False, "app_version": "4.1.2", "device": device}
    make_post(brand, "Late", conversation=thread, author=case.author, form="comment", extra=told)
    words = _page(as_bob, case)
    for said in (
        '<span aria-hidden="true">★</span> 2 of 5 stars',
        "Does not recommend us",
        "Comment on an ad",
        "<bdi>Version 4.1.2</bdi>",
        "<bdi>&lt;b&gt;Pixel&lt;/b&gt; 9</bdi>",
    ):
        assert said in words
    Post.objects.filter(extra__stars=2).update(deleted_at=minutes_ago(1))
    assert "2 of 5 stars" not in _page(as_bob, case)


@pytest.mark.parametrize(
    ("form", "is_public", "said"),
    [("comment", True, "Comment on an ad"), ("reply", True, "Comment on an ad"), ("post", True, ">Ad<"),
     ("direct_message", False, "Came by an ad")],
)  # fmt: skip
def test_an_ad_is_told_as_what_it_was_to_the_post(
    as_bob: Client, brand: Any, form: str, is_public: bool, said: str
) -> None:
    post = make_post(brand, form=form, is_public=is_public, extra={"ad_id": "7"})
    assert said in _page(as_bob, make_case(brand, post=post))


def test_however_long_a_public_thread_grew_the_post_of_the_case_stays(as_bob: Client, brand: Any, case: Any) -> None:
    thread = case.deciding_post.conversation
    stranger = make_author(brand, "Ines Stranger", "ines")
    for number in range(205):
        make_post(brand, f"Answer to somebody else {number}.", conversation=thread, is_own=True, own_by="us")
        make_post(brand, f"Crowd {number}", conversation=thread, author=stranger)
    shown = [entry.post.text for entry in as_bob.get(f"/b/lumora/cases/{case.reference}/").context["thread"]]
    assert shown[0] == case.deciding_post.text
    assert shown[-1] == "Answer to somebody else 204." and len(shown) == 201
    assert not any(text.startswith("Crowd") for text in shown)


def test_it_says_why_the_case_is_here_and_what_each_reason_added(as_bob: Client, case: Any) -> None:
    words = _page(as_bob, case)
    assert "A strong complaint: blame, repeated failure or a long wait" in words
    assert "+20" in words


def test_the_suggestion_waits_in_the_editor_with_its_count(as_bob: Client, case: Any) -> None:
    words = _page(as_bob, case)
    assert "We are sorry about the wait. Please send us a private message.</textarea>" in words
    assert "62 / 280" in words
    assert "in public, for everybody to read" in words and "$0.010" in words


def test_claiming_warns_everybody_else(as_bob: Client, as_alice: Client, case: Any) -> None:
    _act(as_bob, case, "claim", version=1)
    assert "Bob is working on this case" in _page(as_alice, case)
    assert "Bob is working on this case" not in _page(as_bob, case)
    assert "Bob is working on this case." in _act(as_alice, case, "claim", version=2).content.decode()


def test_an_old_screen_meets_the_conflict_page_and_loses_nothing(as_bob: Client, as_alice: Client, case: Any) -> None:
    _act(as_alice, case, "escalate", why="press", version=1)
    answer = _act(as_bob, case, "resolve", resolution="answered", version=1)
    assert answer.status_code == 409
    words = answer.content.decode()
    assert "Somebody else changed this case" in words and "escalated the case" in words
    assert 'name="resolution" value="answered"' in words and 'name="version" value="2"' in words
    case.refresh_from_db()
    assert case.state == "new"
    assert _act(as_bob, case, "resolve", resolution="answered", version=2).status_code == 200
    case.refresh_from_db()
    assert case.state == "resolved"


@pytest.mark.parametrize(
    ("act", "form", "field", "value"),
    [
        ("claim", {}, "state", "open"),
        ("resolve", {"resolution": "solved"}, "resolution", "solved"),
        ("escalate", {"why": "press"}, "is_flagged", True),
        ("not-a-complaint", {}, "resolution", "not_a_complaint"),
        ("correct", {"field": "topic", "value": "promotions"}, "topic", "promotions"),
        ("correct", {"field": "severity", "value": "3"}, "severity", 3),
    ],
)
def test_an_act_changes_the_case(as_bob: Client, case: Any, act: str, form: Any, field: str, value: Any) -> None:
    assert _act(as_bob, case, act, **form).status_code == 200
    case.refresh_from_db()
    assert getattr(case, field) == value


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("resolve", {"resolution": "no such thing"}),
        ("correct", {"field": "topic", "value": "'; DROP TABLE"}),
        ("correct", {"field": "password", "value": "x"}),
        ("assign", {"assignee": "x"}),
        ("snooze", {"hours": "-5"}),
        ("snooze", {"hours": "x"}),
        ("snooze", {"hours": "99999999999"}),
        ("snooze", {"until": "never"}),
        ("hand-off", {"to": "the moon"}),
        ("hand-off/confirm", {"hand_off": "1"}),
        ("note", {"text": "   "}),
        ("claim", {"version": "x"}),
    ],
)
def test_nonsense_is_refused_in_words(as_bob: Client, case: Any, act: str, form: Any) -> None:
    answer = _act(as_bob, case, act, **form)
    assert answer.status_code == 200
    assert "This could not be done" in answer.content.decode()
    before = case.version
    case.refresh_from_db()
    assert case.version == before


def test_not_a_complaint_is_a_correction_of_the_reading(as_bob: Client, bob: Any, case: Any) -> None:
    _act(as_bob, case, "not-a-complaint", version=1)
    verdict = Correction.objects.get(field="complaint", is_current=True)
    assert (verdict.value, verdict.corrected_by) == ("false", bob)
    assert "corrected" in _page(as_bob, case)


def test_notes_snooze_and_hand_offs_are_shown(as_bob: Client, case: Any) -> None:
    _act(as_bob, case, "note", text="Called the courier.")
    _act(as_bob, case, "hand-off", to="app_support", note="told twice")
    _act(as_bob, case, "snooze", hours="4")
    words = _page(as_bob, case)
    for said in ("Called the courier.", "In-app support", "told twice", "asleep until", "wrote a note"):
        assert said in words
    _act(as_bob, case, "hand-off/confirm", hand_off=case.hand_offs.get().pk)
    _act(as_bob, case, "wake")
    assert "arrived" in _page(as_bob, case)


def test_a_viewer_sees_no_button_that_writes(client: Client, brand: Any, case: Any) -> None:
    from monitor.brands.models import Membership, User

    user = User.objects.create_user("vera@example.com", name="Vera")
    Membership.objects.create(user=user, brand=brand, role="viewer")
    client.force_login(user)
    words = _page(client, case)
    assert words.count('method="post"') == 1  # logging out


def test_a_case_of_another_brand_does_not_exist(as_bob: Client, other_brand: Any) -> None:
    foreign = make_case(other_brand)
    assert as_bob.get(f"/b/lumora/cases/{foreign.reference}/").status_code == 404
    assert as_bob.post(f"/b/lumora/cases/{foreign.reference}/claim/").status_code == 404
    assert as_bob.get(f"/b/nordhaus/cases/{foreign.reference}/").status_code == 404


def test_a_private_answer_in_a_public_thread_is_marked_as_one(as_bob: Client, case: Any) -> None:
    asked = case.deciding_post
    make_post(case.brand, "In public.", conversation=asked.conversation, is_own=True, own_by="us")
    mark = '<span class="chip">private</span>'
    assert mark not in _page(as_bob, case)
    own = make_post(
        case.brand, "Between us.", conversation=asked.conversation, is_own=True, own_by="us", is_public=False
    )
    Reply.objects.create(
        brand=case.brand, case=case, target=asked, conversation=asked.conversation, kind="private_reply",
        state="sent", text=own.text, own_post=own,
    )  # fmt: skip
    thread = _page(as_bob, case).split('id="thread"')[1].split("</section>")[0]
    assert thread.count(mark) == 1
