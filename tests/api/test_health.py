"""Probes and numbers: right when all is well, right when it is not, and only for those who may look."""

from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from monitor.api import health
from monitor.brands.models import Channel
from monitor.inbox.models import Post
from tests.support.desk import make_case, make_post


def value_of(text: str, line: str) -> float:
    return next(float(one.rsplit(" ", 1)[1]) for one in text.splitlines() if one.startswith(line))


def read(client: Client, **headers: str) -> Any:
    return client.get("/metrics", headers=headers)


def test_alive_asks_nobody_else(client: Client, django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok\n"


def test_ready_when_the_tables_are_those_of_this_version(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "migrations": "ok"})


def test_not_ready_while_migrations_wait(client: Client, db: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'trends'")
    assert client.get("/readyz").status_code == 503


def test_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise DatabaseError("connection refused")

    monkeypatch.setattr(health, "MigrationExecutor", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_numbers_are_for_this_machine_only_without_a_token(client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert read(client).status_code == 200
    assert read(client, x_forwarded_for="203.0.113.9").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403


def test_numbers_are_for_token_holders_with_one(client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "the-token"
    assert read(client).status_code == 403
    assert read(client, authorization="Bearer the-toke").status_code == 403
    assert (
        client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"authorization": "Bearer the-token"}).status_code
        == 200
    )


def test_numbers_say_what_waits(client: Client, brand: Any, channel: Channel) -> None:
    waiting = make_post(brand, at=timezone.now())
    Post.objects.filter(pk=waiting.pk).update(stage="received")
    quarantined = make_post(brand)
    Post.objects.filter(pk=quarantined.pk).update(stage="quarantined")
    Channel.objects.filter(pk=channel.pk).update(state="needs_reauth")
    make_case(brand)
    text = read(client).content.decode()
    assert value_of(text, 'mentiondesk_stage_posts{stage="received"}') == 1
    assert value_of(text, 'mentiondesk_stage_posts{stage="analyzed"}') == 0
    assert value_of(text, 'mentiondesk_stage_oldest_seconds{stage="received"}') >= 0
    assert value_of(text, 'mentiondesk_channels{state="needs_reauth"}') == 1
    assert value_of(text, "mentiondesk_quarantined_posts") == 1
    assert value_of(text, "mentiondesk_effects_unconfirmed") == 0
    assert value_of(text, 'mentiondesk_effects{state="pending"}') == 0
    assert value_of(text, "mentiondesk_trend_changes") >= 0


def test_numbers_name_no_people(client: Client, brand: Any) -> None:
    make_post(brand, "my secret words")
    text = read(client).content.decode()
    assert "mia" not in text and "secret" not in text
