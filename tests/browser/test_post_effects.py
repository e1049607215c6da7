"""Hiding, liking and deleting in a real browser: with the keyboard alone, on a small screen, told as it happens."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from monitor.replies.models import Reply
from tests.browser.test_console import CONTRAST
from tests.replies.platform import FakePlatform
from tests.replies.posts import answered, carry_out, make_comment_case

Open = Callable[..., Page]


def _thread(page: Page) -> Any:
    return page.locator("#thread")


def test_a_comment_is_hidden_with_the_keyboard_and_the_page_tells_when_it_is_done(
    open_as: Open, bob: Any, brand: Any
) -> None:
    case = make_comment_case(brand)
    page = open_as(bob, f"/b/lumora/cases/{case.reference}/")
    button = _thread(page).get_by_role("button", name="Hide (post of Mia Brand)")
    button.focus()
    page.keyboard.press("Enter")
    expect(_thread(page)).to_contain_text("Waits to be hidden (asked by Bob")
    expect(_thread(page).get_by_role("button", name="Take it back")).to_be_visible()
    carry_out(FakePlatform())
    expect(_thread(page)).to_contain_text("Hidden by Bob, ", timeout=10_000)


def test_the_keyboard_stays_where_it_is_while_the_page_looks_again(open_as: Open, bob: Any, brand: Any) -> None:
    case = make_comment_case(brand)
    page = open_as(bob, f"/b/lumora/cases/{case.reference}/")
    _thread(page).get_by_role("button", name="Hide").click()
    like = _thread(page).get_by_role("button", name="Like")
    like.focus()
    carry_out(FakePlatform())
    expect(_thread(page)).to_contain_text("Hidden by Bob, ", timeout=10_000)
    expect(like).to_be_focused()


def test_a_lead_deletes_an_answer_after_a_second_look(open_as: Open, alice: Any, bob: Any, brand: Any) -> None:
    case, platform = make_comment_case(brand), FakePlatform()
    own = answered(bob, case, platform)
    page = open_as(alice, f"/b/lumora/cases/{case.reference}/")
    _thread(page).get_by_role("link", name="Delete our answer").click()
    expect(page.get_by_text(own.text)).to_be_visible()
    page.get_by_role("link", name="Keep it").click()
    _thread(page).get_by_role("link", name="Delete our answer").click()
    page.get_by_role("button", name="Delete our answer").click()
    expect(_thread(page)).to_contain_text("Waits to be deleted")
    carry_out(platform)
    expect(_thread(page)).to_contain_text("Deleted from here", timeout=10_000)
    assert Reply.objects.get().state == "deleted"


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_can_be_read(width: int, open_as: Open, alice: Any, bob: Any, brand: Any) -> None:
    case, platform = make_comment_case(brand), FakePlatform()
    own = answered(bob, case, platform)
    page = open_as(alice, f"/b/lumora/cases/{case.reference}/")
    page.set_viewport_size({"width": width, "height": 844})
    for address in ("", f"posts/{own.public_id}/delete/"):
        page.goto(page.url.split("/cases/")[0] + f"/cases/{case.reference}/{address}")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate(CONTRAST) == []


def test_the_length_follows_the_way_that_is_chosen(open_as: Open, bob: Any, brand: Any) -> None:
    case = make_comment_case(brand)
    page = open_as(bob, f"/b/lumora/cases/{case.reference}/")
    expect(page.locator("#measure .meter")).to_contain_text("/ 8000")
    page.get_by_label("Answer privately").check()
    expect(page.locator("#measure .meter")).to_contain_text("/ 2000")
