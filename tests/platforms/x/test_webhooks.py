import base64
import hashlib
import hmac
import json

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost
from monitor.platforms.x import PLATFORM
from monitor.platforms.x.webhooks import EVERYBODY, crc_response, split, verify_signature

SECRET = "made-up-secret"
US = ChannelContext(1, "account", "900100", "lumora", {}, "")


def sign(body, secret=SECRET):
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def events_of(body):
    return [(owner, event) for owner, update in split(body) for event in PLATFORM.normalize(update, US)]


def test_the_crc_answer_is_the_digest_of_the_token():
    # Computed once with `printf %s tok/en+1 | openssl dgst -sha256 -hmac made-up-secret -binary | base64`.
    assert crc_response(SECRET, "tok/en+1") == {"response_token": "sha256=85iDFeYY51VJE/mk/JtjKzO2UqT/CHDk+d/RSBhCRQg="}


def test_a_right_signature_is_accepted_over_the_raw_bytes():
    body = b'{"text": "caf\\u00e9"}'
    assert verify_signature(SECRET, body, sign(body))
    assert not verify_signature(SECRET, json.dumps(json.loads(body), ensure_ascii=False).encode(), sign(body))


def test_any_changed_byte_breaks_the_signature():
    body = b'{"for_user_id":"1"}'
    header = sign(body)
    for at in range(len(body)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert not verify_signature(SECRET, changed, header)


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha1=abc", "sha256=é", "sha256=" + "A" * 44])
def test_a_missing_or_foreign_signature_is_refused(header):
    assert not verify_signature(SECRET, b"{}", header)


def test_the_old_secret_counts_while_it_is_being_replaced():
    assert verify_signature(["new-secret", SECRET], b"{}", sign(b"{}"))
    assert not verify_signature([], b"{}", sign(b"{}"))


def test_an_empty_secret_lets_nobody_sign():
    assert not verify_signature("", b"{}", sign(b"{}", secret=""))
    assert not verify_signature([""], b"{}", sign(b"{}", secret=""))


def activity(kind, payload, **includes):
    event = {"event_uuid": "-5", "filter": {"user_id": "900100"}, "event_type": kind, "payload": payload}
    return {"data": {**event, "includes": includes}}


POST = {
    "id": "2090000000000000111",
    "text": "hey @lumora",
    "author_id": "77",
    "created_at": "2026-08-12T18:00:00.000Z",
    "entities": {"mentions": [{"start": 4, "end": 11, "username": "lumora", "id": "900100"}]},
}


def test_a_mention_event_is_a_post_with_its_author():
    body = activity("post.mention.create", POST, users=[{"id": "77", "username": "mara", "name": "Mara"}])
    [(owner, post)] = events_of(body)
    assert owner == "900100" and isinstance(post, IncomingPost)
    assert post.mentions_us and post.author.handle == "mara"


def test_a_quote_event_is_a_quote_of_ours_even_without_the_quoted_post():
    quote = {**POST, "entities": {}, "text": "look", "referenced_tweets": [{"type": "quoted", "id": "5"}]}
    [(_owner, post)] = events_of(activity("post.quote.create", quote))
    assert post.form == "quote" and post.quotes_us and not post.mentions_us


def test_the_same_post_by_webhook_and_by_poll_has_the_same_identity(simulated):
    entry = simulated.person_says("x", "@lumora hello")
    batch = simulated.connect("x").collect("mentions", {})
    polled = PLATFORM.normalize(batch.updates[0], simulated.context("x"))[0]
    user_id = simulated.context("x").external_id
    pushed_body = {**POST, "id": entry.identifier, "conversation_id": entry.identifier}
    body = activity("post.mention.create", pushed_body)
    body["data"]["filter"]["user_id"] = user_id
    [(owner, update)] = split(body)
    pushed = PLATFORM.normalize(update, simulated.context("x"))[0]
    assert owner == user_id
    assert (pushed.external_id, pushed.conversation_id) == (polled.external_id, polled.conversation_id)


def test_a_deletion_event_is_a_deletion():
    [(_owner, event)] = events_of(activity("post.delete", {"id": "5", "author_id": "77"}))
    assert event == IncomingDeletion("x", "5")


def test_a_message_event_is_a_message_with_a_wrapped_user():
    message = {
        "type": "message_create",
        "id": "31",
        "created_timestamp": "1784928224372",
        "message_create": {
            "sender_id": "77",
            "target": {"recipient_id": "900100"},
            "message_data": {"text": "hello"},
        },
    }
    users = {"77": {"data": {"id": "77", "username": "mara", "name": "Mara"}}}
    [(owner, post)] = events_of(activity("dm.received", {"direct_message_events": [message], "users": users}))
    assert owner == "900100" and post.form == "direct_message"
    assert (post.conversation_id, post.author.name) == ("77-900100", "Mara")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("chat.received", "encrypted_chat"),
        ("oauth.revoke", "authorization_revoked"),
        ("follow.follow", "event_ignored"),
    ],
)
def test_what_is_no_post_is_noticed(kind, code):
    [(owner, event)] = events_of(activity(kind, {"user_id": "900100"}))
    assert owner == "900100" and isinstance(event, IncomingNotice) and event.code == code


