from datetime import timedelta

import pytest
import requests

from monitor.platforms.times import snowflake_at
from monitor.simulators.world import DEMO_CHANNELS, X_USER_ID, World
from tests.support.simulated import simulated_platforms

TOKEN = {"Authorization": f"Bearer {DEMO_CHANNELS[0]['credentials']['access_token']}"}


def get(simulated, path, **query):
    return requests.get(f"{simulated.address}/x/2/{path}", params=query, headers=TOKEN, timeout=5)


def post(simulated, path, **body):
    return requests.post(f"{simulated.address}/x/2/{path}", json=body, headers=TOKEN, timeout=5)


def mentions(simulated, **query):
    return get(simulated, f"users/{X_USER_ID}/mentions", **query)


def test_ids_are_64_bit_numbers_that_rise(simulated):
    made = [int(simulated.person_says("x", f"@lumora {number}").identifier) for number in range(50)]
    assert made == sorted(set(made)) and all(2**59 < each < 2**63 for each in made)


def test_pages_follow_each_other_by_token_to_the_end(simulated):
    for number in range(12):
        simulated.person_says("x", f"@lumora {number}")
    found, token = [], None
    while True:
        page = mentions(simulated, max_results=5, **({"pagination_token": token} if token else {})).json()
        found += [each["id"] for each in page["data"]]
        token = page["meta"].get("next_token")
        if token is None:
            break
    assert len(found) == len(set(found)) == 12 and found == sorted(found, key=int, reverse=True)


def test_only_the_fields_asked_for_are_told(simulated):
    simulated.person_says("x", "@lumora hello")
    bare = mentions(simulated).json()
    assert set(bare["data"][0]) == {"id", "text", "edit_history_tweet_ids"} and "includes" not in bare
    rich = mentions(simulated, **{"tweet.fields": "author_id,entities", "expansions": "author_id"}).json()
    assert rich["includes"]["users"][0]["username"] == "mara"
    assert rich["data"][0]["entities"]["mentions"][0]["username"] == "lumora"


@pytest.mark.parametrize(
    "query", [{"max_results": 4}, {"max_results": 101}, {"since_id": "x"}, {"pagination_token": "?"}]
)
def test_wrong_parameters_are_a_problem_with_400(simulated, query):
    answer = mentions(simulated, **query)
    assert answer.status_code == 400 and answer.json()["type"].endswith("/problems/invalid-request")


def test_since_id_and_until_id_leave_out_their_own_ids(simulated):
    ids = [simulated.person_says("x", f"@lumora {number}").identifier for number in range(5)]
    page = mentions(simulated, since_id=ids[0], until_id=ids[4]).json()
    assert [each["id"] for each in page["data"]] == ids[3:0:-1]


def test_a_search_does_not_look_back_further_than_a_week(simulated):
    old = str(snowflake_at(simulated.world.now() - timedelta(days=8)))
    assert get(simulated, "tweets/search/recent", query="lumora", since_id=old).status_code == 400
    simulated.person_says("x", "lumora old", at=simulated.world.now() - timedelta(days=8))
    assert get(simulated, "tweets/search/recent", query="lumora").json()["meta"]["result_count"] == 0


def test_a_search_knows_words_phrases_and_minus(simulated):
    for text in ("lumora late again", "late, says lumora", "lumora late again not"):
        simulated.person_says("x", text)
    simulated.world.publish("x", simulated.world.brands["x"], "lumora late again, we are sorry")

    def found(query):
        return {each["text"] for each in get(simulated, "tweets/search/recent", query=query).json().get("data", [])}

    assert found('lumora "late again" -from:lumora') == {"lumora late again", "lumora late again not"}
    assert found('"late again" -not -from:lumora') == {"lumora late again"}


def test_every_answer_tells_where_the_window_stands(simulated):
    headers = mentions(simulated).headers
    assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == ("300", "299")
    assert int(headers["x-rate-limit-reset"]) > simulated.world.now().timestamp()


def test_the_sixteenth_look_at_messages_is_too_many_until_the_window_ends(simulated):
    assert [get(simulated, "dm_events").status_code for _call in range(16)] == [200] * 15 + [429]
    simulated.world.shift_clock(901)
    assert get(simulated, "dm_events").status_code == 200


def test_a_wider_world_allows_more():
    with simulated_platforms(World(limit_scale=100)) as wide:
        assert get(wide, "dm_events").headers["x-rate-limit-limit"] == "1500"


@pytest.mark.parametrize("header", ["", "Bearer wrong", "OAuth oauth_token=x", 'OAuth oauth_signature="x"'])
def test_a_wrong_token_is_unauthorized(simulated, header):
    answer = requests.get(f"{simulated.address}/x/2/users/me", headers={"Authorization": header}, timeout=5)
    assert answer.status_code == 401 and answer.json()["status"] == 401


def test_a_signature_for_another_address_is_refused(simulated):
    import tweepy

    credentials = DEMO_CHANNELS[0]["credentials"]
    auth = tweepy.OAuth1UserHandler(
        credentials["consumer_key"],
        credentials["consumer_secret"],
        credentials["access_token"],
        credentials["access_token_secret"],
    ).apply_auth()
    signed = requests.Request("GET", f"{simulated.address}/x/2/users/me", auth=auth).prepare()
    headers = {"Authorization": signed.headers["Authorization"]}
    assert requests.get(signed.url, headers=headers, timeout=5).status_code == 200
    elsewhere = f"{simulated.address}/x/2/dm_events"
    assert requests.get(elsewhere, headers=headers, timeout=5).status_code == 401


