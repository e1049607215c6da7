"""The console in a real browser: live queue, answering, hostile text, small screens, contrast."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from monitor.brands.services import create_login_link
from monitor.replies.models import Effect, Reply
from tests.browser.conftest import CasePage, QueuePage
from tests.console.test_hostile_text import HOSTILE
from tests.support.desk import analyze, make_author, make_case, make_post

Open = Callable[..., Page]
QUEUE = "/b/lumora/queue/"
PAGES = (QUEUE, "/b/lumora/posts/", "/b/lumora/trends/", "/b/lumora/alerts/", "/b/lumora/channels/",
         "/b/lumora/put-aside/", "/b/lumora/settings/", "/me/")  # fmt: skip

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


def test_a_login_link_leads_to_the_queue(page: Page, live_address: str, transactional_db: None, bob: Any) -> None:
    page.goto(f"{live_address}{create_login_link(user=bob)}")
    expect(page.get_by_role("button", name="Log in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def test_a_new_case_appears_by_itself(open_as: Open, bob: Any, brand: Any) -> None:
    queue = QueuePage(open_as(bob, QUEUE))
    expect(queue.page.get_by_text("Nothing waits here")).to_be_visible()
    case = make_case(brand, "The first one.")
    expect(queue.row(case.reference)).to_be_visible(timeout=10_000)


def test_nothing_moves_under_the_pointer(open_as: Open, bob: Any, brand: Any) -> None:
    old = make_case(brand, "An old one.", priority=51)
    queue = QueuePage(open_as(bob, QUEUE))
    queue.row(old.reference).hover()
    before = queue.row(old.reference).bounding_box()
    fresh = make_case(brand, "More urgent.", priority=99)
    expect(queue.news).to_have_text("1 new", timeout=10_000)
    assert queue.references == [old.reference]
    assert queue.row(old.reference).bounding_box() == before
    queue.news.click()
    expect(queue.row(fresh.reference)).to_be_visible()
    assert queue.references == [fresh.reference, old.reference]


def test_a_row_that_somebody_else_changes_is_refreshed_in_its_place(
    open_as: Open, bob: Any, alice: Any, brand: Any
) -> None:
    from monitor.cases.services import claim

    case = make_case(brand)
    queue = QueuePage(open_as(bob, QUEUE))
    queue.row(case.reference).hover()
    claim(user=alice, case=case)
    expect(queue.row(case.reference)).to_contain_text("Alice", timeout=10_000)


def test_several_cases_are_chosen_and_resolved(open_as: Open, bob: Any, brand: Any) -> None:
    cases = [make_case(brand) for _number in range(3)]
    queue = QueuePage(open_as(bob, QUEUE))
    queue.page.get_by_label("Choose all on this page").check()
    expect(queue.page.get_by_text("3 chosen")).to_be_visible()
    queue.page.get_by_label("Resolution").select_option("spam")
    queue.page.get_by_role("button", name="Resolve", exact=True).click()
    expect(queue.page.get_by_text("Done for 3 cases.")).to_be_visible()
    assert {type(case).objects.get(pk=case.pk).state for case in cases} == {"resolved"}


def test_an_agent_answers_a_case(open_as: Open, bob: Any, brand: Any) -> None:
    case = make_case(brand, "Where is my parcel?")
    page = QueuePage(open_as(bob, QUEUE)).open_case(case.reference)
    expect(page.count).to_have_text("62 / 280")
    page.write("We are sorry. Please send us a private message, 谢谢.")
    expect(page.count).to_have_text("53 / 280")
    page.look_over()
    page.send()
    assert Reply.objects.get().text == "We are sorry. Please send us a private message, 谢谢."
    assert Effect.objects.count() == 1


def test_the_words_can_be_changed_after_looking_them_over(open_as: Open, bob: Any, brand: Any) -> None:
    case = make_case(brand)
    page = CasePage(open_as(bob, f"/b/lumora/cases/{case.reference}/"))
    page.write("First words for you.")
    page.look_over()
    page.page.get_by_role("link", name="Change it").click()
    expect(page.editor).to_have_value("First words for you.")
    page.write("Better words for you.")
    page.look_over()
    assert Reply.objects.get().text == "Better words for you."


def test_the_keys_walk_the_queue(open_as: Open, bob: Any, brand: Any) -> None:
    for _number in range(2):
        make_case(brand)
    queue = QueuePage(open_as(bob, QUEUE))
    first, second = queue.references
    queue.page.keyboard.press("j")
    queue.page.keyboard.press("j")
    expect(queue.row(second).locator(".words")).to_be_focused()
    queue.page.keyboard.press("k")
    queue.page.keyboard.press("Enter")
    expect(queue.page.get_by_text(first)).to_be_visible()


def test_hostile_text_runs_nowhere(open_as: Open, alice: Any, brand: Any) -> None:
    cases = []
    for kind, text in HOSTILE.items():
        author = make_author(brand, text[:150], f"{kind}-{text[:60]}")
        cases.append(make_case(brand, text, author=author, url="javascript:alert(1)", suggestion=text))
        thread = cases[0].deciding_post.conversation
        analyze(make_post(brand, text, author=author, conversation=thread))
    case = f"/b/lumora/cases/{cases[0].reference}/"
    for address in (QUEUE, "/b/lumora/posts/", case):
        page = open_as(alice, address)
        assert page.evaluate("document.querySelectorAll('iframe, img, script:not([src])').length") == 0
        page.close()


def test_every_page_fits_a_small_screen_and_can_be_read(open_as: Open, alice: Any, brand: Any) -> None:
    case = make_case(brand, HOSTILE["endless"], assignee=alice)
    make_case(brand, is_public=False, is_flagged=False)
    for address in (*PAGES, f"/b/lumora/cases/{case.reference}/"):
        page = open_as(alice, address)
        for width in (390, 820):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address} at {width}"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate(CONTRAST) == [], f"{address}, {scheme}"
        page.close()
