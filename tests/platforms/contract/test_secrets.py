"""No token, secret, address with a query or post text may leave a connector, whatever goes wrong."""

import logging
import traceback
from typing import Any

import pytest

from monitor.platforms.base import ChannelContext, SendRequest
from monitor.platforms.errors import PlatformError
from monitor.simulators.faults import KINDS
from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene

# Every fault that the simulated platforms know.
FAULTS = KINDS
WORDS = "my very private answer"


def everything_in(failure: BaseException) -> tuple[str, int]:
    seen: list[BaseException] = []
    parts: list[str] = []
    error: BaseException | None = failure
    while error is not None and error not in seen:
        seen.append(error)
        parts += [*traceback.format_exception(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return "\n".join(parts), len(seen)


def canaries_of(context: ChannelContext) -> list[str]:
    return [
        value for name, value in context.credentials.items() if name not in ("page_id", "consumer_key", "identifier")
    ]


@rule(37)
@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_tells_no_secret(scene: Scene, caplog: pytest.LogCaptureFixture, fault: str, is_write: bool) -> None:
    caplog.set_level(logging.DEBUG)
    context = scene.simulated.context(scene.code)
    body = {"error": {"code": 1, "message": WORDS}, "errors": [{"message": WORDS}], "detail": WORDS}
    settings: dict[str, dict[str, Any]] = {"status": {"status": 500, "body": body}, "slow": {"seconds": 1.2}}
    entry = scene.says("hello")
    scene.simulated.add_fault(fault, **settings.get(fault, {}))
    connector = scene.simulated.connect(scene.code, read_seconds=0.25)
    with pytest.raises(PlatformError) as caught:
        if is_write:
            connector.send(SendRequest("reply", WORDS, target_id=entry.identifier))
        else:
            connector.collect(scene.stream, {})
    text, links = everything_in(caught.value)
    for canary in [*canaries_of(context), WORDS, "access_token=", "appsecret_proof="]:
        assert canary not in caplog.text
        assert canary not in text
    assert links == 1, "the library's own exception is chained: it holds the request"


@rule(37)
def test_no_secret_is_in_an_address(scene: Scene) -> None:
    """The simulator leaves secrets out of what it notes by name; what is left must hold none by value."""
    scene.says("hello")
    connector = scene.simulated.connect(scene.code)
    connector.collect(scene.stream, {})
    connector.check()
    assert not [
        canary for canary in canaries_of(scene.simulated.context(scene.code)) if canary in repr(scene.world.calls)
    ]
    assert not any("access_token" in name for call in scene.world.calls for name in call["sent"].split())


def test_the_libraries_that_log_secrets_are_kept_quiet() -> None:
    import monitor.platforms.transport  # noqa: F401

    logging.getLogger().setLevel(logging.DEBUG)
    try:
        for name in ("tweepy.client", "oauthlib.oauth1", "requests_oauthlib", "urllib3.connectionpool"):
            assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
    finally:
        logging.getLogger().setLevel(logging.WARNING)