def test_an_unsummoned_reply_is_forbidden_and_a_quote_of_ours_summons(simulated):
    ours = simulated.world.publish("x", simulated.world.brands["x"], "Market week")
    chatter = simulated.person_says("x", "lumora is slow")
    quote = simulated.person_says("x", "see this", handle="tom", quoted_id=ours.identifier)
    reply = {"in_reply_to_tweet_id": chatter.identifier}
    assert post(simulated, "tweets", text="sorry", reply=reply).status_code == 403
    assert post(simulated, "tweets", text="sorry", reply={"in_reply_to_tweet_id": quote.identifier}).status_code == 201


def test_a_long_post_is_cut_and_whole_in_its_note(simulated):
    simulated.person_says("x", "@lumora " + "a < b & c " * 40)
    [told] = mentions(simulated, **{"tweet.fields": "note_tweet"}).json()["data"]
    assert len(told["text"]) == 280 and told["note_tweet"]["text"].count("&lt;") == 40


def test_an_edit_is_a_new_id_with_its_history(simulated):
    entry = simulated.person_says("x", "@lumora helo")
    first = entry.identifier
    simulated.world.edit(first, "@lumora hello")
    [told] = mentions(simulated).json()["data"]
    assert told["text"] == "@lumora hello" and told["edit_history_tweet_ids"] == [first, told["id"]]
    assert told["id"] != first


def test_a_lookup_tells_what_is_missing_beside_what_is_there(simulated):
    entry = simulated.person_says("x", "@lumora a")
    body = get(simulated, "tweets", ids=f"{entry.identifier},5").json()
    assert [each["id"] for each in body["data"]] == [entry.identifier]
    assert body["errors"][0]["resource_id"] == "5"


def test_answers_to_what_was_before_a_restart_find_somebody_only_in_the_demo(simulated):
    reply = {"in_reply_to_tweet_id": "1999999999999999999"}
    assert post(simulated, "tweets", text="hi", reply=reply).status_code == 403
    with simulated_platforms(World(adopts_strangers=True)) as demo:
        assert post(demo, "tweets", text="hi", reply=reply).status_code == 201
        assert post(demo, "dm_conversations/with/1400000000000000009/messages", text="hi").status_code == 201
        recent = str(snowflake_at(demo.world.now() - timedelta(minutes=9)))
        assert "data" not in mentions(demo, since_id=recent).json(), "what was adopted is nothing new"


@pytest.mark.parametrize("standing", ["protected", "suspended"])
def test_a_closed_profile_is_in_no_list_and_refused_in_look_ups(simulated, standing):
    kept = simulated.person_says("x", "@lumora kept", handle="tom")
    closed = simulated.person_says("x", "@lumora closed")
    answer = simulated.person_says("x", "@lumora so true", handle="tom", parent_id=closed.identifier)
    simulated.world.set_standing(closed.author, standing)
    shown = {each["id"] for each in mentions(simulated).json()["data"]}
    assert shown == {kept.identifier, answer.identifier}
    found = {each["id"] for each in get(simulated, "tweets/search/recent", query="lumora").json()["data"]}
    assert closed.identifier not in found
    page = get(simulated, "tweets", ids=f"{kept.identifier},{closed.identifier}").json()
    assert [each["id"] for each in page["data"]] == [kept.identifier]
    [error] = page["errors"]
    # X says the same of both, and names no author.
    assert (error["title"], error["resource_id"]) == ("Authorization Error", closed.identifier)
    assert error["type"].endswith("/not-authorized-for-resource")
    assert closed.author.external_id not in str(error)
    beside = get(simulated, "tweets", ids=answer.identifier, expansions="referenced_tweets.id").json()
    assert beside["errors"][0]["type"].endswith("/not-authorized-for-resource")
    refused = post(simulated, "tweets", text="hello", reply={"in_reply_to_tweet_id": closed.identifier})
    assert refused.status_code == 403


def test_a_look_up_of_people_tells_private_from_suspended(simulated):
    people = [simulated.person_says("x", "@lumora", handle=handle).author for handle in ("mara", "tom", "ivo")]
    for person, standing in zip(people, ("protected", "suspended", ""), strict=True):
        simulated.world.set_standing(person, standing)
    ids = ",".join(person.external_id for person in people)
    page = get(simulated, "users", ids=ids, **{"user.fields": "protected"}).json()
    assert [(each["username"], each["protected"]) for each in page["data"]] == [("mara", True), ("ivo", False)]
    assert [error["detail"] for error in page["errors"]] == [f"User has been suspended: [{people[1].external_id}]."]


def test_a_profile_that_is_opened_again_is_as_it_was(simulated):
    entry = simulated.person_says("x", "@lumora closed")
    for standing in ("suspended", ""):
        simulated.world.set_standing(entry.author, standing)
    assert get(simulated, "tweets", ids=entry.identifier).json()["data"][0]["text"] == "@lumora closed"
