"""backup and restore: database, keys and exports in one file."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    backup = commands.add_parser(
        "backup",
        help="database, keys and exports into one file",
        description="Writes one tar file with a manifest and checksums. It can be made while everything runs. It holds "
        "the keys, so keep it as safe as them.",
    )
    backup.add_argument(
        "file", nargs="?", metavar="FILE", type=Path, help="default: mentiondesk-TIME.tar in this folder"
    )
    backup.set_defaults(run=make)

    restore = commands.add_parser(
        "restore",
        help="put a backup back",
        description="Proves the whole file first, then restores it. Refuses to replace what somebody has set up, "
        "unless --force says so.",
    )
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument("--force", action="store_true", help="replace what is there")
    restore.set_defaults(run=put_back)


def make(arguments: argparse.Namespace) -> int:
    from monitor.commands.failures import CommandError
    from monitor.commands.progress import say
    from monitor.embedded.archive import make_backup
    from monitor.embedded.database_tools import Database
    from monitor.embedded.home import Home
    from monitor.embedded.session import servers

    out: Path = arguments.file or Path(f"mentiondesk-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise CommandError(f"{out} cannot be written: name a file in a folder that exists.")
    with servers(announce=say) as found:
        home = Home(found.home)
        home.open_folders()
        made = make_backup(home, Database(found.database_url), out)
    print(f"{made.path}: {made.files} files, {made.size_bytes:,} bytes")
    return 0


def put_back(arguments: argparse.Namespace) -> int:
    from monitor.commands.posts import require_file
    from monitor.commands.progress import say
    from monitor.embedded import prepare
    from monitor.embedded.archive import unpacked
    from monitor.embedded.database_tools import Database
    from monitor.embedded.errors import EmbeddedError
    from monitor.embedded.home import Home
    from monitor.embedded.session import servers
    from monitor.env import home_folder

    require_file(arguments.file)
    home = Home(home_folder())
    home.open_folders()
    if home.is_held():
        raise EmbeddedError(f"Mentiondesk runs with the home {home.path}: stop it before you restore into it.")
    with unpacked(home, arguments.file) as backup, servers(announce=say) as found:
        database = Database(found.database_url)
        if not arguments.force and not database.is_empty():
            raise EmbeddedError(
                f"{home.path} already holds brands or people: restore into an empty home, or replace them with --force."
            )
        database.replace_from(backup.dump)
        backup.put_back_files(home)
        prepare.set_up_django()
        prepare.migrate()
        from monitor.privacy.services import after_restore

        # What went after the backup was made must not come back with it.
        went = after_restore()
        if went["people"]:
            say(f"{went['people']} people who had been erased since then were erased again.")
        if went["posts"]:
            say(f"Posts that were deleted after the backup, and are deleted again: {went['posts']}.")
        print(f"restored the backup of {backup.manifest['made_at']} into {home.path}")
    return 0
