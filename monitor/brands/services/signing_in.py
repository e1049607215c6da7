"""Signing in at a platform: what is kept between leaving for it and coming back, and the channels that come of it.

A way back is good once, for minutes, in the browser session and for the user and the brand that it began with. Calls
to the platform are made outside of transactions; the platform's own part is in `platforms/*/sign_in.py`.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import slugify

from monitor.audit.services import record
from monitor.brands.models import Brand, Channel, SignInUnderWay, User
from monitor.brands.registrations import simulated_address
from monitor.brands.sealing import seal, unseal
from monitor.brands.services.channels import connect_channel
from monitor.platforms.base import SignIn
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import App, Found, Granted, Signing, missing_scopes, new_verifier
from monitor.text.clean import clean

SIGN_IN_MINUTES: Final = 10
CHOICE_MINUTES: Final = 20
_ASKED, _FOUND = "asked", "found"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a sign-in: a channel of this kind, or `channel_id` connected again."""

    kind: str = ""
    query: str = ""
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """A sign-in whose way back was good. It cannot be used again."""

    brand: Brand
    user: User
    platform: str
    wish: Wish
    app: App
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """Channels that a sign-in has found, waiting for somebody to choose."""

    platform: str
    found: tuple[Found, ...]
    missing: tuple[str, ...]


def begin_sign_in(*, brand: Brand, user: User, session_key: str, platform: str, app: App, wish: Wish) -> str:
    """The address at the platform that the browser should go to. Raises PlatformError (where an app registers)."""
    signing = _signing_of(platform)
    ready, state, verifier = signing.register(app), secrets.token_urlsafe(32), new_verifier()
    kept = {"verifier": verifier, "wish": json.dumps(asdict(wish)), "app": json.dumps(asdict(ready))}
    _put(state, brand, user, session_key, platform, _ASKED, kept, SIGN_IN_MINUTES)
    return signing.authorize_url(ready, state=state, verifier=verifier)


def take_return(*, state: str, return_code: str, user: User, session_key: str) -> Returned | None:
    """The sign-in that comes back with this state; None where it is unknown, used, over, or somebody else's."""
    row = _take(state, user, session_key, _ASKED)
    if row is None or _sign_in_of(row.platform).return_code != return_code:
        return None
    kept = unseal(row.sealed)
    wish, app = Wish(**json.loads(kept["wish"])), App(**json.loads(kept["app"]))
    return Returned(row.brand, user, row.platform, wish, app, kept["verifier"])


def trade_code(*, returned: Returned, code: str) -> Granted:
    """Raises PlatformError."""
    return _signing_of(returned.platform).exchange(returned.app, code=code, verifier=returned.verifier)


def missing_in(platform: str, granted: Granted) -> tuple[str, ...]:
    return missing_scopes(_sign_in_of(platform).scopes, granted.scopes)


def is_too_little(platform: str, granted: Granted) -> bool:
    """Whether a permission is missing without which there is no channel at all."""
    return bool(missing_scopes(_sign_in_of(platform).needed_scopes, granted.scopes))


def note_refusal(*, returned: Returned, why: str) -> None:
    """A sign-in that came to nothing stands in the log: who tried, where, and why not."""
    params = {"platform": returned.platform, "why": why}
    record(act="channel.sign_in_failed", brand_id=returned.brand.pk, actor=returned.user, params=params)


def hold_found(*, returned: Returned, granted: Granted, session_key: str) -> str:
    """Keeps what was found until somebody has chosen; the key of the page that shows it."""
    key = secrets.token_urlsafe(32)
    rows = [{**asdict(found), "credentials": dict(found.credentials)} for found in granted.found]
    kept = {"found": json.dumps(rows), "missing": json.dumps(missing_in(returned.platform, granted))}
    _put(key, returned.brand, returned.user, session_key, returned.platform, _FOUND, kept, CHOICE_MINUTES)
    return key


def look_at_found(*, key: str, brand: Brand, user: User, session_key: str) -> Choice | None:
    """As `take_found`, and it stays as good as it was."""
    row = SignInUnderWay.objects.filter(**_good(key, user, session_key, _FOUND), brand=brand).first()
    return _choice_of(row) if row is not None else None


def take_found(*, key: str, brand: Brand, user: User, session_key: str) -> Choice | None:
    row = _take(key, user, session_key, _FOUND, brand=brand)
    return _choice_of(row) if row is not None else None


