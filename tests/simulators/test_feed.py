import requests

from monitor.simulators.feed_facts import CREDENTIALS

LOGIN = (CREDENTIALS["username"], CREDENTIALS["password"])
REVIEWS = "us/rss/customerreviews/id=1503811200/sortby=mostrecent/xml"


def get(simulated, path="latest.atom", login=LOGIN, **headers):
    return requests.get(f"{simulated.address}/feed/{path}", headers=headers, auth=login, timeout=5)


def test_the_forum_wants_a_login_and_the_store_does_not(simulated):
    for login in (None, ("simulated-reader", "wrong")):
        answer = get(simulated, login=login)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic")
    assert get(simulated).status_code == get(simulated, REVIEWS, login=None).status_code == 200


def test_validators_are_stable_and_answered_with_304(simulated):
    simulated.person_says("feed", "hello")
    first = get(simulated)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    assert get(simulated).headers["etag"] == etag
    again = get(simulated, **{"If-None-Match": etag})
    assert again.status_code == 304 and again.content == b""
    assert get(simulated, **{"If-Modified-Since": modified}).status_code == 304
    simulated.world.shift_clock(2)
    simulated.person_says("feed", "again")
    assert get(simulated, **{"If-None-Match": etag, "If-Modified-Since": modified}).status_code == 200


def test_pages_follow_each_other(simulated):
    for number in range(35):
        simulated.person_says("feed", f"post {number}")
    first, second = get(simulated).text, get(simulated, "latest.atom?page=2").text
    assert first.count("<entry>") == 30 and 'rel="next"' in first
    assert second.count("<entry>") == 5 and 'rel="next"' not in second
    assert get(simulated, "latest.atom?page=x").status_code == 404


def test_reviews_and_topics_are_two_feeds(simulated):
    simulated.person_says("feed", "one star", rating=1)
    simulated.person_says("feed", "a topic")
    assert "<im:rating>1</im:rating>" in get(simulated, REVIEWS).text and "a topic" not in get(simulated, REVIEWS).text
    assert "one star" not in get(simulated).text


def test_a_deleted_topic_leaves_a_tombstone(simulated):
    entry = simulated.person_says("feed", "I regret this")
    simulated.world.delete(entry.identifier)
    told = get(simulated).text
    assert "I regret this" not in told and f'<at:deleted-entry ref="{entry.identifier}"' in told


def test_who_reads_too_often_is_told_when_to_come_back(simulated):
    assert {get(simulated).status_code for _call in range(120)} == {200}
    refused = get(simulated)
    assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 900
    simulated.world.shift_clock(901)
    assert get(simulated).status_code == 200


def test_nothing_can_be_written(simulated):
    assert requests.post(f"{simulated.address}/feed/latest.atom", auth=LOGIN, timeout=5).status_code == 405
