"""Everything that we ask X for is in X's published specification, in the dialect that tweepy speaks."""

import json

import pytest

from monitor.platforms.x import connector, push

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def specification(platform_data):
    return json.loads((platform_data / "x-openapi" / "x-openapi-2.166-tweet-dialect.json").read_text())


@pytest.mark.parametrize(
    ("parameter", "ours"),
    [
        ("TweetFieldsParameter", connector.TWEET_FIELDS),
        ("UserFieldsParameter", connector.USER_FIELDS),
        ("MediaFieldsParameter", connector.MEDIA_FIELDS),
        ("PlaceFieldsParameter", connector.PLACE_FIELDS),
        ("DmEventFieldsParameter", connector.DM_FIELDS),
        ("TweetExpansionsParameter", connector.EXPANSIONS),
        ("DmEventExpansionsParameter", connector.MESSAGE_OPTIONS["expansions"]),
    ],
)
def test_every_field_that_we_ask_for_exists(specification, parameter, ours):
    known = specification["components"]["parameters"][parameter]["schema"]["items"]["enum"]
    assert set(ours) <= set(known)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/2/users/me", "get"),
        ("/2/users/{id}/mentions", "get"),
        ("/2/users/{id}/tweets", "get"),
        ("/2/tweets/search/recent", "get"),
        ("/2/tweets", "get"),
        ("/2/tweets", "post"),
        ("/2/dm_events", "get"),
        ("/2/dm_conversations/with/{participant_id}/messages", "post"),
        ("/2/dm_conversations/{dm_conversation_id}/messages", "post"),
        ("/2/dm_conversations/with/{participant_id}/dm_events", "get"),
        ("/2/webhooks", "get"),
        ("/2/webhooks", "post"),
        ("/2/webhooks/{webhook_id}", "put"),
        ("/2/webhooks/replay", "post"),
        ("/2/activity/subscriptions", "get"),
        ("/2/activity/subscriptions", "post"),
        ("/2/activity/subscriptions/{subscription_id}", "put"),
        ("/2/account_activity/webhooks/{webhook_id}/subscriptions/all", "get"),
        ("/2/account_activity/webhooks/{webhook_id}/subscriptions/all", "post"),
        ("/2/usage/tweets", "get"),
    ],
)
def test_every_address_that_we_call_exists(specification, path, method):
    assert method in specification["paths"][path]


def test_the_events_that_we_need_can_be_subscribed_to(specification):
    request = specification["components"]["schemas"]["ActivitySubscriptionCreateRequest"]
    text = json.dumps(request["properties"]["event_type"])
    reference = request["properties"]["event_type"].get("$ref", "")
    known = specification["components"]["schemas"][reference.rpartition("/")[2]]["enum"] if reference else text
    assert [event for event in push.NEEDED_EVENTS if event not in known] == []
