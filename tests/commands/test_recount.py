"""`recount`: the trends say again what the posts say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.trends.models import TrendBucket
from monitor.trends.selectors import differing_cells
from monitor.trends.services import rebuild
from tests.commands.conftest import Command
from tests.trends.making import make_post


def test_what_was_changed_by_hand_is_counted_again(
    command: Command, brand: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_post(brand, datetime(2026, 3, 2, 12, tzinfo=UTC))
    rebuild()
    TrendBucket.objects.update(posts=7)
    assert differing_cells() > 0
    assert command("recount") == 0
    assert "1 posts counted again" in capsys.readouterr().out
    assert TrendBucket.objects.get().posts == 1
