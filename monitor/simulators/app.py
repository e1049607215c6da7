"""The fake platforms as one ASGI app: /x, /graph, /mastodon, /bluesky, /feed and /_world over one world.

What happens in it is also pushed, to whoever subscribed (`pushing.py`).
"""

from functools import partial

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from monitor.simulators import (
    bluesky_api,
    control,
    feed_api,
    graph_api,
    mastodon_api,
    meta_push,
    push_control,
    x_api,
    x_push,
    x_push_api,
)
from monitor.simulators.faults import FaultMiddleware
from monitor.simulators.world import Entry, Message, World


def create_app(world: World) -> ASGIApp:
    def part(routes: list) -> Starlette:
        app = Starlette(routes=routes)
        app.state.world = world
        return app

    whole = Starlette(
        routes=[
            Mount("/x", part([*x_push_api.routes(), *x_api.routes()])),
            Mount("/graph", part(graph_api.routes())),
            Mount("/mastodon", part(mastodon_api.routes())),
            Mount("/bluesky", part(bluesky_api.routes())),
            Mount("/feed", part(feed_api.routes())),
            Mount("/_world", part([*push_control.routes(), *control.routes()])),
        ]
    )
    if not world.listeners:
        world.listeners.append(partial(_push, world))
    return FaultMiddleware(whole, world.faults)


_MAKERS = {"x": ("x", x_push.bodies), "facebook": ("meta", meta_push.bodies), "instagram": ("meta", meta_push.bodies)}


def _push(world: World, kind: str, about: Entry | Message) -> None:
    """Queues a body for everybody who asked for such."""
    sender, make = _MAKERS.get(about.platform, ("", x_push.bodies))
    for hook in [each for each in world.pushes.hooks.values() if each.platform == sender]:
        for body in make(world, hook, kind, about):
            world.pushes.put(hook, body)
