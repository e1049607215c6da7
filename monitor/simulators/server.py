"""Serves the fake platforms with a story under uvicorn, until it is told to stop."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn

from monitor.simulators.app import create_app
from monitor.simulators.story import DEMO_STORY, StoryPlayer, load_story
from monitor.simulators.world import World

# The demo polls every few seconds, which the real limits would not allow.
DEMO_LIMIT_SCALE = 100
_STEP_SECONDS = 0.25


def main(*, story: str | None = None, port: int = 8900, host: str = "127.0.0.1") -> None:
    """Blocks. Raises story.StoryError and OSError before anything is served."""
    player = StoryPlayer(
        World(limit_scale=DEMO_LIMIT_SCALE, adopts_strangers=True), load_story(Path(story) if story else DEMO_STORY)
    )
    player.open()
    config = uvicorn.Config(
        create_app(player.world), host=host, port=port, log_level="warning", lifespan="off", ws="none", access_log=False
    )
    asyncio.run(_serve(uvicorn.Server(config), player))


async def _serve(server: uvicorn.Server, player: StoryPlayer) -> None:
    async with _playing(player):
        await server.serve()


@contextlib.asynccontextmanager
async def _playing(player: StoryPlayer) -> AsyncIterator[None]:
    task = asyncio.create_task(_play(player))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _play(player: StoryPlayer) -> None:
    started = time.monotonic()
    while True:
        player.play(time.monotonic() - started)
        await asyncio.sleep(_STEP_SECONDS)
