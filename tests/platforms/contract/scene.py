"""One platform's simulator with people who speak to the brand, and a desk that reads it, in memory or for real."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.test import Client

from monitor.api.services import take_deliveries
from monitor.brands import services as brands
from monitor.brands.models import Brand, Channel
from monitor.inbox.services import CollectReport, collect_channel
from monitor.platforms.base import Declaration, IncomingPost
from monitor.platforms.registry import get_platform
from monitor.simulators.world import APP_SECRET, DEMO_CHANNELS, PATHS, X_CONSUMER_SECRET, Entry, Message
from tests.platforms.contract.ways import WAYS, Ways, pushed
from tests.support.signing import app_for, grant
from tests.support.simulated import Simulated, collect_all, posts_of
from workers import pipeline

MESSAGES = "direct_messages"


class Scene:
    def __init__(self, simulated: Simulated, code: str) -> None:
        self.simulated, self.code, self.world = simulated, code, simulated.world

    @property
    def declaration(self) -> Declaration:
        return get_platform(self.code).declaration

    @cached_property
    def ways(self) -> Ways:
        return WAYS.get(self.code, Ways())

    @cached_property
    def stream(self) -> str:
        """Where the public speaks to us."""
        streams = self.simulated.connect(self.code).streams()
        return self.ways.public_stream or next(each for each in streams if each != MESSAGES)

    @property
    def has_messages(self) -> bool:
        return "direct_message" in self.declaration.forms

    @cached_property
    def ours(self) -> Entry:
        """A post of the brand, written when it is first needed."""
        return self.world.publish(self.code, self.world.brands[self.code], "New lamps are here!")

    # -- What people do --------------------------------------------------------------------------

    def says(self, text: str, *, handle: str = "mara", parent: Entry | None = None, **options: Any) -> Entry:
        """In public, so that it reaches the brand."""
        if parent is None and self.ways.under_ours:
            parent = self.ours
        parent_id = parent.identifier if parent is not None else ""
        return self.simulated.person_says(
            self.code, self.ways.prefix + text, handle=handle, parent_id=parent_id, **options
        )

    def writes(self, text: str, *, handle: str = "mara", at: datetime | None = None) -> Message:
        """In private."""
        return self.simulated.person_writes(self.code, text, handle=handle, at=at)

    def answers_privately(self, text: str, *, handle: str = "mara") -> Message:
        """A colleague, in the platform's own app."""
        person = self.world.person(self.code, handle)
        return self.world.say(self.code, self.world.brands[self.code], person, text)

    # -- Reading in memory -----------------------------------------------------------------------

    def read(self, stream: str = "", cursor: Any = None) -> tuple[list[IncomingPost], Any]:
        return collect_all(self.simulated, self.code, stream or self.stream, cursor)

    def read_page(self, cursor: Any, stream: str = "", **options: Any) -> tuple[list[IncomingPost], Any, bool]:
        batch = self.simulated.connect(self.code, **options).collect(stream or self.stream, cursor)
        return posts_of(self.simulated, self.code, batch), batch.cursor, batch.has_more

    def others(self, posts: Sequence[IncomingPost]) -> list[str]:
        """What people said, without the words that address us, in the order of the alphabet."""
        return sorted(self.bare(post.text) for post in posts if not post.is_own)

    def bare(self, text: str) -> str:
        """Without the names in front, of which an answer has more."""
        prefix = self.ways.prefix
        return text[text.find(prefix) + len(prefix) :] if prefix and prefix in text else text

    # -- Reading for real ------------------------------------------------------------------------

    def open_channel(self, brand: Brand, kind: str = "") -> Channel:
        plan = next(one for one in DEMO_CHANNELS if one["platform"] == self.code and kind in ("", one["kind"]))
        kept = ("kind", "external_id", "handle", "name", "query", "credentials")
        return brands.connect_channel(
            brand=brand,
            platform=self.code,
            api_url=self.simulated.address + PATHS[self.code],
            **{name: plan[name] for name in kept},
        )

    def sign_in(self, brand: Brand) -> Channel:
        """The channel as a person connects it in the browser, where the platform knows that; else with credentials."""
        signing = get_platform(self.code).signing
        if signing is None:
            return self.open_channel(brand)
        keys = {"client_id": "", "client_secret": ""} if self.code == "mastodon" else {}
        app = signing.register(app_for(self.simulated, self.code, **keys))
        [found, *_others] = [each for each in grant(signing, app).found if each.platform == self.code]
        return brands.connect_channel(
            brand=brand,
            platform=self.code,
            kind=found.kind,
            external_id=found.external_id,
            handle=found.handle,
            credentials=found.credentials,
            api_url=self.simulated.address + PATHS[self.code],
        )

    def collect(self, channel: Channel, *streams: str) -> list[CollectReport]:
        wanted = streams or tuple(channel.streams.order_by("pk").values_list("name", flat=True))
        return [collect_channel(channel_id=channel.pk, stream=stream) for stream in wanted]

    def take_in(self, channel: Channel) -> list[int]:
        """Collected, understood, opened and answered as the workers would."""
        ids = [post_id for report in self.collect(channel) for post_id in report.ingested.post_ids]
        if ids:
            pipeline.advance(ids)
        return ids

    # -- Pushing ---------------------------------------------------------------------------------

    def push(self, thing: Entry | Message, change: Callable[[Any], Any] = lambda body: body) -> Any:
        """Delivered, and read as a worker does a moment later."""
        address, body = pushed(thing)
        answer = self.push_raw(address, json.dumps(change(body)).encode())
        while take_deliveries():
            pass
        return answer

    def push_raw(self, address: str, raw: bytes, *, secret: str = "") -> Any:
        """Signed as the platform signs."""
        is_x = address == "/webhooks/x/"
        mac = hmac.new((secret or (X_CONSUMER_SECRET if is_x else APP_SECRET)).encode(), raw, hashlib.sha256)
        told = base64.b64encode(mac.digest()).decode() if is_x else mac.hexdigest()
        name = "x-twitter-webhooks-signature" if is_x else "x-hub-signature-256"
        return Client().post(address, raw, content_type="application/json", headers={name: f"sha256={told}"})
