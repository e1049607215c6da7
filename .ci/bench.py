"""Every bench, one after the other: `python .ci/bench.py [EXAMPLES JUDGED]`, a JSON object a line.

One that fails is named, the others go on, and the status is 1. One that needs files which were not given is left out by
name.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from monitor.commands.measuring import MODULES, OF_FILES

PROGRAM = (sys.executable, "-m", "monitor")


def main(files: Sequence[str], program: Sequence[str] = PROGRAM) -> int:
    failed = []
    for subject in MODULES:
        if subject in OF_FILES and len(files) != 2:
            say(f"{subject}: left out, it needs two labelled files (make bench EXAMPLES=file JUDGED=file).")
            continue
        given = ["--examples", files[0], "--judged", files[1]] if subject in OF_FILES else []
        if (figures := measure([*program, "bench", subject, *given])) is None:
            say(f"{subject}: FAILED.")
            failed.append(subject)
        else:
            print(json.dumps({"subject": subject, "figures": figures}), flush=True)
    if failed:
        say(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def measure(command: Sequence[str]) -> object:
    """The JSON object that a bench has printed; None where it failed or printed none."""
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        return json.loads(told.stdout) if told.returncode == 0 else None
    except ValueError:
        return None


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main([name for name in sys.argv[1:] if name]))
