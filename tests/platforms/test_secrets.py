"""No token, secret, address with a query or post text may leave a connector, whatever goes wrong."""

import logging
import traceback

import pytest

from monitor.platforms.base import SendRequest
from monitor.platforms.errors import PlatformError
from monitor.simulators.faults import KINDS

# Every fault that the simulated platforms know.
FAULTS = KINDS
STREAMS = {
    "x": "mentions", "facebook": "feed", "instagram": "comments", "mastodon": "mentions", "bluesky": "mentions",
    "feed": "entries",
}  # fmt: skip
WORDS = "my very private answer"


def everything_in(error):
    seen, parts = [], []
    while error is not None and error not in seen:
        seen.append(error)
        parts += [*traceback.format_exception(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(parts), len(seen)


def canaries_of(context):
    return [
        value for name, value in context.credentials.items() if name not in ("page_id", "consumer_key", "identifier")
    ]


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("platform", list(STREAMS))
def test_a_failure_tells_no_secret(simulated, caplog, platform, fault, is_write):
    caplog.set_level(logging.DEBUG)
    context = simulated.context(platform)
    body = {"error": {"code": 1, "message": WORDS}, "errors": [{"message": WORDS}], "detail": WORDS}
    options = {"status": 500, "body": body} if fault == "status" else {"seconds": 1.2} if fault == "slow" else {}
    entry = simulated.person_says(platform, "@lumora hello")
    simulated.add_fault(fault, **options)
    connector = simulated.connect(platform, read_seconds=0.25)
    with pytest.raises(PlatformError) as caught:
        if is_write:
            connector.send(SendRequest("reply", WORDS, target_id=entry.identifier))
        else:
            connector.collect(STREAMS[platform], {})
    text, links = everything_in(caught.value)
    for canary in [*canaries_of(context), WORDS, "access_token=", "appsecret_proof="]:
        assert canary not in caplog.text
        assert canary not in text
    assert links == 1, "the library's own exception is chained: it holds the request"


@pytest.mark.parametrize("platform", list(STREAMS))
def test_no_secret_is_in_an_address(simulated, platform):
    """The simulator leaves secrets out of what it notes by name; what is left must hold none by value."""
    simulated.person_says(platform, "@lumora hello")
    connector = simulated.connect(platform)
    connector.collect(STREAMS[platform], {})
    connector.check()
    for canary in canaries_of(simulated.context(platform)):
        assert canary not in repr(simulated.world.calls)
    assert not any("access_token" in name for call in simulated.world.calls for name in call["sent"].split())


def test_the_libraries_that_log_secrets_are_kept_quiet():
    import monitor.platforms.transport  # noqa: F401

    logging.getLogger().setLevel(logging.DEBUG)
    try:
        for name in ("tweepy.client", "oauthlib.oauth1", "requests_oauthlib", "urllib3.connectionpool"):
            assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
    finally:
        logging.getLogger().setLevel(logging.WARNING)
