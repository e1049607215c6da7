"""A person who is erased is nowhere any more, and does not come back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from monitor.analysis.models import Analysis
from monitor.audit import services as audit
from monitor.audit.models import AuditEvent
from monitor.brands.models import Channel
from monitor.cases.models import Case, CaseConversation, CasePost, Note
from monitor.inbox.models import Author, Post, QuarantinedEvent, RawEvent, Tombstone
from monitor.inbox.services import ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost, RawUpdate
from monitor.privacy import ledger, services
from monitor.privacy.models import Erasure
from monitor.replies.models import Reply, SuggestedReply
from monitor.trends import selectors
from tests.support.desk import analyze

WORDS = ("canary-id-77123", "canaryhandle", "Canary Fullname", "canarysecret", "canary.place")
THEN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WHO = IncomingAuthor("canary-id-77123", handle="canaryhandle", name="Canary Fullname", followers=12)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    settings.EXPORT_FOLDER = tmp_path / "exports"
    return tmp_path


def incoming(number: int, author: IncomingAuthor = WHO, **fields: Any) -> IncomingPost:
    values: dict[str, Any] = {
        "platform": "x",
        "external_id": f"canary-id-77123-post-{number}",
        "form": "post",
        "text": f"canarysecret number {number}",
        "author": author,
        "created_at": THEN + timedelta(minutes=number),
        "url": f"https://x.example/canaryhandle/status/{number}",
        "place": "canary.place",
        "mentions_us": True,
    } | fields
    return IncomingPost(**values)


def raw_of(post: IncomingPost) -> RawUpdate:
    return RawUpdate("post", post.external_id, {"text": post.text, "user": WHO.name}, (post.author.external_id,))


def take_in(channel: Channel, *posts: IncomingPost) -> Any:
    return ingest(
        brand_id=channel.brand_id,
        channel_id=channel.pk,
        stream="mentions",
        how="poll",
        events=posts,
        raw=[raw_of(post) for post in posts],
    )


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
    return _case_about(Post.objects.get(external_id="canary-id-77123-post-1"), alice)


def _case_about(post: Post, alice: Any) -> Case:
    brand = post.brand
    reading = analyze(post)
    Analysis.objects.filter(pk=reading.pk).update(entities=[{"kind": "email", "value": "canarysecret"}])
    case = Case.objects.create(
        brand=brand, reference="0CANARY1", author=post.author, deciding_post=post, platform="x", intent="complaint",
        topic="delivery", sentiment="negative", language="en", audience="buyer", arrival="live",
        reasons=[{"code": "reach", "params": {"who": "canaryhandle"}}],
    )  # fmt: skip
    CasePost.objects.create(case=case, post=post)
    CaseConversation.objects.create(case=case, conversation=post.conversation, author=post.author)
    Note.objects.create(case=case, author=alice, text="I know Canary Fullname from school")
    suggestion = SuggestedReply.objects.create(
        brand=brand, case=case, post=post, language="en", text="Dear Canary Fullname", engine="tests"
    )
    Reply.objects.create(
        brand=brand, case=case, conversation=post.conversation, target=post, kind="reply", text="@canaryhandle sorry",
        suggestion=suggestion, override_reason="canarysecret knows us",
    )  # fmt: skip
    audit.record(
        act="reply.edited", brand_id=brand.pk, actor=alice, subject=case, before="Canary Fullname",
        after="canarysecret", author_key="x:canary-id-77123",
    )  # fmt: skip
    QuarantinedEvent.objects.create(
        brand=brand, source="mentions", reason_code="event.malformed", body=b'{"user": "canary-id-77123"}'
    )
    return case


def traces() -> list[str]:
    """Every place in the database that still holds one of the words, as text or as bytes."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            for column in model._meta.concrete_fields:
                table, name = model._meta.db_table, column.column
                cursor.execute(f'SELECT "{name}"::text FROM "{table}" WHERE "{name}" IS NOT NULL')
                for (value,) in cursor.fetchall():
                    words = bytes.fromhex(value[2:]).decode("utf-8", "replace") if value.startswith("\\x") else value
                    found += [f"{table}.{name}: {word}" for word in WORDS if word.lower() in words.lower()]
    return found


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
    assert proof["rooms"]["audit"]["audit texts"] == 1
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
    assert services.sweep_retention(now=THEN)["api"] == {"deliveries": 1}
    assert Delivery.objects.count() == 1
