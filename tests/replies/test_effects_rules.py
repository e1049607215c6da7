"""What may be done to a post: every rule, as a table. Pure."""

from dataclasses import replace

import pytest

from monitor.platforms.registry import get_platform, platform_codes
from monitor.replies.post_effects import KINDS, OBSTACLES, Facts, can_be_asked, can_be_done, right_for

FACEBOOK, INSTAGRAM, X = (get_platform(code).declaration for code in ("facebook", "instagram", "x"))
MASTODON, BLUESKY, FEED = (get_platform(code).declaration for code in ("mastodon", "bluesky", "feed"))
COMMENT = Facts(is_comment=True, is_our_thread=True)
ANSWER = Facts(is_own=True, is_answer=True, is_comment=True, is_our_thread=True)


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("x", {"hide"}),
        ("facebook", {"hide", "like"}),
        ("instagram", {"hide"}),
        ("mastodon", {"like"}),
        ("bluesky", {"hide", "like"}),
        ("feed", set()),
    ],
)
def test_a_comment_under_our_post_can_be_hidden_and_liked_where_the_platform_can(code: str, kinds: set[str]) -> None:
    declaration = get_platform(code).declaration
    assert {kind for kind in KINDS if can_be_asked(COMMENT, declaration, kind).allowed} == kinds


def test_our_answer_can_be_deleted_wherever_we_can_write() -> None:
    for code in platform_codes():
        declaration = get_platform(code).declaration
        allowed = {kind for kind in KINDS if can_be_asked(ANSWER, declaration, kind).allowed}
        assert allowed == ({"delete"} if "reply" in declaration.abilities else set())


@pytest.mark.parametrize(
    ("facts", "kind", "code"),
    [
        (replace(COMMENT, is_deleted=True), "hide", "deleted"),
        (replace(COMMENT, has_platform_id=False, is_import=True), "hide", "no_platform_id"),
        (replace(COMMENT, is_public=False), "hide", "private_message"),
        (replace(COMMENT, is_public=False), "like", "private_message"),
        (replace(COMMENT, is_our_thread=False), "hide", "not_our_thread"),
        (replace(COMMENT, is_comment=False), "hide", "not_our_thread"),
        (ANSWER, "hide", "own_post"),
        (ANSWER, "like", "own_post"),
        (COMMENT, "delete", "not_our_post"),
        (replace(ANSWER, is_answer=False), "delete", "not_an_answer"),
        (replace(ANSWER, is_public=False), "delete", "private_message"),
        (replace(COMMENT, author_opted_out=True), "like", "opted_out"),
        (replace(COMMENT, author_opted_out=True), "hide", ""),
        (replace(COMMENT, author_opted_out=True, is_liked=True), "unlike", ""),
        (replace(COMMENT, has_channel=False), "hide", "no_channel"),
        (replace(COMMENT, has_channel=False, is_import=True), "hide", "imported"),
        (replace(COMMENT, is_killed=True), "hide", "kill_switch"),
        (replace(COMMENT, channel_may_write=False), "hide", "channel_read_only"),
        (replace(COMMENT, channel_state="paused"), "hide", "channel_paused"),
        (replace(COMMENT, channel_state="needs_reauth"), "hide", "channel_unhealthy"),
    ],
)
def test_what_stands_in_the_way_has_a_code(facts: Facts, kind: str, code: str) -> None:
    assert can_be_asked(facts, FACEBOOK, kind).code == code
    if kind != "unlike":
        assert can_be_done(facts, FACEBOOK, kind).code == code


@pytest.mark.parametrize(
    ("facts", "kind", "code"),
    [
        (replace(COMMENT, is_hidden=True), "hide", "already_hidden"),
        (COMMENT, "unhide", "not_hidden"),
        (replace(COMMENT, is_liked=True), "like", "already_liked"),
        (COMMENT, "unlike", "not_liked"),
        (replace(ANSWER, is_going=True), "delete", "being_deleted"),
    ],
)
def test_what_would_change_nothing_is_not_asked_but_still_done_when_it_was(facts: Facts, kind: str, code: str) -> None:
    assert can_be_asked(facts, FACEBOOK, kind).code == code
    assert can_be_done(facts, FACEBOOK, kind).allowed


def test_what_a_platform_cannot_is_said_so() -> None:
    assert can_be_asked(COMMENT, MASTODON, "hide").code == "act_not_offered"
    assert can_be_asked(COMMENT, X, "like").code == "act_not_offered"
    assert can_be_asked(COMMENT, FEED, "hide").code == "act_not_offered"


def test_an_agent_hides_and_likes_and_a_lead_deletes() -> None:
    assert {kind: right_for(kind, is_delicate=False) for kind in KINDS} == {
        "hide": "answer", "unhide": "answer", "like": "answer", "unlike": "answer", "delete": "approve",
    }  # fmt: skip
    assert right_for("hide", is_delicate=True) == right_for("unhide", is_delicate=True) == "approve"
    assert right_for("like", is_delicate=True) == "answer"


def test_an_effect_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="There is no effect"):
        can_be_done(COMMENT, FACEBOOK, "teleport")


def test_what_mends_itself_makes_an_effect_wait() -> None:
    from monitor.replies.services.claiming import WAITING_CODES

    assert WAITING_CODES <= OBSTACLES
