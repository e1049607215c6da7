"""The figures of the webhooks are made by the real server; here only that they are made at all, in small."""

import os
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from monitor.api.bench import bench_webhooks
from monitor.inbox.models import Post


@pytest.mark.django_db(transaction=True)
def test_deliveries_are_measured_beside_an_empty_page_and_all_of_them_read(monkeypatch: Any) -> None:
    ours = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    monkeypatch.setenv("DATABASE_URL", ours)
    figures = bench_webhooks(rounds=1, each=6, clients=2, updates=2)
    # One round more, which warms up.
    assert figures["held"] == 12 and figures["posts"] == Post.objects.count() == 24
    for name in ("empty_page_behind_a_login", "webhook", "bare_view"):
        assert figures[name]["per_second"] > 0 and figures[name]["ms_p99"] >= figures[name]["ms_median"] > 0
    assert figures["share_of_empty_page"] > 0 and figures["p99_of_empty_page"] > 0
