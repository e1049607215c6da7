"""A deletion outlives a restored backup, the whole way with real programs: import, backup, deletion, restore."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.embedded.conftest import short_home

ROOT = Path(__file__).parents[2]

_DELETE = """
from monitor.commands.desk import desk
with desk():
    from monitor.brands.models import Brand
    from monitor.inbox.services import apply_deletions
    from monitor.platforms.base import IncomingDeletion
    gone = apply_deletions(brand_id=Brand.objects.get().pk, deletions=[IncomingDeletion("x", "1")])
    print(gone)
"""
_LOOK = """
from monitor.commands.desk import desk
with desk():
    import json
    from monitor.brands.models import Brand
    from monitor.inbox.models import Post, RawEvent, Recheck
    texts = sorted(Post.objects.values_list("text", flat=True))
    journal = b"".join(bytes(body) for body in RawEvent.objects.values_list("body", flat=True)).decode()
    print(json.dumps({"texts": texts, "journal": journal, "brand": Brand.objects.get().slug}))
"""


def test_a_restored_backup_does_not_bring_a_deleted_post_back(tmp_path: Path) -> None:
    rows = tmp_path / "posts.jsonl"
    posts = [{"id": "1", "text": "taken back", "author": "a"}, {"id": "2", "text": "still there", "author": "b"}]
    rows.write_text("".join(json.dumps(post) + "\n" for post in posts))
    file = str(tmp_path / "desk.tar")
    with short_home() as home:

        def run(*words: str) -> str:
            environment = {
                name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_KEY", "_KEYS"))
            }
            done = subprocess.run(
                [sys.executable, *words], capture_output=True, text=True, check=False, cwd=ROOT,
                env={**environment, "MENTIONDESK_HOME": str(home), "REDIS_URL": "none"},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout + done.stderr

        run("-m", "monitor", "import", str(rows), "--brand", "lumora", "--platform", "x")
        run("-m", "monitor", "backup", file)
        assert run("-c", _DELETE).splitlines()[0] == "1"
        (home / "exports" / "posts.csv").write_text("taken back")
        before = json.loads(run("-c", _LOOK).splitlines()[0])
        assert before["texts"] == ["", "still there"]
        said = run("-m", "monitor", "restore", file, "--force")
        assert "deleted after the backup, and are deleted again: 1." in said
        after = json.loads(run("-c", _LOOK).splitlines()[0])
    assert after["texts"] == ["", "still there"]
    assert "taken back" not in after["journal"] and "still there" in after["journal"]
