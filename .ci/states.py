"""Writes docs/states.md from the transition tables of the rooms; `--check` only says whether it is up to date."""

import os
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "states.md"
INTRODUCTION = """# States

Generated from the transition tables (`monitor/*/states.py`) by `python .ci/states.py`; `make check` compares.
What is not drawn cannot happen: each step is one guarded `UPDATE … WHERE state IN (…)`.
"""


def page() -> str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    import django

    django.setup()
    from monitor.cases.states import TRANSITIONS as CASES
    from monitor.cases.states import as_markdown
    from monitor.replies.states import TRANSITIONS as REPLIES

    return "\n".join([INTRODUCTION, *(as_markdown(kind, table) for kind, table in {**CASES, **REPLIES}.items())])


def main() -> int:
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is out of date: run `python .ci/states.py`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
