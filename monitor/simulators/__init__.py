"""Floor 2: fake X and Meta servers that obey what the platforms publish: for the demo, training and tests."""


def serve(*, story: str | None, port: int, push_to: str = "", push_secret: str = "") -> None:
    """Serves the fake platforms on the loopback address and plays a story; returns when it is told to stop."""
    from monitor.simulators.server import main

    main(story=story, port=port, push_to=push_to, push_secret=push_secret)