@transaction.atomic
def connect_found(*, brand: Brand, user: User, found: Found, wish: Wish | None = None) -> Channel:
    """The channel with its new credentials; one that is known keeps its cursors and what people have set."""
    wanted = wish or Wish()
    again = Channel.objects.filter(brand=brand, pk=wanted.channel_id).first() if wanted.channel_id else None
    is_search = again.kind == "search" if again is not None else wanted.kind == "search"
    kind = "search" if is_search else found.kind
    external_id = found.external_id if not is_search else again.external_id if again else search_id(wanted.query)
    return store_channel(
        brand=brand,
        user=user,
        platform=found.platform,
        kind=kind,
        external_id=external_id,
        credentials=found.credentials,
        handle=found.handle,
        name="" if is_search else found.name,
        query=wanted.query,
    )


def is_for(channel: Channel, found: Found) -> bool:
    """Whether what was found is the channel that should be connected again. Any login may read for a search."""
    if channel.kind == "search":
        return channel.platform == found.platform
    return (channel.platform, channel.kind, channel.external_id) == (found.platform, found.kind, found.external_id)


def store_channel(
    *,
    brand: Brand,
    user: User | None,
    platform: str,
    kind: str,
    external_id: str,
    credentials: Mapping[str, str],
    handle: str = "",
    name: str = "",
    query: str = "",
    may_teach: bool | None = None,
) -> Channel:
    """Connects it, or connects it again: what is not said anew stays as it was."""
    declaration = get_platform(platform).declaration
    known = Channel.objects.filter(brand=brand, platform=platform, kind=kind, external_id=external_id).first()
    before = known or Channel(poll_seconds=declaration.poll_seconds, api_url=simulated_address(brand, platform))
    return connect_channel(
        brand=brand,
        platform=platform,
        kind=kind,
        external_id=external_id,
        credentials=credentials,
        handle=clean(handle)[:128] or before.handle,
        name=before.name or clean(name)[:160],
        query=query or before.query,
        api_url=before.api_url,
        market=before.market,
        poll_seconds=before.poll_seconds,
        daily_cap_micros=before.daily_cap_micros,
        may_teach=may_teach,
        user=user,
    )


def search_id(query: str) -> str:
    """The same for the same words, so that the same search connected twice is one channel."""
    words = " ".join(query.split())
    digest = hashlib.sha256(words.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slugify(words)[:40].strip('-') or 'search'}-{digest}"


def _choice_of(row: SignInUnderWay) -> Choice:
    kept = unseal(row.sealed)
    found = tuple(Found(**{**one, "lacks": tuple(one["lacks"])}) for one in json.loads(kept["found"]))
    return Choice(row.platform, found, tuple(json.loads(kept["missing"])))


def _put(
    key: str,
    brand: Brand,
    user: User,
    session_key: str,
    platform: str,
    stage: str,
    kept: Mapping[str, str],
    minutes: int,
) -> None:
    SignInUnderWay.objects.create(
        key_hash=_hash(key),
        session_hash=_hash(session_key),
        user=user,
        brand=brand,
        platform=platform,
        stage=stage,
        sealed=seal(kept),
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )


def _good(key: str, user: User, session_key: str, stage: str) -> dict[str, object]:
    hashes = {"key_hash": _hash(key), "session_hash": _hash(session_key)}
    return {**hashes, "user": user, "stage": stage, "expires_at__gt": Now()}


def _take(key: str, user: User, session_key: str, stage: str, *, brand: Brand | None = None) -> SignInUnderWay | None:
    """Who deletes the row has it: of two that come at once, one."""
    good = _good(key, user, session_key, stage) | ({"brand": brand} if brand is not None else {})
    row = SignInUnderWay.objects.select_related("brand").filter(**good).first()
    if row is None or not session_key:
        return None
    return row if SignInUnderWay.objects.filter(pk=row.pk).delete()[0] else None


def _signing_of(platform: str) -> Signing:
    signing = get_platform(platform).signing
    assert signing is not None, f"nobody signs in at {platform}"
    return signing


def _sign_in_of(platform: str) -> SignIn:
    sign_in = get_platform(platform).declaration.sign_in
    assert sign_in is not None, f"nobody signs in at {platform}"
    return sign_in


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
