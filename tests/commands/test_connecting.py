"""`connect`: one sentence for whatever is wrong with the credentials, and never one of them on the screen."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor.brands.models import Brand, Channel, ChannelState
from monitor.brands.selectors import channel_context
from monitor.simulators.feed_facts import REVIEW_FEED
from monitor.simulators.world import PAGE_ID, X_USER_ID
from tests.commands.conftest import Command
from tests.support.simulated import Simulated

SECRET = "a-token-that-nobody-may-see"


@pytest.fixture
def x_file(simulated: Simulated, tmp_path: Path) -> Path:
    """Credentials that the simulated X accepts."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(dict(simulated.context("x").credentials)))
    return path


@pytest.fixture
def page_file(simulated: Simulated, tmp_path: Path) -> Path:
    path = tmp_path / "page.json"
    path.write_text(json.dumps(dict(simulated.context("facebook").credentials)))
    return path


def connect_x(command: Command, file: Path | str, *more: str) -> int:
    return command("connect", "x", "--brand", "harbour", "--id", X_USER_ID, "--credentials", file, *more)


def test_good_credentials_connect_a_channel_that_is_listed(
    command: Command, simulated: Simulated, x_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert connect_x(command, x_file, "--handle", "@harbour") == 0
    channel = Channel.objects.get()
    told = capsys.readouterr()
    assert told.out == f"Connected harbour as channel {channel.pk}.\n"
    assert command("channels", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["brand"], listed["platform"], listed["name"], listed["state"]) == (
        "harbour",
        "x",
        "harbour",
        "healthy",
    )
    assert channel_context(channel).credentials == simulated.context("x").credentials
    assert channel.streams.exists()
    assert channel.brand.articles.exists(), "a new brand has articles to suggest from"


def test_credentials_are_read_from_standard_input(
    command: Command, x_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(x_file.read_text()))
    assert connect_x(command, "-") == 0
    assert Channel.objects.get().credentials


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The credentials are not one JSON object."),
        (f"access_token={SECRET}", "The credentials are not one JSON object."),
        (f'["{SECRET}"]', "The credentials must be one JSON object of texts."),
        (f'{{"bearer_token": ["{SECRET}"]}}', "The credentials must be one JSON object of texts."),
        (f'{{"password": "{SECRET}"}}', "Unknown credentials password; known are "),
        ("{}", "No credentials were given; known are "),
    ],
)
def test_a_file_that_is_no_credentials_is_one_sentence(
    content: str, sentence: str, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.json").write_text(content)
    assert connect_x(command, tmp_path / "c.json") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"mentiondesk: {sentence}")
    assert len(told.err.splitlines()) == 1
    assert SECRET not in told.err
    assert not Channel.objects.exists() and not Brand.objects.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("orkut", "--brand", "b", "--id", "1"), "there is no platform 'orkut'; known are x, facebook, instagram"),
        (("x", "--brand", "My Brand", "--id", "1"), "'My Brand' is no short name: "),
        (("x", "--brand", "b", "--id", "1", "--kind", "page"), "X has channels of the kind account or search."),
        (("x", "--brand", "b", "--id", "1", "--kind", "search"), "A search needs --query: "),
        (("x", "--brand", "b", "--id", "1", "--market", "de"), "b has no market de."),
        (("x", "--brand", "b", "--id", "1", "--credentials", "/nowhere.json"), "/nowhere.json cannot be read: "),
    ],
)
def test_a_wish_that_cannot_be_is_one_sentence(
    words: tuple[str, ...], sentence: str, command: Command, x_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("connect", "--credentials", x_file, *words) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert not Channel.objects.exists()


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_a_refused_token_is_one_sentence_and_the_channel_asks_for_another(
    platform: str,
    command: Command,
    simulated: Simulated,
    x_file: Path,
    page_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = x_file if platform == "x" else page_file
    credentials = json.loads(file.read_text())
    file.write_text(json.dumps({**credentials, "access_token": SECRET}))
    identifier = X_USER_ID if platform == "x" else PAGE_ID
    assert command("connect", platform, "--brand", "harbour", "--id", identifier, "--credentials", file) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("mentiondesk: The platform does not accept these credentials: ")
    assert len(told.err.splitlines()) == 1
    channel = Channel.objects.get()
    assert (channel.state, channel.state_code) == (ChannelState.NEEDS_REAUTH, "auth_expired")
    assert command("channels") == 0
    screen = told.err + capsys.readouterr().out
    assert not [secret for secret in (SECRET, *credentials.values()) if secret in screen]


def test_a_platform_that_is_away_leaves_the_channel_stored(
    command: Command, simulated: Simulated, x_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated.add_fault("server_error", times=9)
    assert connect_x(command, x_file) == 1
    channel = Channel.objects.get()
    assert capsys.readouterr().err.startswith(
        f"mentiondesk: Stored as channel {channel.pk}, but the platform could not be asked: "
    )
    assert channel.state == ChannelState.HEALTHY


def test_a_token_of_another_account_is_told(
    command: Command, simulated: Simulated, x_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("connect", "x", "--brand", "harbour", "--id", "77", "--credentials", x_file) == 1
    assert f"bad: its token belongs to {X_USER_ID}, not to 77; " in capsys.readouterr().out


def test_without_a_check_nobody_is_asked(command: Command, simulated: Simulated, x_file: Path) -> None:
    assert connect_x(command, x_file, "--no-check") == 0
    assert simulated.world.calls == []


def test_connected_again_a_channel_keeps_what_is_not_said_anew(
    command: Command, simulated: Simulated, x_file: Path
) -> None:
    words: Any = ("connect", "x", "--brand", "harbour", "--kind", "search", "--id", "words", "--credentials", x_file)
    assert command(*words, "--query", "harbour -is:retweet", "--handle", "harbour", "--poll-seconds", "300") == 0
    first = Channel.objects.get()
    Channel.objects.update(state=ChannelState.NEEDS_REAUTH, state_code="auth_expired", daily_cap_micros=5_000_000)
    assert command(*words) == 0
    again = Channel.objects.get()
    assert again.state == ChannelState.HEALTHY
    kept = ("pk", "query", "handle", "poll_seconds")
    assert [getattr(again, name) for name in kept] == [getattr(first, name) for name in kept]
    assert again.daily_cap_micros == 5_000_000


def test_a_feed_is_connected_without_credentials(
    command: Command, simulated: Simulated, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("connect", "feed", "--brand", "harbour", "--kind", "reviews", "--id", REVIEW_FEED)
    assert command(*words, "--query", "harbour") == 0
    channel = Channel.objects.get()
    assert (channel.kind, channel.query, channel.poll_seconds, channel.credentials) == ("reviews", "harbour", 300, None)
    assert list(channel.streams.values_list("name", flat=True)) == ["entries"]
    assert capsys.readouterr().out.startswith("Connected ")


def test_a_feed_teaches_where_the_command_says_so(
    command: Command, simulated: Simulated, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("connect", "feed", "--brand", "harbour", "--kind", "reviews", "--id", REVIEW_FEED)
    assert command(*words) == 0 and not Channel.objects.get().may_teach
    assert "teach nothing. If the publisher's terms allow it" in capsys.readouterr().err
    for said, may_teach in (("--may-teach", True), (None, True), ("--no-may-teach", False)):
        assert command(*words, *([said] if said else [])) == 0
        assert Channel.objects.get().may_teach is may_teach
        assert "teach nothing" not in capsys.readouterr().err


def test_nobody_can_say_so_of_posts_that_may_not_teach(
    command: Command, simulated: Simulated, x_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge = "https://bridges.example/twitter/user/harbour"
    assert command("connect", "feed", "--brand", "harbour", "--id", bridge, "--may-teach") == 1
    assert "shows posts of X, whose terms" in capsys.readouterr().err
    assert connect_x(command, x_file, "--may-teach") == 1
    assert "--may-teach is for feeds" in capsys.readouterr().err
    assert not Channel.objects.exists() and simulated.world.calls == []


def test_a_feed_that_has_moved_away_is_one_sentence_and_blocks_the_channel(
    command: Command, simulated: Simulated, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated.add_fault("status", status=301, body="", headers={"location": "https://elsewhere.example/feed?key=1"})
    assert command("connect", "feed", "--brand", "harbour", "--id", REVIEW_FEED) == 1
    told = capsys.readouterr().err
    assert "the feed has moved to https://elsewhere.example/feed" in told and "key=1" not in told
    channel = Channel.objects.get()
    assert (channel.state, channel.state_code) == (ChannelState.BLOCKED, "moved")


def test_an_address_that_is_too_long_is_one_sentence(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("connect", "feed", "--brand", "harbour", "--id", "https://a.example/" + "x" * 128) == 1
    assert "longer than 128 characters" in capsys.readouterr().err
    assert not Channel.objects.exists()
