"""What the fake Bluesky is made of: addresses, keys and content hashes, the brand's channels, its sessions and records.

Pure but for the state that a world keeps of it.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DID = "did:plc:lumoramarketsimulated234"
HANDLE = "lumora.example"
POST, LIKE, THREADGATE = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.threadgate"
ACCESS_LASTS = timedelta(hours=2)
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
# Worth nothing outside this program.
_CREDENTIALS = {"identifier": HANDLE, "app_password": "simulated-app-password"}

CHANNELS: list[dict[str, Any]] = [
    {
        "platform": "bluesky",
        "kind": "account",
        "external_id": DID,
        "handle": HANDLE,
        "name": "Lumora on Bluesky",
        "query": "",
        "credentials": _CREDENTIALS,
    },
    {
        "platform": "bluesky",
        "kind": "search",
        "external_id": "lumora-words",
        "handle": HANDLE,
        "name": "“lumora” on Bluesky",
        "query": "lumora",
        "credentials": _CREDENTIALS,
    },
]


def did_of(handle: str) -> str:
    """The same for the same handle in every world: 24 letters of base 32, as did:plc has them."""
    return "did:plc:" + base64.b32encode(hashlib.sha256(handle.encode()).digest())[:24].decode().lower()


def tid(moment: datetime, number: int) -> str:
    """A key that rises with time: 53 bits of microseconds, 10 of a number."""
    value = int(moment.timestamp() * 1_000_000) << 10 | number & 1023
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(60, -1, -5))


def post_uri(did: str, moment: datetime, number: int) -> str:
    return f"at://{did}/{POST}/{tid(moment, number)}"


def cid_of(content: object) -> str:
    """A hash in the form of a CIDv1 (dag-cbor, sha-256); not the real one, which needs the real encoding."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).digest()
    return "b" + base64.b32encode(b"\x01\x71\x12\x20" + digest).decode().lower().rstrip("=")


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass
class BlueskyState:
    """Sessions with their ends, records as they were written, and what tests may change."""

    access: dict[str, datetime] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    made: int = 0
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    may_chat: bool = True
    without_messages: set[str] = field(default_factory=set)
    without_replies: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def new_session(self, now: datetime) -> dict[str, Any]:
        self.made += 1
        # No two worlds give out the same: a program that outlives one must not be let in by the next.
        mark = hashlib.sha256(f"{id(self)}/{now}/{self.made}".encode()).hexdigest()[:24]
        access, refresh = f"simulated-access-{mark}", f"simulated-refresh-{mark}"
        self.access[access] = now + ACCESS_LASTS
        self.refresh.add(refresh)
        return {"did": DID, "handle": HANDLE, "accessJwt": access, "refreshJwt": refresh, "active": True}
