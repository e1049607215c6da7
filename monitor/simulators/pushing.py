"""What the fake platforms push and to whom: addresses with their handshakes, signatures, retries, and scripted mishaps.

Knows nothing of posts: bodies are made in `x_push.py` and `meta_push.py`. Only addresses of this machine are called.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

PLATFORMS = ("x", "meta")
DIALECTS = ("activity", "account_activity", "compliance")
MISHAPS = ("lose", "duplicate", "delay", "reorder", "forge")
# After these many seconds a delivery that failed is tried again; then it is given up.
RETRY_SECONDS = (1, 5, 30, 120, 600, 3_600, 6 * 3_600, 24 * 3_600)
# How long an address may fail before the platform stops calling it.
PATIENCE = {"x": timedelta(hours=28), "meta": timedelta(hours=1)}
MOST_TOGETHER = {"x": 1, "meta": 1_000}
_REMEMBERED = 20_000
_CHECK_EVERY = timedelta(minutes=30)
_OUR_MACHINE = ("127.0.0.1", "localhost", "::1")
_SECONDS = (3.05, 10)


class AddressError(ValueError):
    """The address did not pass; `code` is X's name for why."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


@dataclass
class Hook:
    """One address that a platform calls. `wanted`: names of events or fields; None for all of them."""

    identifier: str
    platform: str
    url: str
    secret: str = field(repr=False)
    created_at: datetime
    verify_token: str = field(default="", repr=False)
    dialect: str = "activity"
    wanted: set[str] | None = None
    is_valid: bool = True
    checked_at: datetime | None = None
    failing_since: datetime | None = None
    delivered: int = 0
    refused: int = 0

    def wants(self, name: str) -> bool:
        return self.is_valid and (self.wanted is None or name in self.wanted)


@dataclass
class Mishap:
    """What happens to the next `times` deliveries of a platform ("" for any)."""

    kind: str
    platform: str = ""
    times: int = 1
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in MISHAPS:
            raise ValueError(f"there is no mishap {self.kind!r}; known are {', '.join(MISHAPS)}")


@dataclass(order=True)
class _Parcel:
    due: datetime
    number: int
    hook: Hook = field(compare=False)
    body: Mapping[str, Any] = field(compare=False)
    tries: int = field(default=0, compare=False)
    is_forged: bool = field(default=False, compare=False)


