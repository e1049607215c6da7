"""bench: the product's speed beside a baseline measured in the same run, as one JSON object."""

import argparse
import json
from pathlib import Path
from typing import Any

from monitor.commands.failures import CommandError

MODULES = {
    "analysis": ("monitor.nlp.bench", "bench_analysis"),
    "few-shot": ("monitor.nlp.few_shot", "bench_few_shot"),
    "inbox": ("monitor.inbox.bench", "bench_ingest"),
    "pipeline": ("monitor.replies.bench", "bench_pipeline"),
    "webhooks": ("monitor.api.bench", "bench_webhooks"),
    "trends": ("monitor.trends.bench", "bench_trends"),
    "export": ("monitor.trends.bench", "bench_export"),
}
#: Those that measure files which somebody has to give.
OF_FILES = {"few-shot"}


def register(commands: Any) -> None:
    bench = commands.add_parser(
        "bench",
        help="figures and their baseline, as JSON",
        description="Measures one part and its baseline in the same run, and prints one JSON object. What needs a "
        "database gets one of its own, which is removed afterwards.",
    )
    bench.add_argument("subject", choices=list(MODULES))
    bench.add_argument("--examples", metavar="FILE", help="few-shot: the labelled TSV from which examples are drawn")
    bench.add_argument("--judged", metavar="FILE", help="few-shot: the labelled TSV that judges them")
    bench.add_argument("--label", metavar="COLUMN", default="topic", help="few-shot: the column (default: topic)")
    bench.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    module, name = MODULES[arguments.subject]
    if arguments.subject == "few-shot":
        return _bench_few_shot(arguments)
    if arguments.subject == "analysis":
        return _bench_analysis()
    from monitor.commands.bench_database import bench_database

    with bench_database():
        print(json.dumps(getattr(import_module(module), name)()))
    return 0


def _bench_analysis() -> int:
    from monitor.nlp.bench import BenchError, bench_analysis

    try:
        figures = bench_analysis()
    except BenchError as error:
        raise CommandError(str(error)) from error
    print(json.dumps(figures))
    return 0


def _bench_few_shot(arguments: argparse.Namespace) -> int:
    if not (arguments.examples and arguments.judged):
        raise CommandError("bench few-shot needs --examples FILE and --judged FILE: two labelled TSV files.")
    from monitor.nlp.few_shot import FewShotError, bench_few_shot

    try:
        figures = bench_few_shot(Path(arguments.examples), Path(arguments.judged), arguments.label)
    except FewShotError as error:
        raise CommandError(str(error)) from error
    print(json.dumps(figures))
    return 0
