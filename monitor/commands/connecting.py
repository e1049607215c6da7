"""connect: one channel of a brand, with credentials from a file or from standard input, never from the command line.

Arguments are seen by every user of the machine and kept in the shell's history; secrets do not belong there.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.commands.failures import CommandError


def register(commands: Any) -> None:
    connect = commands.add_parser(
        "connect",
        help="connect a channel of a brand",
        description="Connects an account, a page or a saved search, or connects it again with new credentials. "
        "Credentials are read as one JSON object (docs/channels.md names the keys), checked with the platform and "
        "sealed. The brand is created where it is missing.",
    )
    connect.add_argument("platform", metavar="PLATFORM", help="x, facebook or instagram")
    connect.add_argument("--brand", metavar="B", required=True, help="the brand's short name")
    connect.add_argument("--id", metavar="ID", required=True, help="the platform's id of the account or page")
    connect.add_argument("--kind", help="account, page or search (default: the platform's first)")
    connect.add_argument("--handle", default="", help="the account's handle, without @")
    connect.add_argument("--query", default="", help="what a saved search looks for")
    connect.add_argument("--market", metavar="M", help="the code of the market that the channel serves")
    connect.add_argument("--poll-seconds", type=int, default=60, help="how often to read it (default: 60)")
    connect.add_argument("--credentials", metavar="FILE", default="-", help="JSON file; - for standard input")
    connect.add_argument("--no-check", action="store_true", help="store them without asking the platform")
    connect.set_defaults(run=connect_one)


def connect_one(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.platforms.registry import get_platform

    declaration = get_platform(arguments.platform).declaration
    kind = arguments.kind or declaration.channel_kinds[0]
    if kind not in declaration.channel_kinds:
        raise CommandError(f"{declaration.name} has channels of the kind {' or '.join(declaration.channel_kinds)}.")
    credentials = _read_credentials(arguments.credentials, declaration.credential_names)
    with desk():
        channel = _connect(arguments, kind, credentials)
        notices = [] if arguments.no_check else _ask_platform(channel)
    print(f"Connected {channel} as channel {channel.pk}.")
    for notice in notices:
        print(f"- {notice.code}: {json.dumps(dict(notice.params), ensure_ascii=False)}")
    return 0


def _read_credentials(source: str, known: tuple[str, ...]) -> Mapping[str, str]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        told = json.loads(text)
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
    except ValueError:
        raise CommandError("The credentials are not one JSON object.") from None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise CommandError("The credentials must be one JSON object of texts.")
    if strange := sorted(set(told) - set(known)):
        raise CommandError(f"Unknown credentials {', '.join(strange)}; known are {', '.join(known)}.")
    if not told:
        raise CommandError(f"No credentials were given; known are {', '.join(known)}.")
    return told


def _connect(arguments: argparse.Namespace, kind: str, credentials: Mapping[str, str]) -> Any:
    from monitor.brands import services
    from monitor.brands.models import Brand, Market
    from monitor.replies.services import load_articles

    brand = Brand.objects.filter(slug=arguments.brand).first()
    if brand is None:
        brand = services.create_brand(slug=arguments.brand, name=arguments.brand.replace("-", " ").title())
        load_articles(brand=brand)
    market = None
    if arguments.market:
        market = Market.objects.filter(brand=brand, code=arguments.market).first()
        if market is None:
            raise CommandError(f"{brand} has no market {arguments.market}.")
    return services.connect_channel(
        brand=brand,
        platform=arguments.platform,
        kind=kind,
        external_id=arguments.id,
        credentials=credentials,
        handle=arguments.handle.removeprefix("@"),
        query=arguments.query,
        market=market,
        poll_seconds=arguments.poll_seconds,
    )


def _ask_platform(channel: Any) -> list[Any]:
    """A refusal leaves the channel as it says, so that nothing is polled with credentials that do not work."""
    from monitor.brands.models import ChannelState
    from monitor.brands.selectors import channel_context
    from monitor.brands.services import set_channel_state
    from monitor.platforms.base import NullBudget
    from monitor.platforms.errors import AuthExpiredError, PlatformError
    from monitor.platforms.registry import get_platform

    try:
        return list(get_platform(channel.platform).connect(channel_context(channel), NullBudget()).check())
    except AuthExpiredError as error:
        set_channel_state(channel_id=channel.pk, state=ChannelState.NEEDS_REAUTH, code="auth_expired")
        raise CommandError(f"The platform does not accept these credentials: {error.message}") from error
    except PlatformError as error:
        raise CommandError(
            f"Stored as channel {channel.pk}, but the platform could not be asked: {error.message}"
        ) from error
