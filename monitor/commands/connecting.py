"""connect: one channel of a brand, with credentials from a file or from standard input, never from the command line.

Arguments are seen by every user of the machine and kept in the shell's history; secrets do not belong there.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.commands.asking import ask_platform, judge_notice
from monitor.commands.failures import CommandError
from monitor.commands.findings import BAD
from monitor.commands.progress import say
from monitor.platforms.base import Declaration
from monitor.platforms.origins import forbidding_platform
from monitor.platforms.registry import platform_codes


def register(commands: Any) -> None:
    connect = commands.add_parser(
        "connect",
        help="connect a channel of a brand",
        description="Connects an account, a page or a saved search, or connects it again with new credentials. "
        "Credentials are read as one JSON object (docs/channels.md names the keys), checked with the platform and "
        "sealed. The brand is created where it is missing. Connected again, a channel keeps what is not said anew.",
    )
    connect.add_argument("platform", metavar="PLATFORM", help=", ".join(platform_codes()))
    connect.add_argument("--brand", metavar="B", required=True, help="the brand's short name")
    connect.add_argument(
        "--id", metavar="ID", required=True, help="the platform's id of it, or the address of the feed"
    )
    connect.add_argument("--kind", help="what kind of channel (default: the platform's first)")
    connect.add_argument("--handle", help="the account's handle, without @")
    connect.add_argument("--query", help="what a saved search looks for, or a feed is sifted for")
    connect.add_argument("--market", metavar="M", help="the code of the market that the channel serves")
    connect.add_argument("--poll-seconds", metavar="N", type=_seconds, help="how often to read it")
    connect.add_argument("--credentials", metavar="FILE", help="JSON file; - or nothing: standard input, where needed")
    connect.add_argument(
        "--read-back", metavar="DAYS", type=_read_back_days, help="how much history to begin with: 0, 7, 30 …"
    )
    connect.add_argument(
        "--may-teach", action=argparse.BooleanOptionalAction, default=None,
        help="of a feed: the publisher's terms allow that the brand's model learns from corrections of its posts; kept "
        "until it is said otherwise (at first: not)",
    )  # fmt: skip
    connect.add_argument("--no-check", action="store_true", help="store them without asking the platform")
    connect.set_defaults(run=connect_one)


def connect_one(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.platforms.registry import get_platform

    declaration = get_platform(arguments.platform).declaration
    kind = arguments.kind or declaration.channel_kinds[0]
    if kind not in declaration.channel_kinds:
        raise CommandError(f"{declaration.name} has channels of the kind {' or '.join(declaration.channel_kinds)}.")
    _check_may_teach(arguments, declaration)
    credentials = _read_credentials(arguments.credentials, declaration)
    with desk():
        channel = _connect(arguments, kind, credentials, declaration.poll_seconds)
        notices = [] if arguments.no_check else _check_with_platform(channel)
    judged = [judge_notice(notice) for notice in notices]
    print(f"Connected {channel} as channel {channel.pk}.")
    if declaration.learning_asked and not channel.may_teach and arguments.may_teach is None:
        say("Corrections of its posts teach nothing. If the publisher's terms allow it, connect it once more with "
            "--may-teach.")  # fmt: skip
    for state, says in judged:
        print(f"{state}: {says}")
    return 1 if any(state == BAD for state, _ in judged) else 0


def _check_may_teach(arguments: argparse.Namespace, declaration: Declaration) -> None:
    if arguments.may_teach is not None and not declaration.learning_asked:
        raise CommandError(f"--may-teach is for feeds: of {declaration.name} its own terms decide.")
    if arguments.may_teach and (forbidding := forbidding_platform(arguments.id)):
        says = f"This feed shows posts of {forbidding}, whose terms do not allow a model to learn from them."
        raise CommandError(f"{says} Connect it without --may-teach.")


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds from 1 to 86400")
    return int(text)


def _read_back_days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text[:9]) <= 3650:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of days from 0 to 3650")
    return int(text)


def _read_credentials(source: str | None, declaration: Declaration) -> Mapping[str, str]:
    known = declaration.credential_names
    if source is None:
        if not declaration.needs_credentials:
            return {}
        source = "-"
    if source == "-" and sys.stdin.isatty():
        say("Type the credentials as one JSON object, then Ctrl-D:")
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


def _connect(arguments: argparse.Namespace, kind: str, credentials: Mapping[str, str], poll_seconds: int) -> Any:
    from monitor.brands import services
    from monitor.brands.models import Brand, Channel, Market
    from monitor.replies.services import load_articles

    longest = Channel._meta.get_field("external_id").max_length
    if longest and len(arguments.id) > longest:
        raise CommandError(f"The id is longer than {longest} characters.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", arguments.brand):
        raise CommandError(f"{arguments.brand!r} is no short name: small letters, digits and hyphens only.")
    brand = Brand.objects.filter(slug=arguments.brand).first()
    market = None
    if arguments.market:
        market = Market.objects.filter(brand=brand, code=arguments.market).first()
        if market is None:
            raise CommandError(f"{arguments.brand} has no market {arguments.market}.")
    if brand is None:
        brand = services.create_brand(slug=arguments.brand, name=arguments.brand.replace("-", " ").title())
        load_articles(brand=brand)
    known = Channel.objects.filter(
        brand=brand, platform=arguments.platform, kind=kind, external_id=arguments.id
    ).first() or Channel(poll_seconds=poll_seconds)
    query = known.query if arguments.query is None else arguments.query.strip()
    if kind == "search" and not query:
        raise CommandError("A search needs --query: the words to look for.")
    return services.connect_channel(
        brand=brand,
        platform=arguments.platform,
        kind=kind,
        external_id=arguments.id,
        credentials=credentials,
        handle=known.handle if arguments.handle is None else arguments.handle.removeprefix("@"),
        name=known.name,
        query=query,
        api_url=known.api_url,
        market=market or known.market,
        poll_seconds=arguments.poll_seconds or known.poll_seconds,
        daily_cap_micros=known.daily_cap_micros,
        first_days=arguments.read_back,
        may_teach=arguments.may_teach,
    )


def _check_with_platform(channel: Any) -> list[Any]:
    """A refusal leaves the channel as it says, so that nothing is polled with credentials that do not work."""
    from monitor.brands.models import ChannelState
    from monitor.brands.services import set_channel_state
    from monitor.platforms.budget import NullBudget
    from monitor.platforms.errors import AuthExpiredError, PlatformError, RejectedError

    try:
        return list(ask_platform(channel, NullBudget()))
    except AuthExpiredError as error:
        set_channel_state(channel_id=channel.pk, state=ChannelState.NEEDS_REAUTH, code="auth_expired")
        raise CommandError(f"The platform does not accept these credentials: {error.message}") from error
    except RejectedError as error:
        set_channel_state(
            channel_id=channel.pk, state=ChannelState.BLOCKED, code=error.code, params={"detail": error.message}
        )
        raise CommandError(f"The platform refuses what these credentials ask for: {error.message}") from error
    except PlatformError as error:
        raise CommandError(
            f"Stored as channel {channel.pk}, but the platform could not be asked: {error.message}"
        ) from error
