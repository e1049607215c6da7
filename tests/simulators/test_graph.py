import json

import pytest
import requests

from monitor.simulators.graph_facts import APP_ID
from monitor.simulators.graph_fields import Field, FieldSyntaxError, parse_fields
from monitor.simulators.world import APP_SECRET, DEMO_CHANNELS, PAGE_ID, PROFILE_ID, World
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


def test_each_list_of_a_page_shows_its_own(simulated):
    for kind in ("", "tagged", "review", "ad", "promoted"):
        simulated.person_says("facebook", f"of kind {kind}", kind=kind, rating=2)

    def shown(edge, field="message"):
        rows = get(simulated, f"{PAGE_ID}/{edge}", fields=field).json()["data"]
        return {row[field].removeprefix("of kind ") for row in rows}

    assert shown("feed") == {"", "promoted"}
    assert shown("visitor_posts") == {""}
    assert shown("ads_posts") == {"ad", "promoted"}
    assert shown("tagged") == {"tagged"}
    assert shown("ratings", "review_text") == {"review"}


def test_of_who_tags_a_page_nothing_is_told(simulated):
    entry = simulated.person_says("facebook", "@lumora look", kind="tagged")
    [row] = get(simulated, f"{PAGE_ID}/tagged", fields="id,message,from").json()["data"]
    assert row == {"id": entry.identifier, "message": "@lumora look"}
    assert code_of(get(simulated, entry.identifier, fields="message")) == (100, 33)


def test_many_nodes_in_one_call_fail_together(simulated):
    ids = [simulated.person_says("facebook", f"post {number}").identifier for number in range(3)]
    told = get(simulated, "", ids=",".join(ids), fields="message").json()
    assert [told[each]["message"] for each in ids] == ["post 0", "post 1", "post 2"]
    simulated.world.delete(ids[1])
    assert code_of(get(simulated, "", ids=",".join(ids), fields="message")) == (100, 33)
    assert get(simulated, "", ids=",".join(["1"] * 51)).status_code == 400


def test_a_batch_answers_each_question(simulated):
    kept, gone = (simulated.person_says("facebook", text).identifier for text in ("kept", "gone"))
    simulated.world.delete(gone)
    asked = [{"method": "GET", "relative_url": f"{each}?fields=message"} for each in (kept, gone)]
    answers = post(simulated, "", batch=json.dumps(asked)).json()
    assert [each["code"] for each in answers] == [200, 400]
    assert json.loads(answers[0]["body"])["message"] == "kept"
    assert json.loads(answers[1]["body"])["error"]["error_subcode"] == 33


def test_a_token_is_explained_to_its_app_only(simulated):
    token = TOKEN["Authorization"].removeprefix("Bearer ")
    question = {"method": "get", "input_token": token}
    assert code_of(post(simulated, "debug_token", **question)) == (100, None)
    address, as_app = f"{simulated.address}/graph/v25.0/debug_token", {"Authorization": f"Bearer {APP_ID}|{APP_SECRET}"}
    told = requests.post(address, data=question, headers=as_app, timeout=5).json()["data"]
    assert told["is_valid"] and told["app_id"] == APP_ID and "pages_messaging" in told["scopes"]
    other = requests.post(address, data={**question, "input_token": "x"}, headers=as_app, timeout=5).json()["data"]
    assert not other["is_valid"]
    simulated.world.is_revoked = True
    assert not requests.post(address, data=question, headers=as_app, timeout=5).json()["data"]["is_valid"]


def test_unknown_webhook_fields_are_refused(simulated):
    assert code_of(post(simulated, f"{PAGE_ID}/subscribed_apps", subscribed_fields="feed,telepathy")) == (100, None)
    assert post(simulated, f"{PAGE_ID}/subscribed_apps", subscribed_fields="feed").json() == {"success": True}
    [app] = get(simulated, f"{PAGE_ID}/subscribed_apps").json()["data"]
    assert (app["id"], app["subscribed_fields"]) == (APP_ID, ["feed"])


def test_use_rises_with_the_calls_and_ends_in_a_refusal_that_names_minutes(simulated):
    simulated.world.graph.allowance = 4

    def usage(answer):
        return json.loads(answer.headers["x-business-use-case-usage"])[PAGE_ID][0]

    answers = [get(simulated, PAGE_ID, fields="id") for _ in range(5)]
    assert [usage(answer)["call_count"] for answer in answers] == [25, 50, 75, 100, 100]
    assert code_of(answers[4]) == (80001, None) and 0 < usage(answers[4])["estimated_time_to_regain_access"] <= 60
    simulated.world.shift_clock(3_700)
    assert get(simulated, PAGE_ID, fields="id").status_code == 200


def test_media_of_others_is_shown_through_our_own_profile_only(simulated):
    root = simulated.person_says("instagram", "my shelf")
    comment = simulated.person_says("instagram", "@lumora?", handle="tom", parent_id=root.identifier)
    assert code_of(get(simulated, comment.identifier, fields="text")) == (100, 33)
    field = f"mentioned_comment.comment_id({comment.identifier}){{id,text}}"
    assert get(simulated, PROFILE_ID, fields=field).json()["mentioned_comment"]["text"] == "@lumora?"
    assert code_of(post(simulated, f"{comment.identifier}/replies", message="Ours!")) == (100, 33)
    ids = {"media_id": root.identifier, "comment_id": comment.identifier}
    made = post(simulated, f"{PROFILE_ID}/mentions", message="Ours!", **ids).json()["id"]
    assert simulated.world.entries[made].parent_id == comment.identifier
