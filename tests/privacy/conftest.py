"""What the tests of this room share: a home of their own, and a person in every room."""

from pathlib import Path
from typing import Any

import pytest

from monitor.brands.models import Channel
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.platforms.base import IncomingAuthor
from tests.privacy.canary import case_about, incoming, take_in


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = settings.LEDGER_FOLDER = tmp_path
    settings.EXPORT_FOLDER = tmp_path / "exports"
    return tmp_path


@pytest.fixture
def canary(channel: Channel, alice: Any) -> Case:
    """A person in every room: a public post, a private thread with our answer, a case with all that hangs on it."""
    private = {"form": "direct_message", "is_public": False, "conversation_id": "canary-id-77123:100"}
    take_in(channel, incoming(1), incoming(2, **private))
    ours = IncomingAuthor("100", handle="lumora")
    own = {"text": "Dear Canary Fullname, sorry!", "is_own": True, "own_by": "us", **private}
    take_in(channel, incoming(3, ours, external_id="own-1", **own))
    public = {
        "text": "@canaryhandle please look",
        "is_own": True,
        "own_by": "us",
        "in_reply_to": "canary-id-77123-post-1",
    }
    take_in(channel, incoming(4, ours, external_id="own-2", **public))
    return case_about(Post.objects.get(external_id="canary-id-77123-post-1"), alice)
