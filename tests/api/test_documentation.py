"""docs/api.md names every route with its right, and every metric."""

import re
from pathlib import Path
from typing import Any

from django.test import Client

from tests.api.test_rights import OPERATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_route_is_described_with_its_right() -> None:
    described = dict(re.findall(r"^\| `((?:GET|POST) /api\S+)` \| (\w+) \|", PAGE, flags=re.MULTILINE))
    assert described == {name.replace("uuid:", ""): operation.right for name, (_, operation) in OPERATIONS.items()}


def test_every_metric_is_described(client: Client, brand: Any) -> None:
    measured = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").content.decode(), flags=re.MULTILINE))
    assert measured == set(re.findall(r"`(mentiondesk_\w+)`", PAGE))
