"""The two hashes of the log: of a text with its salt, and of an event with all that went before it. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

SEALED_FIELDS = (
    "id",
    "recorded_at",
    "brand_id",
    "actor_kind",
    "actor_id",
    "act",
    "subject_kind",
    "subject_id",
    "params",
    "text_hash",
)


def hash_of_text(salt: str, before: str, after: str) -> str:
    """The lengths keep "ab" + "c" and "a" + "bc" apart."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (salt, before, after)]
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(framed).hexdigest()


def digest_of(previous: str, sequence: int, event: Mapping[str, Any]) -> str:
    """SHA-256 over the digest before, the place, and the event in one canonical spelling."""
    words = {name: event[name] for name in SEALED_FIELDS}
    words["recorded_at"] = event["recorded_at"].astimezone(UTC).isoformat()
    canonical = json.dumps([previous, sequence, words], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