class PushBook:
    """`now` is the world's clock: retries come when it says so. `keys`: what each platform signs with."""

    def __init__(self, now: Callable[[], datetime], keys: Mapping[str, str]) -> None:
        self._now = now
        self.keys = dict(keys)
        #: What X lists as Activity API subscriptions, and whether its app may have any; posts read this month beside
        #: the world's own calls.
        self.subscriptions: list[dict[str, Any]] = []
        self.has_activity_api = True
        self.project_usage = 0
        self._told: deque[tuple[datetime, Hook, Mapping[str, Any]]] = deque(maxlen=_REMEMBERED)
        self._lock = threading.RLock()
        self._parcels: list[_Parcel] = []
        self._held_back: list[_Parcel] = []
        self._mishaps: list[Mishap] = []
        self._counter = 0
        self.hooks: dict[str, Hook] = {}
        self.given_up = 0
        self.lost = 0

    # -- Addresses -------------------------------------------------------------------------------

    def subscribe(self, platform: str, url: str, *, secret: str = "", **more: Any) -> Hook:
        """Shakes hands, then keeps the address; `secret` in place of the platform's own. Raises AddressError."""
        if platform not in PLATFORMS or more.get("dialect", "activity") not in DIALECTS:
            raise AddressError("InvalidRequest", f"platforms are {PLATFORMS}, dialects {DIALECTS}")
        self._counter += 1
        identifier = str(1_900_000_000_000_000_000 + self._counter)
        hook = Hook(identifier, platform, url, secret or self.keys[platform], self._now(), **more)
        self.check(hook)
        self.hooks[identifier] = hook
        return hook

    def check(self, hook: Hook) -> None:
        """The handshake; an address that fails it is not called any more. Raises AddressError."""
        _require_ours(hook.url)
        ask = _ask_crc if hook.platform == "x" else _ask_challenge
        hook.checked_at = self._now()
        try:
            ask(hook)
        except AddressError:
            hook.is_valid = False
            raise
        hook.is_valid, hook.failing_since = True, None

    # -- Deliveries ------------------------------------------------------------------------------

    def add_mishap(self, mishap: Mishap) -> None:
        self._mishaps.append(mishap)

    def clear_mishaps(self) -> None:
        self._mishaps.clear()

    def put(self, hook: Hook, body: Mapping[str, Any], *, after_seconds: float = 0) -> None:
        """Queues one body; what was scripted for it happens here."""
        with self._lock:
            self._told.append((self._now(), hook, body))
            parcel = self._parcel(hook, body, after_seconds)
            mishap = self._take_mishap(hook.platform)
            kind = mishap.kind if mishap else ""
            if kind == "lose":
                self.lost += 1
                return
            if kind == "reorder":
                self._held_back.append(parcel)
                return
            if mishap and kind == "delay":
                parcel.due += timedelta(seconds=mishap.seconds)
            self._parcels.append(parcel)
            if mishap and kind == "duplicate":
                self._parcels.append(self._parcel(hook, body, after_seconds + mishap.seconds))
            if kind == "forge":
                forged = self._parcel(hook, body, after_seconds)
                forged.is_forged = True
                self._parcels.append(forged)
            # What was held back goes right behind this one.
            for late in self._held_back:
                self._parcels.append(self._parcel(late.hook, late.body, after_seconds))
            self._held_back.clear()

    def replay(self, hook: Hook, since: datetime, until: datetime) -> int:
        """Queues again what was to be pushed between two moments, also what was lost; returns how many."""
        with self._lock:
            again = [body for at, each, body in self._told if each is hook and since <= at < until]
            self._parcels += [self._parcel(hook, body, 0) for body in again]
            return len(again)

    def _parcel(self, hook: Hook, body: Mapping[str, Any], after_seconds: float) -> _Parcel:
        self._counter += 1
        return _Parcel(self._now() + timedelta(seconds=after_seconds), self._counter, hook, body)

    def _take_mishap(self, platform: str) -> Mishap | None:
        for mishap in self._mishaps:
            if mishap.platform in ("", platform):
                mishap.times -= 1
                if mishap.times <= 0:
                    self._mishaps.remove(mishap)
                return mishap
        return None

    def waiting(self) -> int:
        with self._lock:
            return len(self._parcels) + len(self._held_back)

    def deliver_due(self) -> int:
        """Makes every call that is due; returns how many calls. Blocks: not for an event loop."""
        with self._lock:
            due = sorted(each for each in self._parcels if each.due <= self._now())
            self._parcels = [each for each in self._parcels if each.due > self._now()]
        calls = 0
        for together in _batches(due):
            self._deliver(together)
            calls += 1
        return calls

    def _deliver(self, together: Sequence[_Parcel]) -> None:
        hook = together[0].hook
        if not self._is_still_good(hook):
            self.given_up += len(together)
            return
        secret = secrets.token_hex(8) if together[0].is_forged else hook.secret
        status = _post(hook, joined([each.body for each in together]), secret)
        if together[0].is_forged:
            return
        if 200 <= status < 300:
            hook.delivered += len(together)
            hook.failing_since = None
            return
        hook.refused += len(together)
        hook.failing_since = hook.failing_since or self._now()
        # X takes a redirect for the end of an address.
        if hook.platform == "x" and 300 <= status < 400:
            hook.is_valid = False
        self._again(together)

    def _is_still_good(self, hook: Hook) -> bool:
        if hook.is_valid and hook.failing_since and self._now() - hook.failing_since > PATIENCE[hook.platform]:
            hook.is_valid = False
        if hook.is_valid and hook.platform == "x" and self._now() - (hook.checked_at or hook.created_at) > _CHECK_EVERY:
            try:
                self.check(hook)
            except AddressError:
                return False
        return hook.is_valid

    def _again(self, together: Sequence[_Parcel]) -> None:
        with self._lock:
            for each in together:
                if each.tries >= len(RETRY_SECONDS):
                    self.given_up += 1
                    continue
                each.due = self._now() + timedelta(seconds=RETRY_SECONDS[each.tries])
                each.tries += 1
                self._parcels.append(each)


