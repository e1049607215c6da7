"""The rules that every connector keeps, and the decorator with which a test asks one of every platform.

`exemptions.py` says which platform has no use for a rule; `test_every_rule.py` proves that each other pair is asked.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from monitor.platforms.registry import platform_codes
from tests.platforms.exemptions import does_not_apply

RULES = {
    1: "the place in a stream is stored in the transaction that stores what it has passed",
    2: "a little before the last place is read again: what becomes visible late is found",
    3: "the same thing delivered again is one post, one case, one acknowledgement",
    4: "pages are read to the end, a bounded number at a time, empty ones in between too",
    5: "what comes newest first does not move the place until the whole backlog is read",
    6: "an outage longer than the platform remembers is a gap that people see",
    7: "a rate limit waits until the platform says, without a sleep and without stopping others",
    8: "Meta's throttle waits as many minutes as Meta says, and calls slow down before it",
    9: "what is missing in an answer does not lose the rest of it",
    10: "a dead token is tried once, told once, and stops the polling",
    11: "permission, login, window and unreachable people are told apart",
    12: "access that ends is renewed by one worker, kept before it is used, and given up where it cannot be renewed",
    13: "deleted posts lose their words, keep their skeleton, and do not come back",
    14: "an edit is the same post and the same case",
    15: "what is answered or quoted is known, or known to be missing",
    16: "what the brand says itself opens no case",
    17: "reposts collapse, quotes are posts",
    18: "who has not summoned us is not answered through the API",
    19: "an answer is sent once, whatever becomes of the connection",
    20: "a refusal as a duplicate means: perhaps said already",
    21: "windows are counted at the time of sending, from what the person wrote last",
    22: "an acknowledgement goes to people who wrote in private, once",
    23: "the word that asks for silence is heard at once",
    24: "times are aware, in UTC, and those of the platform",
    25: "media keep kind, address and description; a message of media alone opens an item",
    26: "long posts are read whole",
    27: "both dialects of X are one",
    28: "an answer that is too long is refused before it is sent",
    29: "words are stored as they were written",
    30: "ids are text from end to end",
    31: "only what is signed over the raw bytes is taken, and it is answered before any work",
    32: "handshakes are answered in the platform's way",
    33: "what nobody knows is kept, counted and ignored",
    34: "what is pushed and polled is one post, whichever came first",
    35: "all workers together keep the allowance",
    36: "reads stop at the day's money before sends do, and links are priced",
    37: "no secret and no post text is in a log, an exception or an address",
    38: "a server that hangs is given up",
    39: "published specifications are kept",
}
#: Rules that hold published or recorded material against us: asked where that lies, by `make conformance`.
IN_CONFORMANCE = {
    28: ("tests/conformance/test_lengths.py",),
    39: ("tests/conformance/test_x_prism.py", "tests/conformance/test_meta_payloads.py"),
}

#: (rule, platform) -> the names of the tests that ask it.
ASKED: dict[tuple[int, str], list[str]] = {}
TESTS: list[Callable[..., Any]] = []

Test = TypeVar("Test", bound=Callable[..., Any])


def rule(*numbers: int, where: Callable[[str], bool] = lambda code: True) -> Callable[[Test], Test]:
    """The test is given the `code` of each platform for which all these rules hold and `where` it can be asked."""

    def ask(test: Test) -> Test:
        holds = [code for code in platform_codes() if not any(does_not_apply(code, number) for number in numbers)]
        codes = [code for code in holds if where(code)]
        TESTS.append(test)
        for number in numbers:
            for code in codes:
                ASKED.setdefault((number, code), []).append(f"{test.__module__}.{test.__name__}")
        return pytest.mark.parametrize("code", codes)(test)

    return ask
