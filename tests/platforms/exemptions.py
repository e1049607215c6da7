"""Which rules of the connector contract a platform has no use for, and why. Numbers are those of the contract's list.

A rule that is not listed here holds. The tests of the contract ask `does_not_apply`; nothing is skipped silently.
"""

_NO_WRITES = "a feed can only be read: answers are tasks with a link to the entry"
_NO_MESSAGES = "a feed has no private messages"
_NO_WEBHOOKS = "a feed is only polled; WebSub is not spoken"
_POLLED = "the network is only polled, nothing is pushed"

EXEMPT: dict[str, dict[int, str]] = {
    "feed": {
        8: "Meta's own throttle",
        9: "a document comes whole or not at all",
        12: "a feed has no OAuth; its login does not change by itself",
        15: "an entry names its parent by id and quotes nobody by reference",
        17: "a feed knows no reposts and no quotes",
        18: "nobody is summoned: there is no reply through an API",
        19: _NO_WRITES,
        20: _NO_WRITES,
        21: _NO_MESSAGES,
        22: _NO_MESSAGES,
        23: _NO_MESSAGES,
        26: "an entry's words come whole",
        27: "the two dialects are X's",
        28: _NO_WRITES,
        31: _NO_WEBHOOKS,
        32: _NO_WEBHOOKS,
        34: _NO_WEBHOOKS,
        36: "reading a feed costs nothing",
        39: "the published specifications in question are X's and Meta's",
    },
    "mastodon": {
        5: "pages are read upwards, each one can be stored at once",
        6: "the lists name no horizon",
        8: "Meta's own throttle",
        12: "the token of an application is not renewed",
        18: "anybody may be answered without a summons",
        20: "an idempotency key takes the place of a refusal",
        21: "direct messages have no window",
        27: "the two dialects are X's",
        28: "the limits of length are X's own count",
        31: _POLLED,
        32: _POLLED,
        34: _POLLED,
        36: "reading and writing cost nothing",
        39: "the published specifications in question are X's and Meta's",
    },
    "bluesky": {
        6: "the lists name no horizon",
        8: "Meta's own throttle",
        14: "posts are never edited",
        18: "anybody may be answered without a summons",
        21: "direct messages have no window",
        26: "every post comes with all its words",
        27: "the two dialects are X's",
        31: _POLLED,
        32: _POLLED,
        34: _POLLED,
        36: "reading and writing cost nothing",
        39: "the published specifications in question are X's and Meta's",
    },
}
RULES = range(1, 40)


def does_not_apply(code: str, rule: int) -> str:
    """The reason; "" where the rule holds."""
    return EXEMPT.get(code, {}).get(rule, "")
