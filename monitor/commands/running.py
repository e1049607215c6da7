"""run, work, collect, simulate: what does the work."""

import argparse
import subprocess
import sys
from typing import Any


def register(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="everything on this machine: servers, web pages, workers",
        description="Starts everything on this machine and shows the address with a one-time login link. "
        "MENTIONDESK_PORT and MENTIONDESK_HOST choose the address, MENTIONDESK_HOME the folder.",
    )
    run.add_argument("--empty", action="store_true", help="without the demo brand and its simulated platforms")
    run.set_defaults(run=run_everything)

    work = commands.add_parser(
        "work",
        help="do everything that is pending, then exit",
        description="Collects, analyses, opens cases, suggests and sends whatever waits in the database. "
        "Needs no broker.",
    )
    work.add_argument("--forever", action="store_true", help="go on until stopped (this is the sweeper)")
    work.set_defaults(run=work_on_pending)

    collect = commands.add_parser(
        "collect",
        help="one collection round",
        description="Reads what is new from every channel, or from one, and stores it.",
    )
    collect.add_argument("--channel", metavar="C", help="a channel's number or public id (see `mentiondesk channels`)")
    collect.set_defaults(run=collect_once)

    simulate = commands.add_parser(
        "simulate",
        help="the simulated platforms alone",
        description="Serves the simulated platforms with a story that plays by itself (docs/simulators.md).",
    )
    simulate.add_argument(
        "story", nargs="?", metavar="STORY", help="a story file (YAML), or outage, flood, regret; left out: the demo's"
    )
    simulate.add_argument(
        "--push-to",
        metavar="ADDRESS",
        default="",
        help="a desk of this machine, as http://127.0.0.1:8000, to whose webhooks everything is pushed",
    )
    simulate.add_argument("--check", action="store_true", help="only say whether the story can be played")
    simulate.add_argument("--port", type=int, default=8900, help="on the loopback address (default: 8900)")
    simulate.set_defaults(run=simulate_platforms)


def run_everything(arguments: argparse.Namespace) -> int:
    from monitor.commands.progress import say
    from monitor.embedded.stack import run_everything as start

    start(with_demo=not arguments.empty, say=say, show=lambda address: print(address, flush=True))
    return 0


def work_on_pending(arguments: argparse.Namespace) -> int:
    """In a program of its own: this side never imports `workers`."""
    from monitor.commands.desk import desk

    with desk(is_service=arguments.forever):
        command = [sys.executable, "-m", "workers.sweep", *(["--forever"] if arguments.forever else [])]
        return run_beside(command)


def run_beside(command: list[str]) -> int:
    """Runs a program to its end and passes a Ctrl-C or SIGTERM on to it, once."""
    import signal

    from monitor.embedded.programs import death_signal

    with subprocess.Popen(command, preexec_fn=death_signal(signal.SIGTERM), start_new_session=True) as program:
        try:
            status = program.wait()
        except (KeyboardInterrupt, SystemExit):
            program.terminate()
            program.wait()
            raise
    return 0 if status == 0 else 1


def collect_once(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.commands.failures import CommandError

    with desk():
        from monitor.inbox import services

        streams = _streams(arguments.channel)
        if not streams:
            raise CommandError("There is no channel to collect from: connect one with `mentiondesk connect` first.")
        failed = 0
        for channel, stream in streams:
            report = services.collect_channel(channel_id=channel.pk, stream=stream)
            outcome = report.error or ("skipped" if report.skipped else f"{report.ingested.stored} new posts")
            failed += bool(report.error)
            print(f"{channel.pk}\t{channel.platform}\t{channel}\t{stream}\t{outcome}")
        return 1 if failed else 0


def _streams(wanted: str | None) -> list[tuple[Any, str]]:
    from monitor.brands.models import ChannelStream
    from monitor.commands.administration import find_channel

    streams = ChannelStream.objects.select_related("channel").order_by("channel_id", "name")
    if wanted:
        streams = streams.filter(channel=find_channel(wanted))
    return [(stream.channel, stream.name) for stream in streams]


def _check_story(wanted: str | None) -> int:
    from monitor.simulators.story import DEMO_STORY, find_story, load_story

    path = find_story(wanted) if wanted else DEMO_STORY
    story = load_story(path)
    print(f"{path.name}: {len(story.opening)} posts at the opening, {len(story.entries)} steps")
    return 0


def simulate_platforms(arguments: argparse.Namespace) -> int:
    from monitor.commands.failures import CommandError
    from monitor.env import read_text
    from monitor.simulators import serve
    from monitor.simulators.story import StoryError

    try:
        if arguments.check:
            return _check_story(arguments.story)
        secret = read_text("MENTIONDESK_DEMO_PUSH_SECRET")
        serve(story=arguments.story, port=arguments.port, push_to=arguments.push_to, push_secret=secret)
    except (StoryError, FileNotFoundError, IsADirectoryError) as error:
        raise CommandError(str(error)) from error
    return 0
