"""The figures of `mentiondesk bench inbox` are measured and leave nothing behind."""

import pytest

from monitor.brands.models import Brand
from monitor.inbox.bench import bench_inbox
from monitor.inbox.models import Author, Conversation, Post, PostChange, RawEvent, Sighting


@pytest.mark.django_db(transaction=True)
def test_it_measures_both_baselines_in_the_same_run_and_cleans_up():
    figures = bench_inbox(rows=60, rounds=1)
    assert figures["rows"] == 60
    assert figures["synchronous_commit"] == "on"
    for rate in ("ingest_posts_per_second", "bare_posts_per_second", "bare_all_rows_per_second"):
        assert figures[rate] > 0
    for ratio in ("ratio_to_bare_posts", "ratio_to_bare_all_rows"):
        assert figures[ratio]["median_of_rounds"] > 0
    for model in (Brand, Post, Author, Conversation, RawEvent, Sighting, PostChange):
        assert not model.objects.exists()
