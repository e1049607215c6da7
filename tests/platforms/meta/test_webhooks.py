import hashlib
import hmac
import json

import pytest

from monitor.platforms.meta.webhooks import answer_handshake, platform_of, split, verify_signature

SECRET = "made-up-app-secret"


def sign(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_challenge_is_echoed_to_who_knows_the_token():
    query = {"hub.mode": "subscribe", "hub.verify_token": "let me in", "hub.challenge": "1158201444"}
    assert answer_handshake("let me in", query) == "1158201444"
    assert answer_handshake(["old", "let me in"], query) == "1158201444"
    assert answer_handshake("other", query) is None
    assert answer_handshake([], query) is None
    assert answer_handshake("", {**query, "hub.verify_token": ""}) is None
    assert answer_handshake("let me in", {**query, "hub.mode": "unsubscribe"}) is None


def test_the_signature_covers_the_raw_bytes():
    body = b'{"object":"page","entry":[{"message":"\\u00e4\\u00f6"}]}'
    assert verify_signature(SECRET, body, sign(body))
    assert not verify_signature(SECRET, json.dumps(json.loads(body), ensure_ascii=False).encode(), sign(body))
    assert not verify_signature(SECRET, body, sign(body, "other"))
    assert not verify_signature(SECRET, body, None)
    assert not verify_signature(SECRET, body, "sha1=" + sign(body)[7:])
    assert verify_signature(["new", SECRET], body, sign(body))


def test_a_batch_is_split_into_updates_with_their_owner():
    change = {"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "9_1", "from": {"id": 7001}}}
    event = {"sender": {"id": 7001}, "recipient": {"id": 600100}, "message": {"mid": "m_1", "text": "x"}}
    body = {
        "object": "page",
        "entry": [
            {"id": 600100, "time": 5, "changes": [change, change]},
            {"id": "600200", "time": 6, "messaging": [event], "standby": [event]},
        ],
    }
    updates = split(body)
    assert [owner for owner, _update in updates] == ["600100", "600100", "600200", "600200"]
    assert [update.external_id for _owner, update in updates] == ["9_1", "9_1", "m_1", "m_1"]
    assert updates[0][1].author_ids == ("7001",)
    assert updates[0][1].body["time"] == 5
    assert "is_standby" not in updates[2][1].body and updates[3][1].body["is_standby"]


def test_a_thousand_updates_are_a_thousand_updates():
    changes = [{"field": "feed", "value": {"comment_id": f"9_{number}"}} for number in range(1000)]
    assert len({update.external_id for _owner, update in split({"entry": [{"id": "1", "changes": changes}]})}) == 1000


def test_one_odd_entry_does_not_lose_the_others():
    good = {"field": "feed", "value": {"comment_id": "9_1"}}
    body = {
        "entry": [{"id": "1", "changes": [{"field": "feed", "value": 5}, "x", good], "messaging": [{"message": 5}]}]
    }
    assert [update.external_id for _owner, update in split(body)] == ["", "9_1", ""]


@pytest.mark.parametrize(
    ("body", "platform"),
    [({"object": "page"}, "facebook"), ({"object": "instagram"}, "instagram"), ({"object": "user"}, "")],
)
def test_the_object_tells_the_platform(body, platform):
    assert platform_of(body) == platform
