"""A person who is erased is nowhere any more, and does not come back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.audit.models import AuditEvent
from monitor.brands.models import Channel
from monitor.cases.models import Case
from monitor.inbox.models import Author, Post, RawEvent, Tombstone
from monitor.platforms.base import IncomingAuthor
from monitor.privacy import ledger, services
from monitor.privacy.models import Erasure
from monitor.trends import selectors
from tests.privacy.canary import THEN, incoming, take_in, traces


def test_the_search_for_traces_finds_them_in_every_room(canary: Case) -> None:
    rooms = {trace.split("_")[0] for trace in traces()}
    assert {"inbox", "cases", "replies", "audit", "analysis"} <= rooms


def test_nothing_of_the_person_is_left_anywhere(canary: Case) -> None:
    services.erase_author(platform="x", author="canary-id-77123")
    assert traces() == []


def test_the_handle_is_enough(canary: Case) -> None:
    services.erase_author(platform="x", author="@CanaryHandle")
    assert traces() == []


def test_the_proof_counts_by_room(canary: Case, alice: Any) -> None:
    proof = services.erase_author(platform="x", author="canary-id-77123", asked_by=alice, source="console")
    assert proof["rooms"]["inbox"]["posts"] == 4
    assert proof["rooms"]["inbox"]["authors"] == 1
    assert proof["rooms"]["cases"]["notes"] == 1
    assert proof["rooms"]["replies"]["audit texts"] == 1
    assert proof["total"] == sum(sum(counts.values()) for counts in proof["rooms"].values())
    assert "canary" not in json.dumps(proof).lower()
    kept = Erasure.objects.get()
    assert (kept.proof, kept.asked_by, kept.done_at is not None) == (proof["rooms"], alice, True)
    assert AuditEvent.objects.filter(act="author.erased", actor_id=alice.pk).exists()


def test_skeletons_keep_counting(canary: Case, brand: Any) -> None:
    days = {"since": THEN.date(), "until": THEN.date(), "measure": "posts"}
    before = selectors.series(brand=brand, **days).total
    services.erase_author(platform="x", author="canary-id-77123")
    assert selectors.series(brand=brand, **days).total == before == 2
    assert Case.objects.get(pk=canary.pk).topic == "delivery"


def test_erasing_again_changes_nothing(canary: Case) -> None:
    services.erase_author(platform="x", author="canary-id-77123")
    again = services.erase_author(platform="x", author="canary-id-77123")
    assert again["total"] == 0


def test_a_re_read_brings_nothing_back(canary: Case, channel: Channel) -> None:
    services.erase_author(platform="x", author="canary-id-77123")
    report = take_in(channel, incoming(1), incoming(2), incoming(9))
    assert (report.stored, report.refused) == (0, 3)
    assert traces() == []


def test_a_person_who_was_never_seen_is_kept_out_too(channel: Channel) -> None:
    services.erase_author(platform="x", author="canary-id-77123")
    assert take_in(channel, incoming(1)).stored == 0
    assert traces() == []


def test_others_stay_as_they_are(canary: Case, channel: Channel) -> None:
    other = IncomingAuthor("88", handle="other", name="Other")
    take_in(channel, incoming(50, other, external_id="o-1", text="mine", url="", place=""))
    services.erase_author(platform="x", author="canary-id-77123")
    post = Post.objects.get(external_id="o-1")
    assert (post.text, post.author.handle) == ("mine", "other")  # type: ignore[union-attr]
    assert RawEvent.objects.filter(external_id="o-1").exists()


def test_another_platform_is_another_person(canary: Case) -> None:
    services.erase_author(platform="facebook", author="canary-id-77123")
    assert Author.objects.filter(handle="canaryhandle").exists()


def test_one_brand_can_be_asked_alone(canary: Case, other_brand: Any) -> None:
    theirs = Channel.objects.create(brand=other_brand, platform="x", kind="account", external_id="200")
    take_in(theirs, incoming(1))
    services.erase_author(platform="x", author="canary-id-77123", brand="lumora")
    assert [author.brand_id for author in Author.objects.filter(handle="canaryhandle")] == [other_brand.pk]
    services.erase_author(platform="x", author="canary-id-77123")
    assert traces() == []


def test_files_that_were_exported_are_removed(canary: Case, home: Path) -> None:
    (home / "exports").mkdir()
    (home / "exports" / "posts.csv").write_text("canarysecret")
    assert services.erase_author(platform="x", author="canary-id-77123")["export_files"] == 1
    assert list((home / "exports").iterdir()) == []


def test_a_restored_backup_is_cleaned_by_the_next_sweep(canary: Case, home: Path) -> None:
    services.erase_author(platform="x", author="canary-id-77123")
    # What a backup from before would bring back, without the tombstones of after.
    Tombstone.objects.all().delete()
    author = Author.objects.create(
        brand_id=canary.brand_id, platform="x", external_id="canary-id-77123", handle="canaryhandle"
    )
    Post.objects.create(
        brand_id=canary.brand_id, platform="x", external_id="back-again", author=author, form="post",
        conversation=canary.deciding_post.conversation, text="canarysecret", created_at=THEN,
    )  # fmt: skip
    removed = services.sweep_retention(now=THEN)
    assert removed["privacy"] == {"erased again": 1}
    assert traces() == []
    assert "canary" not in (home / "erasures.jsonl").read_text()


def test_a_broken_line_of_the_ledger_is_passed_over(home: Path, db: None) -> None:
    (home / "erasures.jsonl").write_text('{"brand": 1, "pl\nnonsense\n{"brand": 1, "platform": "x", "key": "00ff"}\n')
    assert [line.key_hash for line in ledger.read()] == [b"\x00\xff"]


def test_an_unknown_brand_is_refused(db: None) -> None:
    with pytest.raises(services.UnknownBrandError):
        services.erase_author(platform="x", author="anna", brand="nobody")


def test_a_sweep_works_once_an_hour_only(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_swept_at", datetime(1970, 1, 1, tzinfo=UTC))
    services.sweep_retention()
    calls: list[int] = []
    monkeypatch.setattr(services, "rooms", lambda: calls.append(1) or iter(()))
    services.sweep_retention()
    assert calls == []


def test_old_deliveries_are_let_go(db: None) -> None:
    from monitor.api.models import Delivery

    Delivery.objects.create(platform="x", status=200, recorded_at=THEN - timedelta(days=365))
    Delivery.objects.create(platform="x", status=200, recorded_at=THEN)
    assert services.sweep_retention(now=THEN)["api"]["deliveries"] == 1
    assert Delivery.objects.count() == 1
