"""Addresses of feeds: which may be read, which belong to the same site, and how an entry's id is told apart by them."""

import hashlib
import re
from urllib.parse import SplitResult, urljoin, urlsplit

from monitor.platforms.errors import RejectedError

_LONGEST = 2_000
# RFC 3986 schemes whose ids are unique in the world by themselves.
_UNIQUE = re.compile(r"(?:https?://[^/\s]+/|tag:[^,\s]+,|urn:[a-z0-9]|yt:video:)", re.IGNORECASE)


def check_address(address: str) -> str:
    """The address without blanks around it. Raises RejectedError for what no feed can have."""
    trimmed = address.strip()
    parts = _split(trimmed)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise RejectedError("the address of a feed begins with https:// or http://", code="bad_request")
    if "@" in parts.netloc:
        raise RejectedError("name and password belong into the credentials, not into the address", code="bad_request")
    if len(trimmed) > _LONGEST or re.search(r"[\x00-\x20\x7f\\]", trimmed):
        raise RejectedError("the address of a feed is no address", code="bad_request")
    return trimmed.partition("#")[0]


def join_address(base: str, reference: str) -> str:
    """`reference` as seen from `base`. Raises RejectedError."""
    try:
        return check_address(urljoin(base, reference.strip()))
    except ValueError:
        pass
    raise RejectedError("the feed points to something that is no address", code="bad_request")


def is_secure(address: str) -> bool:
    return address.lower().startswith("https://")


def host_of(address: str) -> str:
    """The site's name; www. makes no other site."""
    parts = _split(address)
    return (parts.hostname or "").removeprefix("www.") if parts else ""


def is_same_site(old: str, new: str) -> bool:
    """Whether a step from one address to the other stays with the same publisher and does not give up encryption."""
    before, after = _split(old), _split(new)
    if before is None or after is None or (before.scheme == "https" and after.scheme != "https"):
        return False
    ports = {before.port or _default_port(before), after.port or _default_port(after)}
    return host_of(old) == host_of(new) and (len(ports) == 1 or ports <= {80, 443})


def without_query(address: str) -> str:
    """What may be shown: a query can hold a key."""
    parts = _split(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts else ""


def below(base_url: str, address: str) -> str:
    """The same path and query at another server: where a simulator stands in."""
    parts = urlsplit(address)
    return base_url.rstrip("/") + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def scoped_id(identifier: str, address: str) -> str:
    """An entry's id as the whole installation may know it.

    Addresses, tags and URNs are unique in the world; "12345" is unique in its own feed only, so two feeds that both
    count from 1 must not take each other's entries for their own.
    """
    if _UNIQUE.match(identifier):
        return identifier
    parts = _split(address)
    place = f"{host_of(address)}{parts.path}?{parts.query}" if parts else address
    return f"{hashlib.sha256(place.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}:{identifier}"


def web_address(text: str) -> str:
    """The text where it is an address that a browser may open; "" otherwise."""
    parts = _split(text.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    return "" if re.search(r"[\x00-\x20\x7f\"<>\\]", text.strip()) else text.strip()


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _split(address: str) -> SplitResult | None:
    """The parts; None where there are none (a broken IPv6 address, a port of letters)."""
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts
