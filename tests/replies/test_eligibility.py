"""Who may answer where, until when and as whom, as a table with a frozen clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.platforms.registry import get_platform
from monitor.replies.eligibility import AUTOMATION, PERSON, Facts, can_reply, ways

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
X, FACEBOOK, INSTAGRAM = (get_platform(code).declaration for code in ("x", "facebook", "instagram"))
MENTION = Facts(mentions_us=True, created_at=NOW)
X_MESSAGE = Facts(form="direct_message", is_public=False, last_inbound_at=NOW)
MESSAGE = Facts(form="direct_message", is_public=False, last_inbound_at=NOW)
COMMENT = Facts(form="comment", created_at=NOW)


def after(**how_long: float) -> datetime:
    return NOW + timedelta(**how_long)


@pytest.mark.parametrize(
    ("facts", "allowed", "kind", "code"),
    [
        (MENTION, True, "reply", ""),
        (replace(MENTION, mentions_us=False, quotes_us=True), True, "reply", ""),
        (replace(MENTION, mentions_us=False), False, "native_task", "not_summoned"),
        (replace(MENTION, is_deleted=True), False, "reply", "deleted"),
        (replace(MENTION, is_own=True), False, "reply", "own_post"),
        (replace(MENTION, is_killed=True), False, "reply", "kill_switch"),
        (replace(MENTION, has_platform_id=False, is_import=True), False, "reply", "no_platform_id"),
        (replace(MENTION, is_import=True, has_channel=False), False, "reply", "imported"),
        (replace(MENTION, is_import=True), True, "reply", ""),
        (replace(MENTION, has_channel=False), False, "native_task", "no_channel"),
        (replace(MENTION, channel_may_write=False), False, "native_task", "channel_read_only"),
        (replace(MENTION, channel_state="needs_reauth"), False, "native_task", "channel_unhealthy"),
        (replace(MENTION, channel_state="paused"), False, "reply", "channel_paused"),
        (replace(MENTION, author_opted_out=True), True, "reply", ""),
        (replace(X_MESSAGE, author_opted_out=True), False, "direct_message", "opted_out"),
        (replace(X_MESSAGE, last_inbound_at=None), False, "direct_message", "not_written_to_us"),
        (replace(X_MESSAGE, author_reachable=False), False, "native_task", "unreachable"),
    ],
)  # fmt: skip
def test_on_x_the_verdict_is(facts: Facts, allowed: bool, kind: str, code: str) -> None:
    verdict = can_reply(facts, X, NOW)
    assert (verdict.allowed, verdict.kind, verdict.code) == (allowed, kind, code)


@pytest.mark.parametrize(
    ("waited", "speakers", "code"),
    [
        (timedelta(0), {PERSON, AUTOMATION}, ""),
        (timedelta(hours=23, minutes=59, seconds=59), {PERSON, AUTOMATION}, ""),
        (timedelta(hours=24, seconds=1), {PERSON}, "human_window"),
        (timedelta(days=6, hours=23, minutes=59, seconds=59), {PERSON}, "human_window"),
        (timedelta(days=7, seconds=1), set(), "window_closed"),
    ],
)
@pytest.mark.parametrize("declaration", [FACEBOOK, INSTAGRAM])
def test_the_window_of_a_message_on_meta(declaration: object, waited: timedelta, speakers: set[str], code: str) -> None:
    verdict = can_reply(MESSAGE, declaration, NOW + waited)  # type: ignore[arg-type]
    assert (set(verdict.by_whom), verdict.code) == (speakers, code)
    assert verdict.allowed == bool(speakers)
    if verdict.allowed:
        assert verdict.until == after(days=7)


def test_a_program_is_never_late_even_where_the_platform_sets_no_limit() -> None:
    assert can_reply(X_MESSAGE, X, after(hours=23, minutes=59, seconds=59)).allows(AUTOMATION)
    late = can_reply(X_MESSAGE, X, after(hours=24, seconds=1))
    assert late.allows(PERSON) and not late.allows(AUTOMATION)
    assert late.code == "automation_window"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(X_MESSAGE, is_crisis=True), "crisis"),
        (replace(X_MESSAGE, automation_on=False), "automation_off"),
        (replace(X_MESSAGE, author_automated=True), "author_automated"),
    ],
)
def test_what_stops_a_program_does_not_stop_a_person(facts: Facts, code: str) -> None:
    verdict = can_reply(facts, X, NOW)
    assert verdict.code == code
    assert verdict.allows(PERSON) and not verdict.allows(AUTOMATION)


def test_in_public_only_people_speak() -> None:
    assert can_reply(MENTION, X, NOW).by_whom == {PERSON}
    assert can_reply(COMMENT, FACEBOOK, NOW).by_whom == {PERSON}


@pytest.mark.parametrize(
    ("facts", "now", "allowed", "code"),
    [
        (COMMENT, NOW, True, ""),
        (COMMENT, after(days=6, hours=23, minutes=59, seconds=59), True, ""),
        (COMMENT, after(days=7, seconds=1), False, "window_closed"),
        (replace(COMMENT, private_reply_used=True), NOW, False, "already_replied"),
        (replace(COMMENT, author_opted_out=True), NOW, False, "opted_out"),
        (MESSAGE, NOW, False, "not_public"),
    ],
)
def test_one_private_reply_to_a_comment_within_seven_days(
    facts: Facts, now: datetime, allowed: bool, code: str
) -> None:
    verdict = can_reply(facts, FACEBOOK, now, kind="private_reply")
    assert (verdict.allowed, verdict.code) == (allowed, code)
    assert AUTOMATION not in verdict.by_whom


def test_without_a_window_a_post_can_be_answered_privately_again() -> None:
    mastodon = get_platform("mastodon").declaration
    used = replace(MENTION, private_reply_used=True)
    assert can_reply(used, mastodon, after(days=300), kind="private_reply").allowed


def test_x_offers_no_private_reply() -> None:
    assert can_reply(MENTION, X, NOW, kind="private_reply").code == "not_offered"
    assert [way.kind for way in ways(MENTION, X, NOW)] == ["reply"]
    assert [way.kind for way in ways(COMMENT, FACEBOOK, NOW)] == ["reply", "private_reply"]


def test_a_link_makes_an_answer_on_x_cost_twenty_times_as_much() -> None:
    plain, linked = can_reply(MENTION, X, NOW), can_reply(MENTION, X, NOW, has_link=True)
    assert linked.cost_micros == 20 * plain.cost_micros == 200_000
    assert can_reply(COMMENT, FACEBOOK, NOW).cost_micros == 0


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="no kind of reply"):
        can_reply(MENTION, replace(X, abilities=X.abilities | {"smoke"}), NOW, kind="smoke")
