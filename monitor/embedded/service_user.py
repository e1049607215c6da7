"""Which system user PostgreSQL runs as: it refuses root, so root's servers run as an unprivileged user.

Also: whether that user can reach a folder, since root's own home usually lets nobody in.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "mentiondesk"
# Where a server's files go when its user cannot reach the home folder or the installed programs.
SYSTEM_FOLDER = Path("/var/lib/mentiondesk")


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Ids to run a program as."""

    uid: int
    gid: int


def choose_user(owned_folder: Path) -> ServiceUser | None:
    """None means "as we are". As root: the owner of the data folder if there is one, else the system user."""
    if os.geteuid() != 0:
        return None
    if owned_folder.exists() and (owner := owned_folder.stat()).st_uid != 0:
        return ServiceUser(owner.st_uid, owner.st_gid)
    entry = _find_or_make()
    return ServiceUser(entry.pw_uid, entry.pw_gid)


def _find_or_make() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        pass
    for command in (
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
        ["adduser", "-S", "-D", "-H", NAME],
    ):
        if shutil.which(command[0]):
            # Two starts at once may both try; who comes second finds the user that the first one made.
            subprocess.run(command, check=False, capture_output=True)
            break
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return pwd.getpwnam("nobody")


def can_walk_into(folder: Path, user: ServiceUser | None) -> bool:
    """True when the user may pass through the folder to something in it that is their own."""
    resolved = folder.resolve()
    return user is None or all(_allows(step, user, 0o1) for step in (resolved, *resolved.parents))


def can_use(path: Path, user: ServiceUser | None) -> bool:
    """True when the user may read a folder, or run a program."""
    return user is None or (can_walk_into(path.parent, user) and _allows(path.resolve(), user, 0o5))


def _allows(path: Path, user: ServiceUser, wanted: int) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    if status.st_uid == user.uid:
        shift = 6
    elif status.st_gid == user.gid:
        shift = 3
    else:
        shift = 0
    return (status.st_mode >> shift) & wanted == wanted


def give(path: Path, user: ServiceUser | None) -> None:
    """Makes the user the owner of one folder or file."""
    if user is not None:
        os.chown(path, user.uid, user.gid)
