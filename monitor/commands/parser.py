"""The whole command line, put together from the groups."""

import argparse
import sys
from typing import Any, NoReturn

from monitor import __version__
from monitor.commands import administration, backups, connecting, measuring, posts, rereading, running, teaching, texts

GROUPS = (running, posts, texts, teaching, connecting, rereading, administration, backups, measuring)


class Parser(argparse.ArgumentParser):
    """Says a wrong command line in one sentence; argparse alone prints the whole usage first."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(prog="mentiondesk", description="Watches what people say of a brand and helps its team answer.")
    parser.add_argument("--version", action="version", version=f"mentiondesk {__version__}")
    commands: Any = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for group in GROUPS:
        group.register(commands)
    if sys.version_info >= (3, 14):
        parser.color = False
    return parser
