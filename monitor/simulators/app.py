"""The fake platforms as one ASGI app: /x, /graph, /mastodon, /bluesky, /feed and /_world over one world.

What happens in it is also pushed, to whoever subscribed (`pushing.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from monitor.simulators import (
    bluesky_api,
    control,
    feed_api,
    graph_api,
    graph_sign_in,
    mastodon_api,
    mastodon_sign_in,
    meta_push,
    push_control,
    x_api,
    x_push,
    x_push_api,
    x_sign_in,
)
from monitor.simulators.faults import FaultMiddleware
from monitor.simulators.world import Entry, Message, Person, World


def create_app(world: World) -> ASGIApp:
    def part(routes: list) -> Starlette:
        app = Starlette(routes=routes)
        app.state.world = world
        return app

    whole = Starlette(
        routes=[
            Mount("/x", part([*x_sign_in.routes(), *x_push_api.routes(), *x_api.routes()])),
            Mount("/graph", part([*graph_sign_in.routes(), *graph_api.routes()])),
            Mount("/mastodon", part([*mastodon_sign_in.routes(), *mastodon_api.routes()])),
            Mount("/bluesky", part(bluesky_api.routes())),
            Mount("/feed", part(feed_api.routes())),
            Mount("/_world", part([*push_control.routes(), *control.routes()])),
        ]
    )
    if not world.listeners:
        world.listeners.append(partial(_push, world))
    return FaultMiddleware(whole, world.faults)


_MAKERS: Mapping[str, tuple[str, Callable[..., Iterator[Mapping[str, Any]]]]] = {
    "x": ("x", x_push.bodies),
    "facebook": ("meta", meta_push.bodies),
    "instagram": ("meta", meta_push.bodies),
}


def _push(world: World, kind: str, about: Entry | Message | Person) -> None:
    """Queues a body for everybody who asked for such."""
    if isinstance(about, Person) and about.platform != "x":
        return
    sender, make = _MAKERS.get(about.platform, ("", x_push.bodies))
    for hook in [each for each in world.pushes.hooks.values() if each.platform == sender]:
        for body in make(world, hook, kind, about):
            world.pushes.put(hook, body)
