"""Which rules of the connector contract a platform has no use for, and why. Numbers are those of `contract/rules.py`.

A rule that is not listed here holds. The tests of the contract ask `does_not_apply`; nothing is skipped silently.
"""

_NO_WRITES = "a feed can only be read: answers are tasks with a link to the entry"
_NO_MESSAGES = "a feed has no private messages"
_NO_WEBHOOKS = "a feed is only polled; WebSub is not spoken"
_POLLED = "the network is only polled, nothing is pushed"
_META_ONLY = "Meta's own throttle"
_X_ONLY = "the two dialects are X's"
_NO_SUMMONS = "anybody may be answered without a summons"
_FREE = "reading and writing cost nothing"
_OTHER_SPECIFICATIONS = "the published specifications in question are X's and Meta's"
_NO_HORIZON = "the lists name no horizon: after years everything is still read (test_media.py proves it)"
_SHARES = "neither comments nor messages can be reposts or quotes of posts"

EXEMPT: dict[str, dict[int, str]] = {
    "x": {
        8: _META_ONLY,
        21: "direct messages have no window",
    },
    "facebook": {
        17: _SHARES,
        18: _NO_SUMMONS,
        27: _X_ONLY,
        36: _FREE,
    },
    "instagram": {
        17: _SHARES,
        18: _NO_SUMMONS,
        27: _X_ONLY,
        36: _FREE,
    },
    "feed": {
        8: _META_ONLY,
        12: "a feed has no OAuth; its login does not change by itself",
        17: "a feed knows no reposts and no quotes",
        18: "nobody is summoned: there is no reply through an API",
        19: _NO_WRITES,
        20: _NO_WRITES,
        21: _NO_MESSAGES,
        22: _NO_MESSAGES,
        23: _NO_MESSAGES,
        27: _X_ONLY,
        28: _NO_WRITES,
        31: _NO_WEBHOOKS,
        32: _NO_WEBHOOKS,
        34: _NO_WEBHOOKS,
        36: "reading a feed costs nothing",
        39: _OTHER_SPECIFICATIONS,
    },
    "mastodon": {
        6: _NO_HORIZON,
        8: _META_ONLY,
        18: _NO_SUMMONS,
        21: "direct messages have no window",
        27: _X_ONLY,
        31: _POLLED,
        32: _POLLED,
        34: _POLLED,
        36: _FREE,
        39: _OTHER_SPECIFICATIONS,
    },
    "bluesky": {
        6: _NO_HORIZON,
        8: _META_ONLY,
        14: "posts are never edited",
        18: _NO_SUMMONS,
        21: "direct messages have no window",
        27: _X_ONLY,
        31: _POLLED,
        32: _POLLED,
        34: _POLLED,
        36: _FREE,
        39: _OTHER_SPECIFICATIONS,
    },
}


def does_not_apply(code: str, rule: int) -> str:
    """The reason; "" where the rule holds."""
    return EXEMPT.get(code, {}).get(rule, "")
