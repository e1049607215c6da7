"""The fake platforms as one ASGI app: /x, /graph, /mastodon, /bluesky, /feed and /_world over one world."""

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
    x_api,
    x_sign_in,
)
from monitor.simulators.faults import FaultMiddleware
from monitor.simulators.world import World


def create_app(world: World) -> ASGIApp:
    def part(routes: list) -> Starlette:
        app = Starlette(routes=routes)
        app.state.world = world
        return app

    whole = Starlette(
        routes=[
            Mount("/x", part([*x_sign_in.routes(), *x_api.routes()])),
            Mount("/graph", part([*graph_sign_in.routes(), *graph_api.routes()])),
            Mount("/mastodon", part([*mastodon_sign_in.routes(), *mastodon_api.routes()])),
            Mount("/bluesky", part(bluesky_api.routes())),
            Mount("/feed", part(feed_api.routes())),
            Mount("/_world", part(control.routes())),
        ]
    )
    return FaultMiddleware(whole, world.faults)