def test_a_revocation_without_a_filter_still_finds_its_channel():
    body = {"data": {"event_uuid": "1", "filter": {}, "event_type": "oauth.revoke", "payload": {"user_id": "900100"}}}
    assert [owner for owner, _event in events_of(body)] == ["900100"]


def test_account_activity_carries_several_kinds_at_once():
    status = {"id_str": "41", "text": "@lumora hi", "user": {"id_str": "77", "screen_name": "mara"}}
    body = {
        "for_user_id": "900100",
        "tweet_create_events": [status, {**status, "id_str": "42"}],
        "tweet_delete_events": [{"status": {"id": "40", "user_id": "77"}, "timestamp_ms": "1432228155593"}],
    }
    owners, events = zip(*events_of(body), strict=True)
    assert set(owners) == {"900100"}
    assert [getattr(event, "external_id", "") for event in events] == ["41", "42", "40"]


@pytest.mark.parametrize("body", [{}, {"for_user_id": "1", "new_events": []}, {"data": {}}])
def test_unknown_deliveries_are_counted_as_ignored(body):
    assert [event.code for _owner, event in events_of(body)] == ["event_ignored"]


MOMENT = "2026-11-20T10:00:00.000Z"


def of_user(name, **more):
    return {"data": {name: {"user": {"id": "77"}, "event_at": MOMENT, **more}}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (of_user("user_protect"), "protected"),
        (of_user("user_suspend"), "suspended"),
        (of_user("user_delete"), "deleted"),
        (of_user("user_withheld", withheld_in_countries=["XY"]), "withheld"),
    ],
)
def test_a_compliance_event_of_a_person_takes_all_that_they_showed(body, reason):
    [(owner, event)] = events_of(body)
    assert owner == EVERYBODY
    assert event == IncomingDeletion("x", "", reason, event.deleted_at, takes_author=True, author_id="77")
    assert event.deleted_at.isoformat() == "2026-11-20T10:00:00+00:00"


@pytest.mark.parametrize(("name", "reason"), [("delete", "deleted"), ("drop", "withheld")])
@pytest.mark.parametrize("thing", ["tweet", "post"])
def test_a_compliance_event_of_a_post_takes_that_post(name, reason, thing):
    body = {"data": {name: {thing: {"id": "5", "author_id": "77"}, "event_at": MOMENT}}}
    [(owner, event)] = events_of(body)
    assert (owner, event.external_id, event.reason, event.takes_author) == (EVERYBODY, "5", reason, False)


@pytest.mark.parametrize(
    "body",
    [
        of_user("user_unprotect"),
        of_user("user_unsuspend"),
        of_user("user_undelete"),
        of_user("user_withheld", withheld_in_countries=["DE", "FR"]),
        {"data": {"undrop": {"tweet": {"id": "5"}, "event_at": MOMENT}}},
    ],
)
def test_what_opens_a_profile_or_closes_it_somewhere_takes_nothing(body):
    [(_owner, event)] = events_of(body)
    assert event == IncomingNotice("event_ignored", {"kind": next(iter(body["data"]))})
