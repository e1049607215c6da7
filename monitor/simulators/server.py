"""Serves the fake platforms with a story under uvicorn, and pushes to a desk, until it is told to stop."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import uvicorn

from monitor.simulators.app import create_app
from monitor.simulators.pushing import AddressError
from monitor.simulators.story import DEMO_STORY, StoryPlayer, find_story, load_story
from monitor.simulators.world import World
from monitor.simulators.x_push_api import subscribe_to_all

# The demo polls every few seconds, which the real limits would not allow.
DEMO_LIMIT_SCALE = 100
_STEP_SECONDS = 0.25
_PUSH_SECONDS = 0.1
_HANDSHAKE_SECONDS = 2.0


def main(*, story: str | None = None, port: int = 8900, push_to: str = "", push_secret: str = "") -> None:
    """Blocks. Raises story.StoryError and OSError before anything is served.

    `push_to` is a desk's address: everything is pushed to its webhooks as soon as it shakes hands, signed with
    `push_secret` (left out: with the secrets of the simulated apps).
    """
    world = World(limit_scale=DEMO_LIMIT_SCALE, adopts_strangers=True, push_secret=push_secret)
    player = StoryPlayer(world, load_story(find_story(story) if story else DEMO_STORY))
    player.open()
    config = uvicorn.Config(
        create_app(world), host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none", access_log=False
    )
    asyncio.run(_serve(uvicorn.Server(config), player, push_to.rstrip("/")))


async def _serve(server: uvicorn.Server, player: StoryPlayer, push_to: str) -> None:
    async with _beside(_play(player)), _beside(_push(player.world, push_to)):
        await server.serve()


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _push(world: World, desk: str) -> None:
    """Shakes hands until the desk is up (it may start after this program), then delivers what is due."""
    missing = {"x": f"{desk}/webhooks/x/", "meta": f"{desk}/webhooks/meta/"} if desk else {}
    next_try = 0.0
    while True:
        if missing and time.monotonic() >= next_try:
            for platform, address in list(missing.items()):
                with contextlib.suppress(AddressError):
                    await asyncio.to_thread(_register, world, platform, address)
                    del missing[platform]
            next_try = time.monotonic() + _HANDSHAKE_SECONDS
        await asyncio.to_thread(world.pushes.deliver_due)
        await asyncio.sleep(_PUSH_SECONDS)


def _register(world: World, platform: str, address: str) -> None:
    """Raises AddressError. X tells what it pushes; Meta's apps choose that in a page of their own."""
    hook = world.pushes.subscribe(platform, address, verify_token=world.pushes.keys[platform])
    if platform == "x":
        subscribe_to_all(world, hook)


async def _play(player: StoryPlayer) -> None:
    started = time.monotonic()
    while True:
        player.play(time.monotonic() - started)
        await asyncio.sleep(_STEP_SECONDS)
