"""The whole story as a person on a laptop sees it: `mentiondesk run`, a complaint, a click, the reply out there."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from monitor.embedded.redis import find_server
from tests.browser.conftest import CasePage
from tests.embedded.conftest import short_home
from tests.support.running_desk import RunningDesk, running_desk, until

WORDS = "@lumora I was charged twice for one order and nobody answers. I want my money back!"
# What DESIGN promises to a person who has just opened the page.
PATIENCE_MILLISECONDS = 60_000


@pytest.mark.faults
@pytest.mark.parametrize("broker", ["redis", "none"])
def test_a_complaint_is_answered_with_three_clicks(broker: str, page: Page) -> None:
    if broker == "redis" and find_server() is None:
        pytest.skip("no Redis server program is installed")
    way = {"REDIS_URL": "none"} if broker == "none" else {}
    with short_home() as home, running_desk(Path(home), **way) as desk:
        page.goto(desk.invitation)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#cases [data-case]").first).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        identifier = desk.say(WORDS, handle="story_teller")
        reference = until(lambda: _case_with_suggestion(desk, identifier), seconds=60)

        page.goto(f"{desk.address}/b/lumora/cases/{reference}/")
        case = CasePage(page)
        words = case.editor.input_value()
        case.look_over()
        case.send()

        said = until(lambda: _replies_under(desk, identifier), seconds=60)
        assert [text.endswith(words) for text in said] == [True]
        time.sleep(3)
        assert len(_replies_under(desk, identifier)) == 1
        page.reload()
        assert any(words in bubble for bubble in case.thread())


def _case_with_suggestion(desk: RunningDesk, identifier: str) -> str:
    found = desk.sql(
        """SELECT one.reference FROM cases_case AS one JOIN replies_suggestedreply AS words ON words.case_id = one.id
        JOIN inbox_post AS post ON post.id = words.post_id WHERE post.external_id = %s""",
        identifier,
    )
    return str(found[0][0]) if found else ""


def _replies_under(desk: RunningDesk, identifier: str) -> list[str]:
    return [post["text"] for post in desk.said_by_brand() if post["in_reply_to"] == identifier]
