"""The product's stories can be played, a wrong one says where it is wrong, and each step does what it says."""

from pathlib import Path
from typing import Any

import pytest

from monitor.commands.parser import build_parser
from monitor.simulators.story import DEMO_STORY, StoryError, StoryPlayer, find_story, load_story
from monitor.simulators.story_file import FOLDER, names
from monitor.simulators.world import World

GOOD = "entries:\n  - {key: one, platform: x, author: {handle: a}, text: hello}\n"


def story_of(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    return load_story(path)


def told(story: Any) -> tuple[World, StoryPlayer]:
    player = StoryPlayer(World(), story)
    player.open()
    second = 0.0
    while player.told < len(player.story.entries):
        player.play(second)
        second += 0.25
        assert second < 600
    return player.world, player


@pytest.mark.parametrize("name", names())
def test_each_story_of_the_product_is_played_to_its_end(name: str) -> None:
    story = load_story(find_story(name))
    world, player = told(story)
    assert world.entries or world.messages
    assert player.is_over is (name != "demo")
    assert all(handle == handle.strip() for _, handle in world.people)


def test_the_products_stories_are_named() -> None:
    assert names() == ["demo", "flood", "outage", "regret"]
    assert find_story("flood") == FOLDER / "flood.yaml" and find_story("demo") == DEMO_STORY
    with pytest.raises(StoryError, match="demo, flood, outage, regret"):
        find_story("flod")


def test_a_flood_is_many_people_in_a_short_time() -> None:
    story = load_story(find_story("flood"))
    world, player = told(story)
    crowd = [entry for entry in world.visible("x") if "kettle got dangerously hot" in entry.text]
    assert len(crowd) == 120 and len({entry.author.external_id for entry in crowd}) == 120
    assert len({entry.text for entry in crowd}) == 120
    assert all(len(entry.author.handle) <= 15 for entry in crowd)
    # Half a minute of quiet, a minute and a half of flood.
    assert 100 < player.next_at < 160


def test_regrets_leave_nothing_of_what_was_taken_back() -> None:
    world, _ = told(load_story(find_story("regret")))
    shown = [entry.text for name in world.brands for entry in world.visible(name)]
    assert not any("4111" in text or "vergonha" in text or "thieves" in text or "refund it" in text for text in shown)
    assert any(text.startswith("Mein Paket ist kaputt angekommen. Bestellung LM-") for text in shown)


def test_faults_mishaps_tokens_and_the_clock_are_steps(tmp_path: Path) -> None:
    text = (
        "retell: false\nentries:\n"
        "  - {fault: rate_limit, path: /x/, times: 2, seconds: 9}\n"
        "  - {push: lose, to: meta, times: 2}\n"
        "  - {token: revoked}\n"
        "  - {clock: 86400}\n"
    )
    world, _ = told(story_of(tmp_path, text))
    fault = world.faults.take("GET", "/x/2/users/me")
    assert fault is not None and (fault.kind, fault.times, fault.seconds) == ("rate_limit", 1, 9)
    assert world.is_revoked
    assert (world.now() - World().now()).total_seconds() == pytest.approx(86400, abs=5)


def test_a_token_that_was_restored_works_again(tmp_path: Path) -> None:
    world, _ = told(story_of(tmp_path, "retell: false\nentries:\n  - {token: revoked}\n  - {token: restored}\n"))
    assert not world.is_revoked


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "line 1: this is not YAML"),
        ("- just a list", "has no list of entries"),
        ("entries: []", "line 1: entries must be a list with at least one entry"),
        ("entries: [5]", "line 1: this is not a set of fields"),
        (GOOD + "  - {note: x}\n", "line 3: this step does nothing: it needs one of platform, edit"),
        (GOOD + "  - {platform: myspace, text: x}\n", "line 3: platform must be one of x, facebook"),
        (
            GOOD + "  - platform: x\n    author: {handle: b}\n    txt: hm\n",
            "line 5: 'txt' is not known; did you mean 'text'",
        ),
        (GOOD + "  - {platform: x, author: {handle: a}}\n", "line 3: text is missing"),
        (GOOD + "  - {platform: x, text: hello}\n", "line 3: author is missing"),
        (GOOD + "  - {platform: x, text: a, author: {handel: b}}\n", "line 3: author must have a handle"),
        (GOOD + "  - {platform: x, text: a, author: {handle: b, age: 3}}\n", "line 3: author age is not known"),
        (GOOD + "  - {platform: x, text: 5, author: {handle: b}}\n", "line 3: text must be text"),
        (GOOD + "  - {platform: x, author: {handle: a}, text: b, in_reply_to: oen}\n", "did you mean 'one'"),
        (GOOD + "  - {edit: two, text: b}\n", "line 3: edit: nothing before it has the key 'two'"),
        (GOOD + "  - {delete: 7}\n", "line 3: delete"),
        (GOOD + "  - {key: one, platform: x, author: {handle: a}, text: b}\n", "line 3: key: 'one' is taken"),
        (GOOD + "  - {platform: x, author: {handle: a}, text: b, repeat: 0}\n", "repeat must be a whole number from 1"),
        (
            GOOD + "  - {key: t, platform: x, author: {handle: a}, text: b, repeat: 2}\n",
            "repeated cannot be pointed to",
        ),
        (GOOD + "  - {fault: earthquake}\n", "line 3: fault must be one of status, drop"),
        (GOOD + "  - {fault: slow, path: '('}\n", "line 3: path must be a regular expression"),
        (GOOD + "  - {push: lose, to: mastodon}\n", "line 3: to must be one of x, meta"),
        (GOOD + "  - {token: gone}\n", "line 3: token must be one of revoked, restored"),
        (GOOD + "  - {clock: -5}\n", "line 3: clock must be a number, 0 or more"),
        (GOOD + "retell: maybe\n", "line 3: retell must be true or false"),
        (GOOD + "colour: red\n", "line 3: 'colour' is not known"),
    ],
)
def test_a_wrong_story_says_where_and_what(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(StoryError, match=complaint):
        story_of(tmp_path, text)


def test_a_story_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoryError, match="is not YAML"):
        load_story(path)


def test_the_command_says_whether_a_story_can_be_played(tmp_path: Path, capsys: Any) -> None:
    from monitor.commands.failures import CommandError

    arguments = build_parser().parse_args(["simulate", "regret", "--check"])
    assert arguments.run(arguments) == 0
    assert capsys.readouterr().out == "regret.yaml: 1 posts at the opening, 12 steps\n"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("entries: [5]")
    for name in (str(wrong), str(tmp_path / "missing.yaml"), "flod"):
        arguments = build_parser().parse_args(["simulate", name, "--check"])
        with pytest.raises(CommandError):
            arguments.run(arguments)
