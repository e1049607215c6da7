"""Hiding, liking and deleting from the case page: buttons only where they work, each refusal a sentence, no script."""

import re
from typing import Any

import pytest
from django.test import Client

from monitor.brands.models import Channel, SwitchName
from monitor.inbox.models import Post
from monitor.replies.models import Effect, Reply
from tests.replies.conftest import switch
from tests.replies.platform import FakePlatform
from tests.replies.posts import answered, carry_out, make_comment_case
from tests.support.desk import make_case


@pytest.fixture
def case(brand: Any) -> Any:
    return make_comment_case(brand)


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


def _page(client: Client, case: Any) -> str:
    return client.get(f"/b/lumora/cases/{case.reference}/").content.decode()


def _press(client: Client, case: Any, post: Post, what: str) -> str:
    address = f"/b/lumora/cases/{case.reference}/posts/{post.public_id}/{what}/"
    return client.post(address, follow=True).content.decode()


def _buttons(page: str) -> list[str]:
    """What the buttons of the thread say, with what only screen readers hear."""
    found = re.findall(r'<div class="post-acts".*?</div>', page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", "", words).split()) for part in found for words in re.split("</form>|</a>", part)
            if re.sub("<[^>]+>", "", words).strip()]  # fmt: skip


def test_an_agent_hides_a_comment_and_shows_it_again(
    as_bob: Client, bob: Any, case: Any, platform: FakePlatform
) -> None:
    post = case.deciding_post
    assert _buttons(_page(as_bob, case)) == ["Hide (post of Mia Brand)", "Like (post of Mia Brand)"]
    page = _press(as_bob, case, post, "hide")
    assert "It is on its way to the platform." in page
    assert "Waits to be hidden (asked by Bob," in page and 'hx-trigger="every 3s"' in page
    carry_out(platform)
    page = _page(as_bob, case)
    assert "Hidden by Bob, " in page and "hidden-there" in page and 'hx-trigger="every 3s"' not in page
    assert _buttons(page)[0] == "Show again (post of Mia Brand)"
    for said in ("wants a post hidden", "hid a post"):
        assert said in page
    _press(as_bob, case, post, "show")
    carry_out(platform)
    assert "Hidden by" not in _page(as_bob, case)


def test_pressing_twice_or_going_back_and_forth_is_one_effect(as_bob: Client, case: Any) -> None:
    for _time in range(3):
        _press(as_bob, case, case.deciding_post, "hide")
    assert Effect.objects.count() == 1


def test_what_is_hidden_in_the_platforms_own_app_is_told_so(as_bob: Client, case: Any) -> None:
    Post.objects.filter(pk=case.deciding_post_id).update(is_hidden=True, hidden_changed_at="2026-05-04T10:00Z")
    assert "Hidden in the platform&#x27;s own app, 4 May " in _page(as_bob, case)


def test_a_refusal_of_the_platform_is_shown_with_its_reason(as_bob: Client, case: Any, platform: FakePlatform) -> None:
    from monitor.platforms.errors import RejectedError

    _press(as_bob, case, case.deciding_post, "hide")
    platform.errors = [RejectedError("no", code="permission_missing")]
    carry_out(platform)
    page = _page(as_bob, case)
    assert "Could not be hidden: The platform says that a permission is missing." in page
    alerts = as_bob.get("/b/lumora/alerts/").content.decode()
    assert "the platform did not do this to a post: Hide. The platform says that a permission is missing." in alerts


def test_what_stands_in_the_way_is_a_sentence_instead_of_a_button(brand: Any, as_bob: Client, case: Any) -> None:
    switch(brand, SwitchName.KILL)
    page = _page(as_bob, case)
    assert _buttons(page) == [] and "All sending is stopped for this brand." in page
    page = _press(as_bob, case, case.deciding_post, "hide")
    assert page.count("All sending is stopped for this brand.") >= 2 and not Effect.objects.exists()


def test_what_waits_says_for_what_and_can_be_taken_back(as_bob: Client, case: Any, platform: FakePlatform) -> None:
    _press(as_bob, case, case.deciding_post, "hide")
    Channel.objects.update(state="paused")
    carry_out(platform)
    page = _page(as_bob, case)
    assert "Waits to be hidden (asked by Bob," in page and "The channel is paused." in page
    assert "Taken back. Nothing was done." in _press(as_bob, case, case.deciding_post, "withdraw")
    assert Effect.objects.get().error_code == "withdrawn"
    assert "Too late" in _press(as_bob, case, case.deciding_post, "withdraw")


def test_deleting_asks_on_a_page_of_its_own_and_is_a_leads(
    brand: Any, as_alice: Client, as_bob: Client, bob: Any, platform: FakePlatform
) -> None:
    case = make_case(brand, "@lumora where is my parcel?")
    own = answered(bob, case, platform)
    assert "Delete our answer" not in _page(as_bob, case)
    assert "Delete our answer" in _buttons(_page(as_alice, case))
    address = f"/b/lumora/cases/{case.reference}/posts/{own.public_id}/delete/"
    asked = as_alice.get(address).content.decode()
    assert own.text in asked and "This cannot be undone." in asked and "<form" in asked
    assert not Effect.objects.filter(kind="delete").exists()
    as_alice.post(address)
    carry_out(platform)
    page = _page(as_alice, case)
    assert own.text not in page and "Deleted from here" in page and "deleted our answer" in page
    assert Reply.objects.get().state == "deleted"
    assert "This answer cannot be deleted from here." in as_alice.get(address, follow=True).content.decode()


def test_a_viewer_sees_what_happened_and_no_button(
    brand: Any, as_bob: Client, case: Any, platform: FakePlatform
) -> None:
    from monitor.brands.models import Membership, User

    _press(as_bob, case, case.deciding_post, "hide")
    carry_out(platform)
    viewer = User.objects.create_user("vera@example.com")
    Membership.objects.create(user=viewer, brand=brand, role="viewer")
    client = Client()
    client.force_login(viewer)
    page = _page(client, case)
    assert "Hidden by Bob, " in page and _buttons(page) == []


def test_a_post_of_another_case_cannot_be_reached_through_this_one(brand: Any, as_bob: Client, case: Any) -> None:
    other = make_case(brand, "Another matter", platform="facebook").deciding_post
    answer = as_bob.post(f"/b/lumora/cases/{case.reference}/posts/{other.public_id}/hide/")
    assert answer.status_code == 404 and not Effect.objects.exists()


def test_a_delicate_case_leaves_hiding_to_a_lead(brand: Any, as_bob: Client, as_alice: Client, case: Any) -> None:
    switch(brand, SwitchName.CRISIS)
    assert [words.split()[0] for words in _buttons(_page(as_bob, case))] == ["Like"]
    assert [words.split()[0] for words in _buttons(_page(as_alice, case))] == ["Hide", "Like"]
    answer = as_bob.post(f"/b/lumora/cases/{case.reference}/posts/{case.deciding_post.public_id}/hide/")
    assert answer.status_code == 403


def test_a_comment_can_be_answered_in_public_or_privately(as_bob: Client, case: Any) -> None:
    page = _page(as_bob, case)
    assert "Answer in public" in page and "Answer privately" in page
    as_bob.post(
        f"/b/lumora/cases/{case.reference}/preview/",
        {"text": "We are sorry. Please tell us your order number.", "kind": "private_reply", "language": "en"},
    )
    reply = Reply.objects.get()
    assert reply.kind == "private_reply"
    assert "in private, to this person only" in as_bob.get(
        f"/b/lumora/cases/{case.reference}/replies/{reply.public_id}/"
    ).content.decode()  # fmt: skip
