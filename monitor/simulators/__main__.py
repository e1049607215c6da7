"""`python -m monitor.simulators [--port PORT] [--story FILE] [--push-to ADDRESS]`: the fake platforms alone."""

import argparse

from monitor.simulators.server import main

parser = argparse.ArgumentParser(prog="python -m monitor.simulators", description=__doc__)
parser.add_argument("--port", type=int, default=8900, help="on the loopback address (default: 8900)")
parser.add_argument("--story", metavar="FILE", help="a story file (YAML); left out: the built-in one")
parser.add_argument(
    "--push-to", metavar="ADDRESS", default="", help="a desk of this machine to whose webhooks they push"
)
arguments = parser.parse_args()
main(story=arguments.story, port=arguments.port, push_to=arguments.push_to)
