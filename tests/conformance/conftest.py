import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def platform_data() -> Path:
    """The folder of published specifications and recordings; none of it is part of this project."""
    root = os.environ.get("MENTIONDESK_SHARED", "")
    folder = Path(root).expanduser().resolve() / "platform-data"
    if not root or not folder.is_dir():
        pytest.skip("MENTIONDESK_SHARED names no folder with platform-data: nothing to conform to")
    return folder
