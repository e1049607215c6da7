"""`python -m monitor.simulators [--port PORT] [--story FILE]`: the fake platforms alone."""

import argparse

from monitor.simulators.server import main

parser = argparse.ArgumentParser(prog="python -m monitor.simulators", description=__doc__)
parser.add_argument("--port", type=int, default=8900, help="on the loopback address (default: 8900)")
parser.add_argument("--story", metavar="FILE", help="a story file (YAML); left out: the built-in one")
arguments = parser.parse_args()
main(story=arguments.story, port=arguments.port)
