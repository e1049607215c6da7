"""import and export: posts in, tables out."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

KINDS = ("trends", "cases", "posts")
FORMATS = ("csv", "xlsx", "parquet", "jsonl", "png")


def register(commands: Any) -> None:
    from monitor.inbox.columns import COLUMNS_HELP

    importing = commands.add_parser(
        "import",
        help="posts from JSONL, CSV or TSV",
        description="Stores every post of the file once; a second import of the same file adds none. A bad row is "
        "counted, reported with its line and put aside. The brand is created where it is missing. " + COLUMNS_HELP,
    )
    importing.add_argument("file", metavar="FILE", type=Path, help="JSONL, CSV or TSV; the column `text` is needed")
    importing.add_argument("--brand", metavar="B", required=True, help="the brand's short name (letters, digits, -)")
    importing.add_argument("--platform", metavar="P", default="import", help="where the posts are from, e.g. x")
    importing.add_argument(
        "--may-teach", action=argparse.BooleanOptionalAction, default=None,
        help="the terms of this source allow that the brand's model learns from corrections of its posts; kept for the "
        "platform's word until it is said otherwise (at first: not)",
    )  # fmt: skip
    importing.add_argument(
        "--live", action="store_true", help="treat them as just arrived: clocks, alerts and spikes count them"
    )
    importing.set_defaults(run=import_posts)

    exporting = commands.add_parser(
        "export",
        help="trends, cases or posts as a file",
        description="Writes a table as a file; png draws the trends. The columns are described in docs/exports.md.",
    )
    exporting.add_argument("kind", choices=KINDS)
    exporting.add_argument("--format", choices=FORMATS, default="csv")
    exporting.add_argument("--out", metavar="FILE", type=Path, required=True)
    exporting.add_argument("--brand", metavar="B", help="one brand only, by its short name")
    exporting.add_argument("--since", metavar="DATE", type=moment, help="ISO 8601, e.g. 2026-01-31; that moment counts")
    exporting.add_argument("--until", metavar="DATE", type=moment, help="ISO 8601; that moment does not count")
    exporting.add_argument(
        "--with-people", action="store_true", help="with authors, addresses, private messages and unmasked texts"
    )
    exporting.set_defaults(run=export_table)


def moment(text: str) -> datetime:
    """An aware time; a date alone is its first moment in UTC."""
    from datetime import UTC

    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date or time in ISO 8601 (2026-01-31)") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def import_posts(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.commands.failures import CommandError
    from monitor.commands.progress import Progress, count_lines

    require_file(arguments.file)
    with desk():
        from monitor.inbox.importing import ImportFileError, import_file

        try:
            with (
                _articles_for_a_new_brand(arguments.brand),
                Progress("rows read", count_lines(arguments.file)) as progress,
            ):
                report = import_file(
                    arguments.file,
                    brand_slug=arguments.brand,
                    platform=arguments.platform,
                    is_live=arguments.live,
                    may_teach=arguments.may_teach,
                    progress=progress,
                )
        except ImportFileError as error:
            raise CommandError(str(error)) from error
    print(report)
    if not report.can_teach and arguments.may_teach is None:
        _tell_of_teaching(report.platform)
    return 0


def _tell_of_teaching(platform: str) -> None:
    """Once a file: nobody should wonder later why `learn` leaves these out."""
    from monitor.commands.progress import say
    from monitor.platforms.registry import asks_about_learning, may_be_allowed

    if may_be_allowed(platform) or platform in asks_about_learning():
        say(f"Corrections of “{platform}” posts teach nothing. If the terms of their source allow it, import with "
            "--may-teach and a --platform of its own.")  # fmt: skip


@contextmanager
def _articles_for_a_new_brand(slug: str) -> Iterator[None]:
    """A brand that comes into being meanwhile gets the articles that suggestions draw on, however the import ends.

    The import itself cannot load them: the inbox knows nothing of replies.
    """
    from monitor.brands.models import Brand
    from monitor.replies.services import load_articles

    is_new = not Brand.objects.filter(slug=slug).exists()
    try:
        yield
    finally:
        if is_new and (brand := Brand.objects.filter(slug=slug).first()):
            load_articles(brand=brand)


def require_file(path: Path) -> None:
    """Raises CommandError before any server is started for nothing."""
    from monitor.commands.failures import CommandError

    if not path.exists():
        raise CommandError(f"There is no file {path}.")
    if path.is_dir():
        raise CommandError(f"{path} is a folder, not a file.")


def export_table(arguments: argparse.Namespace) -> int:
    from monitor.commands.desk import desk
    from monitor.commands.failures import CommandError, WrongWishError
    from monitor.commands.progress import Progress

    if arguments.format == "png" and arguments.kind != "trends":
        raise WrongWishError(f"Only trends can be drawn as png; {arguments.kind} can be csv, xlsx, parquet or jsonl.")
    with desk():
        from monitor.trends.exports import ExportError, export

        try:
            with Progress("rows written") as progress:
                rows = export(
                    arguments.kind,
                    format=arguments.format,
                    out=arguments.out,
                    since=arguments.since,
                    until=arguments.until,
                    brand=arguments.brand,
                    with_people=arguments.with_people,
                    progress=progress,
                )
        except ExportError as error:
            raise CommandError(str(error)) from None
        _note_export(arguments, rows)
    print(f"{rows} rows written to {arguments.out}")
    return 0


def _note_export(arguments: argparse.Namespace, rows: int) -> None:
    """In the audit log, as an export by the console or the API is."""
    from monitor.audit.services import record
    from monitor.brands.models import Brand

    brand = Brand.objects.get(slug=arguments.brand) if arguments.brand else None
    record(
        act="export",
        brand_id=brand.pk if brand else None,
        actor_kind="system",
        subject=brand,
        params={
            "kind": arguments.kind,
            "format": arguments.format,
            "rows": rows,
            "with_people": arguments.with_people,
        },
    )
