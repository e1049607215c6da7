"""Installs Mentiondesk into `.venv`: `python3 .ci/install.py run|dev|train`. Standard library only.

uv does it in seconds and falls under the same package index, certificates and constraints as pip; where uv cannot be
had or does not get along with that index, pip does it.
"""

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What is wanted, and what is installed with it.
EXTRAS = {"run": (), "dev": ("dev",), "train": ("dev", "train")}
# What is fetched where nothing is cached; torch from PyPI brings the libraries of a GPU on Linux.
SIZES = {"run": "about 350 MB", "dev": "about 350 MB", "train": "with torch, up to 4 GB"}
# pip's name of a setting → uv's variable, and what uv puts between several values.
TRANSLATIONS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "cert": ("SSL_CERT_FILE", " "),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}


def main(wanted: str) -> None:
    extras = EXTRAS[wanted]
    pip = make_venv()
    target = f".[{','.join(extras)}]" if extras else "."
    if not install_with_uv(pip, target, SIZES[wanted]):
        install_with_pip(pip, target)
    # Newer than pyproject.toml, these tell make that nothing is to be done, and no package index is asked.
    for name in ("run", *extras):
        (VENV / f"installed-{name}").touch()


def make_venv() -> list[str]:
    """The command of a pip that installs into `.venv`: this Python's own, since unpacking another takes seconds."""
    if not runs([PYTHON, "-c", ""]):
        say(f"Making {VENV.name} with Python {sys.version.split()[0]} …")
        venv.create(VENV, with_pip=False, clear=VENV.exists(), symlinks=True)
    own = [str(PYTHON), "-m", "pip"]
    borrowed = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    for command in (own, borrowed):
        if runs([*command, "--version"]):
            return command
    subprocess.run([PYTHON, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
    return own


def runs(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install_with_uv(pip: list[str], target: str, size: str) -> bool:
    quiet = ["-qq", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, "install", *quiet, "uv>=0.6"], check=False, stdin=subprocess.DEVNULL).returncode != 0:
        return False
    say(f"Installing the packages ({size} where nothing is cached) …")
    told = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False).stdout
    command = [
        str(VENV / "bin" / "uv"),
        "pip",
        "install",
        "--quiet",
        "--python",
        str(PYTHON),
        "pip",
        "--editable",
        target,
    ]
    environment = {**os.environ, **translate(told)}
    outcome = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdin=subprocess.DEVNULL)
    return outcome.returncode == 0


def translate(pip_settings: str) -> dict[str, str]:
    """pip's settings (`pip config list`: name='value' a line) as uv's variables."""
    settings: dict[str, str] = {}
    for line in pip_settings.splitlines():
        name, _, value = line.partition("=")
        # Variables of the environment are listed last and win, as in pip.
        settings[name.split(".", 1)[-1]] = str(ast.literal_eval(value)) if value[:1] in "'\"" else value
    environment = {
        variable: between.join(settings[name].split())
        for name, (variable, between) in TRANSLATIONS.items()
        if settings.get(name)
    }
    if "UV_INDEX" in environment:
        # pip takes the best version of all its indexes; uv alone would stop at the first that knows the name.
        environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return environment


def install_with_pip(pip: list[str], target: str) -> None:
    say("Installing with pip …")
    command = [*pip, "install", "--disable-pip-version-check", "--no-input", "--editable", target]
    if subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit("The packages could not be installed: see the lines above.")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in EXTRAS:
        sys.exit(f"usage: python3 .ci/install.py {'|'.join(EXTRAS)}")
    main(sys.argv[1])
