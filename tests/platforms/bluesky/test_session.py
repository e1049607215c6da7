import threading

import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.bluesky.session import Session, Tokens, session_of
from monitor.platforms.errors import AuthExpiredError, RateLimitedError, UnavailableError

CREATE, REFRESH = "createSession", "refreshSession"
OLD, NEW = Tokens("did:plc:us", "old", "r1"), Tokens("did:plc:us", "new", "r2")


def calls(simulated, name):
    return [call for call in simulated.world.calls if call["path"].endswith(name)]


def test_connectors_share_the_session_of_their_program(simulated):
    for _task in range(3):
        simulated.connect("bluesky").collect("mentions", {})
    assert len(calls(simulated, CREATE)) == 1


def test_tokens_that_have_ended_are_refreshed_and_the_call_goes_again(simulated):
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.shift_clock(3 * 3600)
    simulated.person_says("bluesky", "@lumora.example hello")
    batch = simulated.connect("bluesky").collect("mentions", {})
    assert len(batch.updates) == 1
    assert (len(calls(simulated, CREATE)), len(calls(simulated, REFRESH))) == (1, 1)


def test_a_write_at_an_ended_token_is_done_once(simulated):
    entry = simulated.person_says("bluesky", "@lumora.example hello")
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.shift_clock(3 * 3600)
    simulated.connect("bluesky").send(SendRequest("reply", "Hi", target_id=entry.identifier))
    assert len(simulated.world.thread(entry.identifier)) == 2


def test_where_the_refresh_token_is_dead_too_the_app_password_makes_a_new_session(simulated):
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.bluesky.access.clear()
    simulated.world.bluesky.refresh.clear()
    simulated.connect("bluesky").collect("mentions", {})
    assert len(calls(simulated, CREATE)) == 2


def test_a_revoked_app_password_is_tried_once(simulated):
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.is_revoked = True
    simulated.world.calls.clear()
    with pytest.raises(AuthExpiredError):
        simulated.connect("bluesky").collect("mentions", {})
    assert [call["path"].rpartition(".")[2] for call in simulated.world.calls] == [
        "listNotifications", REFRESH, CREATE,
    ]  # fmt: skip


def test_many_threads_at_an_ended_token_make_one_refresh(simulated):
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.shift_clock(3 * 3600)
    start = threading.Barrier(6)
    failures = []

    def work():
        start.wait()
        try:
            simulated.connect("bluesky").collect("mentions", {})
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []
    assert (len(calls(simulated, CREATE)), len(calls(simulated, REFRESH))) == (1, 1)


def test_who_comes_with_stale_tokens_gets_what_another_has_fetched():
    session = Session()
    session.tokens(lambda: OLD)
    assert session.renew(OLD, lambda _refresh: NEW, lambda: pytest.fail("no log-in is needed")) == NEW
    assert session.renew(OLD, lambda _refresh: pytest.fail("a refresh token works once"), lambda: OLD) == NEW


def test_a_failed_refresh_leaves_no_dead_tokens_behind():
    session = Session()
    session.tokens(lambda: OLD)

    def unreachable(_refresh):
        raise UnavailableError("later")

    with pytest.raises(UnavailableError):
        session.renew(OLD, unreachable, lambda: NEW)
    assert session.tokens(lambda: NEW) == NEW


def test_another_password_is_another_session():
    first = session_of("http://here", "lumora.example", "one")
    assert first is session_of("http://here", "lumora.example", "one")
    assert first is not session_of("http://here", "lumora.example", "two")


def test_tokens_are_not_shown():
    assert "old" not in repr(OLD) and "r1" not in repr(OLD)


def test_no_token_is_in_an_address_or_in_a_log(simulated, caplog):
    caplog.set_level("DEBUG")
    simulated.connect("bluesky").collect("mentions", {})
    simulated.world.shift_clock(3 * 3600)
    simulated.connect("bluesky").collect("mentions", {})
    for token in ("simulated-access", "simulated-refresh", "simulated-app-password"):
        assert token not in caplog.text and token not in repr(simulated.world.calls)


def test_too_many_sessions_wait_for_the_window(simulated):
    for _try in range(30):
        simulated.world.limits.take_bluesky("session", simulated.world.now(), 1)
    with pytest.raises(RateLimitedError) as caught:
        simulated.connect("bluesky").collect("mentions", {})
    assert caught.value.retry_at is not None


def test_without_a_password_nothing_is_called(simulated):
    from dataclasses import replace

    from monitor.platforms.bluesky import PLATFORM
    from monitor.platforms.budget import NullBudget

    bare = replace(simulated.context("bluesky"), credentials={})
    with pytest.raises(AuthExpiredError):
        PLATFORM.connect(bare, NullBudget()).collect("mentions", {})
    assert simulated.world.calls == []
