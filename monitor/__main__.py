"""The `mentiondesk` command: finds the command's module, runs it, and turns whatever goes wrong into one sentence."""

import os
import signal
import sys
from collections.abc import Sequence

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 only on success, 1 for a failure told in a sentence, 2 for a wrong command line."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain at exit about what is left in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


def _run(arguments: Sequence[str] | None) -> int:
    from monitor.commands.parser import build_parser

    chosen = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        return chosen.run(chosen) or 0
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the border to the person: a sentence for them, the trace to the log
        from monitor.commands.failures import WrongWishError, explain

        print(f"mentiondesk: {explain(error, chosen.command)}", file=sys.stderr)
        return 2 if isinstance(error, WrongWishError) else 1


def _end(number: int, _frame: object) -> None:
    """SIGTERM unwinds like Ctrl-C does, so that servers are stopped; once is enough."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
