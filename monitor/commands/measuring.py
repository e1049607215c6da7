"""bench: the product's speed beside a baseline measured in the same run, as one JSON object."""

import argparse
import json
from typing import Any

MODULES = {
    "analysis": ("monitor.nlp.bench", "bench_analysis"),
    "inbox": ("monitor.inbox.bench", "bench_ingest"),
    "pipeline": ("monitor.replies.bench", "bench_pipeline"),
    "webhooks": ("monitor.api.bench", "bench_webhooks"),
    "trends": ("monitor.trends.bench", "bench_trends"),
    "export": ("monitor.trends.bench", "bench_export"),
}


def register(commands: Any) -> None:
    bench = commands.add_parser(
        "bench",
        help="figures and their baseline, as JSON",
        description="Measures one part and its baseline in the same run, and prints one JSON object. What needs a "
        "database gets one of its own, which is removed afterwards.",
    )
    bench.add_argument("subject", choices=list(MODULES))
    bench.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    module, name = MODULES[arguments.subject]
    if arguments.subject == "analysis":
        print(json.dumps(getattr(import_module(module), name)()))
        return 0
    from monitor.commands.bench_database import bench_database

    with bench_database():
        print(json.dumps(getattr(import_module(module), name)()))
    return 0
