"""The fake platforms on a loopback port, in a thread: what connector tests talk to over real HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import uvicorn

from monitor.platforms.base import Batch, ChannelContext, Connector, IncomingPost
from monitor.platforms.budget import NullBudget
from monitor.platforms.registry import get_platform
from monitor.simulators.app import create_app
from monitor.simulators.faults import Fault
from monitor.simulators.world import DEMO_CHANNELS, PATHS, World


@dataclass(frozen=True)
class Simulated:
    """A running world. `channel` numbers are places in DEMO_CHANNELS."""

    world: World
    address: str

    def context(self, platform: str, kind: str = "") -> ChannelContext:
        wanted = next(each for each in DEMO_CHANNELS if each["platform"] == platform and kind in ("", each["kind"]))
        return ChannelContext(
            channel_id=1,
            kind=wanted["kind"],
            external_id=wanted["external_id"],
            handle=wanted["handle"],
            credentials=wanted["credentials"],
            api_url=self.address + PATHS[platform],
            query=wanted["query"],
        )

    def connect(self, platform: str, kind: str = "", *, budget: Any = None, **options: Any) -> Connector:
        """A new connector, as each task makes one. Its clock is the world's."""
        context = self.context(platform, kind)
        maker = type(get_platform(platform).connect(context, NullBudget()))
        return maker(context, budget or NullBudget(), now=self.world.now, **options)

    def person_says(self, platform: str, text: str, *, handle: str = "mara", **options: Any) -> Any:
        person = self.world.person(platform, handle, handle.title(), 12)
        return self.world.publish(platform, person, text, **options)

    def person_writes(self, platform: str, text: str, *, handle: str = "mara", at: datetime | None = None) -> Any:
        person = self.world.person(platform, handle, handle.title(), 12)
        return self.world.say(platform, person, self.world.brands[platform], text, at=at)

    def add_fault(self, kind: str, path: str = "", **options: Any) -> None:
        self.world.faults.add(Fault(kind=kind, path=path, **options))


class Stage:
    """One server for many tests: each test puts a world of its own on it, which costs no start and no stop."""

    def __init__(self) -> None:
        self.address = ""
        self._app: Any = None

    def show(self, world: World) -> Simulated:
        self._app = create_app(world)
        return Simulated(world, self.address)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # A slow answer of an earlier test goes on in the world that it began in.
        await self._app(scope, receive, send)


@contextmanager
def open_stage() -> Iterator[Stage]:
    stage = Stage()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    stage.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        stage, log_level="warning", lifespan="off", ws="none", access_log=False, timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    assert server.started, "the fake platforms did not start"
    try:
        yield stage
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)
        listener.close()


@contextmanager
def simulated_platforms(world: World | None = None) -> Iterator[Simulated]:
    """A server of its own for one world."""
    with open_stage() as stage:
        yield stage.show(world or World())


def posts_of(simulated: Simulated, platform: str, batch: Batch, kind: str = "") -> list[IncomingPost]:
    context = simulated.context(platform, kind)
    events = [event for update in batch.updates for event in get_platform(platform).normalize(update, context)]
    return [event for event in events if isinstance(event, IncomingPost)]


def collect_all(
    simulated: Simulated, platform: str, stream: str, cursor: Any = None, *, kind: str = "", pages: int = 50
) -> tuple[list[IncomingPost], Any]:
    """Reads until the stream has no more; every page with a new connector, as if a worker died after each."""
    found: list[IncomingPost] = []
    cursor = cursor if cursor is not None else {}
    for _page in range(pages):
        batch = simulated.connect(platform, kind).collect(stream, cursor)
        found += posts_of(simulated, platform, batch, kind)
        cursor = batch.cursor
        if not batch.has_more:
            return found, cursor
    raise AssertionError(f"{stream} of {platform} did not end after {pages} pages")


def without_secret(context: ChannelContext, **credentials: str) -> ChannelContext:
    return replace(context, credentials={**context.credentials, **credentials})
