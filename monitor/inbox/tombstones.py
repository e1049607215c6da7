"""Salted hashes that stand for what was deleted or erased: enough to refuse it again, too little to say what it was."""

import hashlib

from django.conf import settings


def post_key(brand_id: int, platform: str, external_id: str) -> bytes:
    return _key("post", brand_id, platform, external_id)


def author_key(brand_id: int, platform: str, external_id: str) -> bytes:
    return _key("author", brand_id, platform, external_id)


def departure_key(brand_id: int, platform: str, external_id: str) -> bytes:
    """Of an author who stopped showing us what they had written for everybody."""
    return _key("departure", brand_id, platform, external_id)


def _key(kind: str, brand_id: int, platform: str, external_id: str) -> bytes:
    words = "\0".join((settings.ERASURE_SALT, kind, str(brand_id), platform, external_id))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
