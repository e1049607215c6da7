"""analyze, suggest, evaluate: stateless, no database and no servers."""

import argparse
import sys
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    analyze = commands.add_parser(
        "analyze",
        help="what posts say, a line of JSON each",
        description="Reads JSONL or TSV, writes JSONL, a line a post in the same order. Needs no database.",
    )
    analyze.add_argument("file", nargs="?", default="-", metavar="FILE", help="JSONL or TSV; - or nothing: standard in")
    analyze.add_argument("--topics", type=Path, metavar="FILE", help="topics of your own (YAML)")
    analyze.set_defaults(run=analyze_posts)

    suggest = commands.add_parser(
        "suggest",
        help="the suggested reply for a text",
        description="Prints the suggested reply as JSON, with its language rule, sources and the guard's verdict.",
    )
    suggest.add_argument("text", metavar="TEXT", help="the text itself, or a file that holds it")
    suggest.set_defaults(run=suggest_reply)

    evaluate = commands.add_parser(
        "evaluate",
        help="how good the analysis is on a labelled file",
        description="Prints the table of measures for the labels that the file has.",
    )
    evaluate.add_argument("file", metavar="FILE", type=Path, help="JSONL or TSV with `text` and label columns")
    evaluate.set_defaults(run=evaluate_labels)


def analyze_posts(arguments: argparse.Namespace) -> int:
    from monitor.commands.posts import require_file
    from monitor.nlp.stream import run_analyze

    if arguments.file != "-":
        require_file(Path(arguments.file))
    return run_analyze(arguments.file, topics=arguments.topics, out=sys.stdout) or 0


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
    from monitor.nlp.evaluation import print_report

    require_file(arguments.file)
    print_report(arguments.file)
    return 0
