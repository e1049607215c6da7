"""read-back, replay: a stretch of a channel is read again, from the platform or from our own journal."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.commands.administration import find_channel
from monitor.commands.failures import CommandError
from monitor.commands.progress import Progress


def register(commands: Any) -> None:
    back = commands.add_parser(
        "read-back",
        help="read a channel's history",
        description="Reads what was written before, behind everything else: it opens no clocks, and nobody is written "
        "to because of it. At most half of the channel's calls and of its daily cap are spent on it.",
    )
    back.add_argument("--channel", metavar="C", required=True, help="a channel's number (see `mentiondesk channels`)")
    back.add_argument(
        "--days", metavar="N", type=_days, help="how far back; left out: shows what each depth would cost"
    )
    back.set_defaults(run=read_back)

    replay = commands.add_parser(
        "replay",
        help="read the journal of a channel again, or deliveries that nobody could read",
        description="Interprets again what a platform told us since then, as it stands in the journal, word for word. "
        "Posts that are there stay as they are; what was deleted or erased stays away. Safe to repeat.",
    )
    what = replay.add_mutually_exclusive_group(required=True)
    what.add_argument("--channel", metavar="C", help="a channel's number (see `mentiondesk channels`); with --since")
    what.add_argument(
        "--deliveries", action="store_true", help="webhooks of all platforms that this version could not read before"
    )
    replay.add_argument("--since", metavar="T", type=_moment, help="2026-11-01, 2026-11-01T10:00, or 24h, 7d")
    replay.set_defaults(run=replay_either)


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 3650:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 3650")
    return int(text)


def _moment(text: str) -> datetime:
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and len(number) < 6 and unit in ("h", "d"):
        return datetime.now(UTC) - (timedelta(hours=int(number)) if unit == "h" else timedelta(days=int(number)))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 2026-11-01, 2026-11-01T10:00, 24h or 7d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_back(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.inbox.services import request_reading_back

        channel = find_channel(arguments.channel)
        if arguments.days is None:
            return _print_prices(channel)
        try:
            made = request_reading_back(channel=channel, days=arguments.days, user=None)
        except ValueError:
            raise CommandError(f"{channel.platform} shows no history on demand.") from None
    if not made:
        raise CommandError("History of this channel is being read already: see its page.")
    for reading in made:
        print(f"{reading.stream}: read back to {reading.since:%Y-%m-%d %H:%M} UTC, behind everything else")
    return 0


def _print_prices(channel: Any) -> int:
    from monitor.inbox.completeness import depths

    offered = depths(channel)
    if not offered:
        raise CommandError(f"{channel.platform} shows no history on demand.")
    for depth in offered:
        span = f"{depth.days} days" if depth.days else "as far as the platform goes"
        posts = "posts unknown" if depth.posts is None else f"about {depth.posts} posts"
        price = "price unknown" if depth.micros is None else f"${depth.micros / 1_000_000:.2f}"
        print(f"{span}: {posts}, {price}")
    return 0


def replay_either(arguments: argparse.Namespace) -> int:
    if arguments.deliveries:
        return replay_deliveries()
    if arguments.since is None:
        raise CommandError("Say from when on: --since 24h, 7d, or 2026-11-01.")
    return replay_journal(arguments)


def replay_deliveries() -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.api.models import HeldDelivery
        from monitor.api.services import retake_deliveries, take_deliveries

        count = retake_deliveries()
        while take_deliveries():
            pass
        left = HeldDelivery.objects.exclude(reason_code="").count()
    print(f"{count} deliveries were read again; {left} still cannot be read and stay.")
    return 0


def replay_journal(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.inbox.services import request_replay, reread_some
        from monitor.inbox.services.rereading import journal_reaches_back_to

        channel = find_channel(arguments.channel)
        made = request_replay(channel=channel, since=arguments.since, user=None)
        if not made:
            raise CommandError("The journal of this channel is being read already: see its page.")
        with Progress("Replayed") as progress:
            while reread_some(rereading_id=made[0].pk) is not None:
                made[0].refresh_from_db()
                progress(made[0].seen)
        made[0].refresh_from_db()
    if arguments.since < journal_reaches_back_to():
        print(f"The journal begins at {journal_reaches_back_to():%Y-%m-%d} (MENTIONDESK_JOURNAL_RETENTION_DAYS).")
    print(f"{made[0].seen} updates were read again; {made[0].stored} posts are new.")
    return 0 if made[0].state == "done" else 1