def _batches(due: Sequence[_Parcel]) -> list[list[_Parcel]]:
    """Neighbours for the same address travel together where the platform does so; a forged one alone."""
    batches: list[list[_Parcel]] = []
    for each in due:
        last = batches[-1][-1] if batches else None
        fits = (
            last is not None
            and (last.hook, last.is_forged, last.body.get("object"), last.tries)
            == (each.hook, False, each.body.get("object"), each.tries)
            and len(batches[-1]) < MOST_TOGETHER[each.hook.platform]
        )
        if fits:
            batches[-1].append(each)
        else:
            batches.append([each])
    return batches


def joined(bodies: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Meta: the entries of all."""
    if len(bodies) == 1:
        return bodies[0]
    return {**bodies[0], "entry": [entry for body in bodies for entry in body["entry"]]}


def written(body: Mapping[str, Any]) -> bytes:
    """As PHP writes it: what is not ASCII as \\u escapes, slashes escaped. Any other spelling has another digest."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def signature(platform: str, secret: str, raw: bytes) -> tuple[str, str]:
    """The header's name and value."""
    made = hmac.new(secret.encode(), raw, hashlib.sha256)
    if platform == "x":
        return "x-twitter-webhooks-signature", "sha256=" + base64.b64encode(made.digest()).decode()
    return "X-Hub-Signature-256", "sha256=" + made.hexdigest()


def _post(hook: Hook, body: Mapping[str, Any], secret: str) -> int:
    """The status; 0 where nobody answered in time."""
    raw = written(body)
    name, value = signature(hook.platform, secret, raw)
    headers = {"Content-Type": "application/json", name: value}
    try:
        return requests.post(hook.url, raw, headers=headers, timeout=_SECONDS, allow_redirects=False).status_code
    except requests.RequestException:
        return 0


def _require_ours(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname not in _OUR_MACHINE:
        raise AddressError("UrlValidationFailed", "the simulated platforms call addresses of this machine only")


def _ask(hook: Hook, query: Mapping[str, str]) -> requests.Response:
    try:
        answer = requests.get(hook.url, params=query, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise AddressError("CrcValidationFailed", f"nobody answered ({type(error).__name__})") from None
    if answer.status_code != 200:
        raise AddressError("CrcValidationFailed", f"the handshake was answered with {answer.status_code}")
    return answer


def _ask_crc(hook: Hook) -> None:
    # With letters that need escaping in an address.
    token = secrets.token_urlsafe(12) + "+/="
    made = hmac.new(hook.secret.encode(), token.encode(), hashlib.sha256).digest()
    answer = _ask(hook, {"crc_token": token})
    try:
        given = answer.json().get("response_token")
    except (ValueError, AttributeError):
        given = None
    if given != "sha256=" + base64.b64encode(made).decode():
        raise AddressError("CrcValidationFailed", "the answer to the CRC is wrong: is the consumer secret the same?")


def _ask_challenge(hook: Hook) -> None:
    challenge = str(secrets.randbelow(10**10))
    query = {"hub.mode": "subscribe", "hub.verify_token": hook.verify_token, "hub.challenge": challenge}
    if _ask(hook, query).text != challenge:
        raise AddressError("CrcValidationFailed", "the challenge was not echoed")
