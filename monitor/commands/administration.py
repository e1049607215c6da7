"""channels, doctor, erase, migrate, recount, rotate-keys, createuser, login-link: looking after an installation."""

import argparse
import json
from typing import Any

ROLES = ("viewer", "analyst", "agent", "lead", "admin")


def register(commands: Any) -> None:
    _register_watching(commands)
    _register_upkeep(commands)
    _register_people(commands)


def _register_watching(commands: Any) -> None:
    channels = commands.add_parser(
        "channels", help="the connected channels with their health", description="Lists the channels and their health."
    )
    channels.add_argument("--json", action="store_true", help="as JSON, one object a line")
    channels.set_defaults(run=list_channels)

    doctor = commands.add_parser(
        "doctor",
        help="check everything, and say what to do",
        description="Checks configuration, servers, tables, channels and webhooks. Exits 1 when something is broken.",
    )
    doctor.add_argument("--json", action="store_true", help="as JSON, one object a line")
    doctor.set_defaults(run=examine)

    erase = commands.add_parser(
        "erase",
        help="erase a person everywhere, with proof",
        description="Removes what is stored of an author in every room and prints the proof as JSON.",
    )
    erase.add_argument("--platform", metavar="P", required=True, help="e.g. x")
    erase.add_argument("--author", metavar="A", required=True, help="the platform's id of the author, or the handle")
    erase.add_argument("--brand", metavar="B", help="in one brand only, by its short name")
    erase.set_defaults(run=erase_person)


def _register_upkeep(commands: Any) -> None:
    migrate = commands.add_parser(
        "migrate", help="bring the database to this version", description="Makes or changes the tables. Safe to repeat."
    )
    migrate.set_defaults(run=migrate_tables)

    recount = commands.add_parser(
        "recount",
        help="count the trends again from the posts",
        description="Says how many cells of the trends differ from the posts, and counts every post again. Nothing "
        "differs unless something was changed by hand.",
    )
    recount.set_defaults(run=recount_trends)

    rotate = commands.add_parser(
        "rotate-keys",
        help="seal all credentials with the newest key",
        description="After a new key was put first in MENTIONDESK_CREDENTIAL_KEYS: seals every channel's credentials "
        "with it, so that the older keys can be removed.",
    )
    rotate.set_defaults(run=reseal)


def _register_people(commands: Any) -> None:
    create = commands.add_parser(
        "createuser",
        help="let a person in",
        description="Creates a user and prints a one-time login link, where a password can be set.",
    )
    create.add_argument("email", metavar="EMAIL")
    create.add_argument("--name", default="")
    create.add_argument("--brand", metavar="B", help="a brand's short name")
    create.add_argument("--role", choices=ROLES, default="agent", help="the role in that brand (default: agent)")
    create.add_argument("--operator", action="store_true", help="runs the installation and sees every brand")
    create.set_defaults(run=create_person)

    link = commands.add_parser(
        "login-link", help="a one-time login link", description="Prints a one-time login link for a user."
    )
    link.add_argument("email", metavar="EMAIL")
    link.set_defaults(run=print_login_link)


