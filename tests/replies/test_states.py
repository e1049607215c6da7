"""The tables of states: nothing leads out of an end, and a guarded update obeys the table."""

from typing import Any

import pytest

from monitor.cases.models import Case
from monitor.replies.models import EffectState, Reply, ReplyState
from monitor.replies.states import TRANSITIONS, WrongStateError, move, sources_of, try_to_move
from tests.replies.conftest import approved


def test_the_tables_name_every_state_and_no_other() -> None:
    assert set(TRANSITIONS["reply"]) == set(ReplyState.values)
    assert set(TRANSITIONS["effect"]) == set(EffectState.values)
    for table in TRANSITIONS.values():
        for targets in table.values():
            assert targets <= set(table)


def test_what_was_said_stays_said() -> None:
    assert TRANSITIONS["effect"]["done"] == frozenset()
    # It can only be taken down again.
    assert TRANSITIONS["reply"]["sent"] == {"deleted"}
    assert TRANSITIONS["reply"]["deleted"] == frozenset()
    assert "draft" not in TRANSITIONS["reply"]["unconfirmed"]


def test_a_state_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        sources_of("reply", "lost")


def test_the_row_decides_not_the_copy_in_memory(public_case: Case, bob: Any) -> None:
    reply = approved(bob, public_case)
    stale = Reply.objects.get()
    move(reply, "reply", "sending")
    assert not try_to_move(stale, "reply", "declined")
    with pytest.raises(WrongStateError):
        move(stale, "reply", "declined")
    assert stale.state == "approved" and Reply.objects.get().state == "sending"
