"""Makes the database ready for a run: tables, the demo brand where there is no brand yet, and a way in.

`python -m monitor.embedded.prepare [--demo SIMULATOR_ADDRESS]` prints one JSON object.
"""

import argparse
import json
import os
import sys
from typing import Any


def set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    import django

    django.setup()


def migrate(*, verbosity: int = 0) -> None:
    """Brings the tables to the state of this code. Safe to run at any time, and from two places at once."""
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        # Two programs that migrate at once would trip over each other; the second one finds nothing left to do.
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=verbosity, stdout=sys.stderr)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


MIGRATION_LOCK = 7_236_001


def missing_migrations() -> int:
    """How many migrations the database lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def prepare(simulator_address: str) -> dict[str, Any]:
    """What `stack.Prepared` holds. The demo brand is made only where there is no brand at all."""
    from monitor.brands.models import Brand

    migrate()
    if simulator_address and not Brand.objects.exists():
        from monitor.demo.setup import create_demo

        create_demo(simulator_address)
    has_demo = Brand.objects.filter(is_demo=True).exists()
    if has_demo and simulator_address:
        from monitor.demo.setup import point_demo_at

        point_demo_at(simulator_address)
    return {"has_demo": has_demo, "login_path": _login_path()}


def _login_path() -> str:
    """A one-time login for whoever sits at this machine: the first operator, made here where there is none."""
    from monitor.brands import services
    from monitor.brands.models import User

    operator = User.objects.filter(is_operator=True, is_active=True).order_by("pk").first()
    if operator is None:
        operator = services.create_user(email="operator@localhost", name="Operator", is_operator=True)
    return services.create_login_link(user=operator)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.embedded.prepare", description=__doc__)
    parser.add_argument("--demo", default="", metavar="ADDRESS", help="where the simulated platforms answer")
    address = parser.parse_args().demo
    set_up_django()
    print(json.dumps(prepare(address)))  # noqa: T201 - the answer to the supervisor


if __name__ == "__main__":
    main()
