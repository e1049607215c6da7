import json

import pytest
import requests

from monitor.simulators.graph_fields import Field, FieldSyntaxError, parse_fields
from monitor.simulators.world import DEMO_CHANNELS, PAGE_ID, PROFILE_ID, World
from tests.support.simulated import collect_all, simulated_platforms

TOKEN = {"Authorization": f"Bearer {DEMO_CHANNELS[1]['credentials']['access_token']}"}


def get(simulated, path, **query):
    return requests.get(f"{simulated.address}/graph/v25.0/{path}", params=query, headers=TOKEN, timeout=5)


def post(simulated, path, **form):
    return requests.post(f"{simulated.address}/graph/v25.0/{path}", data=form, headers=TOKEN, timeout=5)


def code_of(answer):
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode")


def test_field_expressions_nest_and_take_arguments():
    parsed = parse_fields("id,comments.filter(stream).limit(2){id,from{name}},likes")
    assert [field.name for field in parsed] == ["id", "comments", "likes"]
    assert parsed[1].arguments == (("filter", "stream"), ("limit", "2"))
    assert parsed[1].fields[1] == Field("from", (), (Field("name"),))


@pytest.mark.parametrize("text", ["id,,x", "a{b", "a.limit", "a}b", "a.limit(2"])
def test_a_wrong_field_expression_is_refused(text):
    with pytest.raises(FieldSyntaxError):
        parse_fields(text)


def test_only_the_fields_asked_for_are_told_and_unknown_ones_are_an_error(simulated):
    entry = simulated.person_says("facebook", "hello")
    assert get(simulated, entry.identifier).json() == {"id": entry.identifier}
    assert get(simulated, entry.identifier, fields="message").json() == {"id": entry.identifier, "message": "hello"}
    assert code_of(get(simulated, entry.identifier, fields="mesage")) == (100, None)


def test_pages_end_where_next_is_missing(simulated):
    for number in range(5):
        simulated.person_says("facebook", f"post {number}")
    page = get(simulated, f"{PAGE_ID}/feed", fields="message", limit=2).json()
    found = [each["message"] for each in page["data"]]
    while "next" in page["paging"]:
        assert "token" not in page["paging"]["next"]
        page = requests.get(page["paging"]["next"], headers=TOKEN, timeout=5).json()
        found += [each["message"] for each in page["data"]]
    assert found == [f"post {number}" for number in (4, 3, 2, 1, 0)]


def test_comments_are_one_level_unless_streamed(simulated):
    root = simulated.person_says("facebook", "post")
    comment = simulated.person_says("facebook", "comment", parent_id=root.identifier)
    simulated.person_says("facebook", "reply", parent_id=comment.identifier)

    def told(**query):
        answer = get(simulated, f"{root.identifier}/comments", fields="message", **query).json()
        return [each["message"] for each in answer["data"]]

    assert told() == ["comment"]
    assert told(filter="stream") == ["comment", "reply"]
    assert told(filter="stream", order="reverse_chronological") == ["reply", "comment"]


def test_every_answer_carries_use_and_version(simulated):
    headers = get(simulated, PAGE_ID, fields="id,name").headers
    assert PAGE_ID in json.loads(headers["x-business-use-case-usage"])
    assert headers["facebook-api-version"] == "v25.0"


def test_a_dead_version_and_a_dead_token_are_told_apart(simulated):
    assert requests.get(f"{simulated.address}/graph/v3.1/me", headers=TOKEN, timeout=5).status_code == 400
    answer = requests.get(f"{simulated.address}/graph/v25.0/me", headers={"Authorization": "Bearer x"}, timeout=5)
    assert code_of(answer) == (190, 463)


def test_an_unknown_object_is_100_33(simulated):
    assert code_of(get(simulated, "1_2")) == (100, 33)


def test_a_flattened_recipient_is_refused(simulated):
    """What facebook-sdk sends by itself for nested parameters."""
    assert post(simulated, "me/messages", recipient="id", message="text").status_code == 400


@pytest.mark.parametrize(
    ("hours", "tag", "outcome"),
    [
        (23, None, None),
        (25, None, (10, 2018278)),
        (25, "HUMAN_AGENT", None),
        (169, "HUMAN_AGENT", (10, 2018278)),
        (1, "ACCOUNT_UPDATE", (100, None)),
    ],
)
def test_messages_have_their_windows(simulated, hours, tag, outcome):
    incoming = simulated.person_writes("facebook", "hello?")
    simulated.world.shift_clock(hours * 3600)
    recipient, message = json.dumps({"id": incoming.sender.external_id}), json.dumps({"text": "Hi"})
    answer = post(
        simulated, f"{PAGE_ID}/messages", recipient=recipient, message=message, **({"tag": tag} if tag else {})
    )
    assert (answer.status_code == 200) is (outcome is None)
    if outcome:
        assert code_of(answer) == outcome


def test_the_profile_has_its_media_and_not_those_of_others(simulated):
    simulated.world.publish("instagram", simulated.world.brands["instagram"], "ours")
    simulated.person_says("instagram", "theirs")
    media = get(simulated, f"{PROFILE_ID}/media", fields="caption").json()["data"]
    assert [each["caption"] for each in media] == ["ours"]


def test_answers_to_what_was_before_a_restart_arrive_in_the_demo_and_are_nothing_new():
    with simulated_platforms(World(adopts_strangers=True)) as demo:
        demo.person_says("facebook", "a new post")
        demo.person_writes("facebook", "a new message")
        cursors = {stream: collect_all(demo, "facebook", stream)[1] for stream in ("feed", "direct_messages")}
        assert post(demo, "122000000000001_900000000001/comments", message="Sorry!").status_code == 200
        recipient, message = json.dumps({"id": "7000000000000009"}), json.dumps({"text": "Hi"})
        assert post(demo, f"{PAGE_ID}/messages", recipient=recipient, message=message).status_code == 200
        assert post(demo, "17900000000000009/replies", message="Sorry!").status_code == 200
        found = [
            each for stream, cursor in cursors.items() for each in collect_all(demo, "facebook", stream, cursor)[0]
        ]
        assert {each.text for each in found} == {"Sorry!", "Hi"} and all(each.is_own for each in found)
