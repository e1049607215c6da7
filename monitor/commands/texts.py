"""analyze, suggest, spikes, evaluate: stateless, no database and no servers."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO


def register(commands: Any) -> None:
    analyze = commands.add_parser(
        "analyze",
        help="what posts say, a line of JSON each",
        description="Reads JSONL or TSV, writes JSONL, a line a post in the same order. Needs no database.",
    )
    analyze.add_argument("file", nargs="?", default="-", metavar="FILE", help="JSONL or TSV; - or nothing: standard in")
    analyze.add_argument(
        "--topics",
        metavar="FILE",
        help="topics of your own by example posts: TSV with topic and text, or JSONL; three posts a topic at least",
    )
    analyze.set_defaults(run=analyze_posts)

    suggest = commands.add_parser(
        "suggest",
        help="the suggested reply for a text",
        description="Prints the suggested reply as JSON, with its language rule, sources and the guard's verdict.",
    )
    suggest.add_argument("text", metavar="TEXT", help="the text itself, or a file that holds it")
    suggest.set_defaults(run=suggest_reply)

    spikes = commands.add_parser(
        "spikes",
        help="where a series leaves its baseline",
        description="Reads CSV or TSV, writes JSONL: a row's score uses no later row. Missing buckets are holes.",
    )
    spikes.add_argument("file", metavar="FILE", help="CSV or TSV with a header; -: standard input")
    spikes.add_argument("--time", metavar="COLUMN", help="the column with the time (ISO 8601)")
    spikes.add_argument("--value", metavar="COLUMN", help="the column with the value")
    spikes.set_defaults(run=judge_spikes)

    evaluate = commands.add_parser(
        "evaluate",
        help="how good the analysis is on a labelled file",
        description="Prints the table of measures for the labels that the file has, each with its 95 % interval. "
        "Columns are named after what is measured: complaint, topic, severity, sentiment, intent, needs_reply, "
        "escalate, audience, lang; a rating of 1 to 5 stars is read as sentiment. Rows that cannot be read and labels "
        "that are none of ours are counted and told below the table.",
    )
    evaluate.add_argument("file", metavar="FILE", type=Path, help="JSONL or TSV with `text` and label columns")
    evaluate.set_defaults(run=evaluate_labels)


def analyze_posts(arguments: argparse.Namespace) -> int:
    from monitor.commands.progress import Progress, count_lines, say
    from monitor.nlp.stream import run_analyze

    with open_text(arguments.file) as source:
        total = None if arguments.file == "-" else count_lines(Path(arguments.file))
        with Progress("posts analysed", total) as progress:
            # On a terminal the answers themselves are seen to come; a bar between them would only be in the way.
            shown = None if sys.stdout.isatty() else progress
            counts = run_analyze(source, sys.stdout, topics_path=arguments.topics, report=progress, progress=shown)
    if counts.bad:
        say(f"{counts.bad} of {counts.bad + counts.analyzed} rows were put aside: see the lines above.")
    return 0


@contextmanager
def open_text(name: str) -> Iterator[TextIO]:
    """A file, or standard input for "-". What is no UTF-8 becomes U+FFFD, so that one bad byte stops nothing."""
    from monitor.commands.posts import require_file

    if name == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        yield sys.stdin
        return
    require_file(Path(name))
    with open(name, encoding="utf-8", errors="replace") as file:
        yield file


def suggest_reply(arguments: argparse.Namespace) -> int:
    import json

    from monitor.commands.stateless import set_up_django
    from monitor.text.clean import clean

    set_up_django()
    from monitor.replies.suggest import suggest_text

    print(json.dumps(suggest_text(clean(text_or_file(arguments.text))), ensure_ascii=False, indent=2))
    return 0


def text_or_file(given: str) -> str:
    """The content of a file of that name where there is one, else the text as it was given."""
    try:
        path = Path(given)
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        # A long text is no file name.
        pass
    return given


def evaluate_labels(arguments: argparse.Namespace) -> int:
    from monitor.commands.posts import require_file
    from monitor.commands.progress import Progress
    from monitor.nlp.evaluation import evaluate_file, print_report

    require_file(arguments.file)
    with Progress("posts analysed") as progress:
        report = evaluate_file(arguments.file, progress=progress)
    print_report(report, sys.stdout)
    return 0


def judge_spikes(arguments: argparse.Namespace) -> int:
    from monitor.commands.failures import CommandError
    from monitor.trends.spikes import SpikeInputError, run_spikes

    try:
        with open_text(arguments.file) as source:
            run_spikes(source, sys.stdout, time_column=arguments.time, value_column=arguments.value)
    except SpikeInputError as error:
        raise CommandError(str(error)) from None
    return 0
