"""Any program may be killed at any moment of the story: every post is stored once, with one case and one reply."""

import os
from pathlib import Path
from typing import Any

import pytest

from monitor.embedded.redis import find_server
from tests.embedded.conftest import short_home
from tests.support.lacking import skip_for_lack_of
from tests.support.running_desk import RunningDesk, running_desk, until

pytestmark = pytest.mark.faults

PROGRAMS = ("worker", "analyzer", "redis", "postgres", "web", "beat", "sweeper")
# BUDGET=full kills everything three times.
ROUNDS = 3 if os.environ.get("BUDGET") == "full" else 1
# Direct messages always open a case and are acknowledged, whatever the model thinks of them.
COMPLAINTS = (
    "My parcel has been lost for three weeks and nobody answers",
    "You charged me twice for the same order, please fix this",
    "The blender arrived broken and support keeps ignoring me",
)
APPROVE = """
from monitor.brands.models import User
from monitor.replies import services
from monitor.replies.models import SuggestedReply
lead = User.objects.get(email="mara@lumora.example")
for suggestion in SuggestedReply.objects.filter(case__author__name__startswith="witness"):
    try:
        services.approve_suggestion(user=lead, suggestion=suggestion)
    except services.AlreadyAnsweredError:
        pass
"""


def test_killing_any_program_leaves_one_post_one_case_one_reply() -> None:
    if find_server() is None:
        skip_for_lack_of("No Redis server program is installed.")
    with short_home() as home, running_desk(Path(home)) as desk:
        posts = _tell_while_killing(desk)
        for identifier in posts.values():
            until(lambda identifier=identifier: _has_suggestion(desk, identifier), seconds=180)
        pid = desk.pid("worker")
        desk.run_python(APPROVE)
        desk.kill("worker")
        until(lambda: desk.is_back("worker", after=pid), seconds=60)
        desk.run_python(APPROVE)
        # A lease, the sweeper's patience and a reading back, one after the other.
        _until_nothing_is_open(desk)

        for handle, identifier in posts.items():
            assert _stored(desk, identifier) == 1
            assert _cases(desk, identifier) == 1
            told = [message["text"] for message in desk.messages_by_brand() if message["recipient"] == handle]
            # The acknowledgement and the reply.
            assert len(told) == len(set(told)) == 2


def _tell_while_killing(desk: RunningDesk) -> dict[str, str]:
    """A message just before and just after each kill; who wrote it → its id."""
    posts: dict[str, str] = {}
    for number, program in enumerate(PROGRAMS * ROUNDS):
        text = COMPLAINTS[number % len(COMPLAINTS)]
        posts[f"witness_{number}a"] = _write(desk, text, f"witness_{number}a")
        pid = desk.pid(program)
        desk.kill(program)
        posts[f"witness_{number}b"] = _write(desk, text, f"witness_{number}b")
        until(lambda program=program, pid=pid: desk.is_back(program, after=pid), seconds=90)
    return posts


def _write(desk: RunningDesk, text: str, handle: str) -> str:
    return desk.say(text, platform="facebook", form="direct_message", handle=handle)


def _stored(desk: RunningDesk, identifier: str) -> int:
    return desk.number("SELECT count(*) FROM inbox_post WHERE external_id = %s", identifier)


def _cases(desk: RunningDesk, identifier: str) -> int:
    return desk.number(
        """SELECT count(*) FROM cases_case AS one JOIN inbox_author AS author ON author.id = one.author_id
        WHERE author.id = (SELECT author_id FROM inbox_post WHERE external_id = %s)""",
        identifier,
    )


def _has_suggestion(desk: RunningDesk, identifier: str) -> bool:
    query = """SELECT count(*) FROM replies_suggestedreply AS one JOIN inbox_post AS post ON post.id = one.post_id
        WHERE post.external_id = %s"""
    return desk.number(query, identifier) > 0


def _until_nothing_is_open(desk: RunningDesk) -> None:
    try:
        until(lambda: not _open_effects(desk), seconds=720)
    except AssertionError:
        raise AssertionError(f"still open, at {desk.sql('SELECT now()')}: {_open_effects(desk)}") from None


def _open_effects(desk: RunningDesk) -> list[tuple[Any, ...]]:
    return desk.sql(
        """SELECT effect.id, effect.kind, effect.state, tries, checks, not_before, claimed_at, lease_until, error_code,
            channel.state
        FROM replies_effect AS effect JOIN brands_channel AS channel ON channel.id = effect.channel_id
        WHERE effect.state IN ('pending', 'sending', 'unconfirmed')"""
    )