def list_channels(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.brands.models import Channel

        rows = [
            _channel_facts(channel)
            for channel in Channel.objects.select_related("brand")
            .prefetch_related("streams", "conditions")
            .order_by("pk")
        ]
    if arguments.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return 0
    columns = list(_COLUMNS)
    table = [columns, *[[str(row[column] or "-") for column in columns] for row in rows]]
    widths = [max(len(line[number]) for line in table) for number in range(len(columns))]
    for line in table:
        print("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())
    return 0


_COLUMNS = ("id", "brand", "platform", "kind", "name", "state", "connection", "last_success", "last_post", "failures")


def _channel_facts(channel: Any) -> dict[str, Any]:
    streams = list(channel.streams.all())
    conditions = [condition_facts(row) for row in channel.conditions.all()]
    return {
        "id": str(channel.pk),
        "public_id": str(channel.public_id),
        "brand": channel.brand.slug,
        "platform": channel.platform,
        "kind": channel.kind,
        "name": str(channel),
        "state": channel.state_code or channel.state,
        "connection": _connection(conditions),
        "conditions": conditions,
        "last_success": _latest(stream.last_success_at for stream in streams),
        "last_post": _latest(stream.last_post_at for stream in streams),
        "failures": str(sum(stream.failures for stream in streams)),
    }


def condition_facts(row: Any) -> dict[str, str]:
    """One aspect of the connection in plain words, as the channel's page says them."""
    from monitor.alerts.conditions import sentence, what_to_do
    from monitor.brands.selectors import has_login

    return {
        "aspect": row.aspect,
        "state": row.state,
        "code": row.code,
        "says": sentence(row.aspect, row.state, row.code, row.params, has_login=has_login(row.channel)),
        "what_to_do": what_to_do(row.aspect, row.code, row.params),
        "since": row.since.isoformat(timespec="seconds"),
    }


def _connection(conditions: list[dict[str, str]]) -> str:
    """What needs somebody, by code; "ok" where nothing does."""
    trouble = [each for each in conditions if each["state"] in ("warning", "broken")]
    told = ", ".join(f"{each['aspect']}:{each['code']}" for each in trouble)
    return told or ("ok" if conditions else "")


def _latest(moments: Any) -> str:
    known = [moment for moment in moments if moment]
    return max(known).isoformat(timespec="seconds") if known else ""


def find_channel(wanted: str) -> Any:
    """By number or public id. Raises CommandError."""
    from uuid import UUID

    from monitor.brands.models import Channel
    from monitor.commands.failures import CommandError

    try:
        criterion: dict[str, Any] = {"pk": int(wanted)} if wanted.isdigit() else {"public_id": UUID(wanted)}
        return Channel.objects.get(**criterion)
    except (ValueError, Channel.DoesNotExist):
        raise CommandError(f"There is no channel {wanted}: see `mentiondesk channels`.") from None


def examine(arguments: argparse.Namespace) -> int:
    from monitor.commands.examination import examine_all

    findings = examine_all()
    for finding in findings:
        if arguments.json:
            print(json.dumps({"state": finding.state, "subject": finding.subject, "says": finding.says}))
        else:
            print(f"{finding.state:5} {finding.subject}: {finding.says}")
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def erase_person(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.privacy.services import erase_author

        proof = erase_author(platform=arguments.platform, author=arguments.author, brand=arguments.brand)
    print(json.dumps(proof, ensure_ascii=False, indent=2, default=str))
    return 0


def migrate_tables(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.embedded import prepare

    with desk(needs_tables=False):
        missing = prepare.missing_migrations()
        prepare.migrate(verbosity=1 if missing else 0)
    print(f"{missing} migrations applied" if missing else "nothing to migrate")
    return 0


def create_person(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.commands.failures import CommandError

    with desk():
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email
        from django.db import IntegrityError

        from monitor.brands.models import Brand
        from monitor.brands.services import create_user

        try:
            validate_email(arguments.email)
        except ValidationError:
            raise CommandError(f"{arguments.email} is no e-mail address.") from None
        brand = Brand.objects.filter(slug=arguments.brand).first() if arguments.brand else None
        if arguments.brand and brand is None:
            raise CommandError(f"There is no brand {arguments.brand}.")
        if brand is None and not arguments.operator:
            raise CommandError("Say --brand B (and --role R), or --operator for somebody who sees every brand.")
        try:
            user = create_user(
                email=arguments.email,
                brand=brand,
                role=arguments.role,
                name=arguments.name,
                is_operator=arguments.operator,
            )
        except IntegrityError:
            raise CommandError(
                f"{arguments.email} exists already; `mentiondesk login-link {arguments.email}` lets them in again."
            ) from None
        print(_link_for(user))
    return 0


def recount_trends(_arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.trends.selectors import differing_cells
        from monitor.trends.services import rebuild

        wrong = differing_cells()
        print(f"{wrong} cells differed; {rebuild()} posts counted again")
    return 0


def reseal(_arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk

    with desk():
        from monitor.brands.services import rotate_credentials

        print(f"{rotate_credentials()} credentials sealed with the newest key")
    return 0


def print_login_link(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.commands.failures import CommandError

    with desk():
        from monitor.brands.models import User

        user = User.objects.filter(email=arguments.email.lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody with the address {arguments.email} may log in.")
        print(_link_for(user))
    return 0


def _link_for(user: Any) -> str:
    """With the address of the running pages where they run in this home."""
    from monitor.brands import services
    from monitor.embedded.home import Home
    from monitor.embedded.listener import address_of, chosen_host, chosen_port
    from monitor.env import home_folder

    running = Home(home_folder()).read_state().get("web_url")
    address = running or address_of(chosen_host(), chosen_port() or 8000)
    return f"{address}{services.create_login_link(user=user)}"
