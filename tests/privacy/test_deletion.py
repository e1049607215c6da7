"""A post that its platform deletes is nowhere any more, and does not come back by any way."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from monitor.brands.models import Channel
from monitor.cases.models import Case
from monitor.inbox import departures
from monitor.inbox.models import Conversation, Post, PostChange, RawEvent, Tombstone
from monitor.inbox.services import apply_deletions, ingest, replay_quarantined
from monitor.inbox.services.deleting import hold_deletions_off, store_deletions
from monitor.platforms.base import IncomingAuthor, IncomingDeletion, RawUpdate
from monitor.privacy import services
from monitor.replies.models import Reply, ReplyState
from monitor.trends import selectors
from tests.privacy.canary import THEN, incoming, raw_of, take_in, traces

FIRST = "canary-id-77123-post-1"
GONE = IncomingDeletion("x", FIRST)


def deleted(brand_id: int, *external_ids: str) -> int:
    return apply_deletions(
        brand_id=brand_id, deletions=[IncomingDeletion("x", external_id) for external_id in external_ids]
    )


def words_left() -> list[str]:
    """Traces of what the person wrote. Who the person is stays: there are other posts of theirs."""
    return [trace for trace in traces() if trace.endswith("canarysecret")]


def test_a_deleted_post_leaves_no_words_anywhere(canary: Case) -> None:
    assert words_left()
    deleted(canary.brand_id, FIRST, "canary-id-77123-post-2")
    services.sweep_retention(now=timezone.now())
    rest = [trace for trace in words_left() if not trace.startswith("inbox_quarantinedevent")]
    assert rest == []


def test_drafts_and_suggestions_to_it_end(canary: Case) -> None:
    deleted(canary.brand_id, FIRST)
    services.sweep_retention(now=timezone.now())
    reply = Reply.objects.get(case=canary)
    assert (reply.state, reply.text) == (ReplyState.DECLINED, "")


def test_the_skeleton_keeps_counting(canary: Case, brand: Any) -> None:
    days = {"since": THEN.date(), "until": THEN.date(), "measure": "posts"}
    before = selectors.series(brand=brand, **days).total
    deleted(brand.pk, FIRST)
    services.sweep_retention(now=timezone.now())
    assert selectors.series(brand=brand, **days).total == before


@pytest.mark.parametrize("how", ["poll", "webhook", "import", "replay", "recheck"])
def test_no_way_brings_it_back(channel: Channel, how: str) -> None:
    take_in(channel, incoming(1))
    deleted(channel.brand_id, FIRST)
    again = incoming(1)
    report = ingest(
        brand_id=channel.brand_id, channel_id=channel.pk, stream="mentions", how=how, events=[again],
        raw=[raw_of(again)],
    )  # fmt: skip
    assert (report.stored, report.refused) == (0, 1)
    assert words_left() == []


def test_a_deletion_that_comes_first_keeps_the_post_out(channel: Channel) -> None:
    deleted(channel.brand_id, FIRST)
    assert take_in(channel, incoming(1)).refused == 1
    assert words_left() == []


def test_a_deletion_may_name_the_last_edit(channel: Channel) -> None:
    edited = incoming(1, platform_id="edit-2", version=2, edited_at=THEN + timedelta(minutes=5))
    take_in(channel, edited)
    assert deleted(channel.brand_id, "edit-2") == 1
    assert take_in(channel, incoming(1)).stored == 0
    assert take_in(channel, edited).stored == 0
    assert words_left() == []


def test_a_deletion_of_the_last_edit_that_comes_first_keeps_all_of_it_out(channel: Channel) -> None:
    deleted(channel.brand_id, "edit-2")
    edited = incoming(1, platform_id="edit-2", version=2, edited_at=THEN + timedelta(minutes=5))
    assert take_in(channel, edited).stored == 0
    assert words_left() == []


def test_words_that_their_author_replaced_go_from_the_journal(channel: Channel) -> None:
    take_in(channel, incoming(1))
    edited = incoming(1, text="better words", platform_id="edit-2", version=2, edited_at=THEN + timedelta(minutes=5))
    raw = RawUpdate("post", "edit-2", {"text": "better words"}, (), (FIRST,))
    ingest(
        brand_id=channel.brand_id, channel_id=channel.pk, stream="mentions", how="webhook", events=[edited], raw=[raw]
    )
    assert words_left() == []
    assert sorted(bytes(body) for body in RawEvent.objects.values_list("body", flat=True)) == [
        b"", b'{"text":"better words"}',
    ]  # fmt: skip
    # The first version again, as an overlapping read brings it: known, and not journalled.
    take_in(channel, incoming(1))
    assert words_left() == []


def answer_quoting(number: int) -> Any:
    """Somebody else's answer, whose raw update holds the words that it answers."""
    other = IncomingAuthor("88", handle="other", name="Other")
    post = incoming(number, other, external_id="answer", text="I agree", url="", place="", in_reply_to=FIRST)
    body = {"text": "I agree", "parent": {"text": "canarysecret number 1"}}
    return post, RawUpdate("post", "answer", body, ("88", "canary-id-77123"), (FIRST,))


def take_in_answer(channel: Channel, number: int = 9) -> Any:
    post, raw = answer_quoting(number)
    return ingest(
        brand_id=channel.brand_id, channel_id=channel.pk, stream="mentions", how="poll", events=[post], raw=[raw]
    )


def test_what_an_answer_quotes_of_it_goes_from_the_journal(channel: Channel) -> None:
    take_in(channel, incoming(1))
    take_in_answer(channel)
    deleted(channel.brand_id, FIRST)
    assert words_left() == []
    assert Post.objects.get(external_id="answer").text == "I agree"
    # Read again, the answer is as it was, and its quotation stays out.
    assert take_in_answer(channel).stored == 0
    assert words_left() == []


def test_an_answer_that_comes_after_is_stored_without_what_it_quotes(channel: Channel) -> None:
    deleted(channel.brand_id, FIRST)
    assert take_in_answer(channel).stored == 1
    post = Post.objects.get(external_id="answer")
    assert (post.text, post.in_reply_to) == ("I agree", "")
    assert words_left() == []


def test_an_erased_person_is_not_quoted_back_into_the_journal(channel: Channel) -> None:
    take_in(channel, incoming(1))
    services.erase_author(platform="x", author="canary-id-77123")
    assert take_in_answer(channel).stored == 1
    assert traces() == []


def test_what_was_put_aside_is_not_replayed(channel: Channel) -> None:
    from monitor.inbox.services.quarantine import PutAside, put_aside

    params = {"kind": "post", "external_id": FIRST, "author_ids": [], "post_ids": []}
    put_aside(
        brand_id=channel.brand_id, channel_id=channel.pk,
        found=[PutAside("mentions", "event.malformed", b'{"text": "canarysecret"}', params)],
    )  # fmt: skip
    deleted(channel.brand_id, FIRST)
    assert replay_quarantined(brand_id=channel.brand_id) == (0, 0)
    assert words_left() == []


def test_files_from_before_go_and_newer_ones_stay(canary: Case, home: Path) -> None:
    import os

    folder = home / "exports" / "2026"
    folder.mkdir(parents=True)
    (folder / "posts.csv").write_text("canarysecret")
    deleted(canary.brand_id, FIRST)
    (folder / "later.csv").write_text("without it")
    later = datetime.now(UTC).timestamp() + 5
    os.utime(folder / "later.csv", (later, later))
    assert services.expire_exports() == 1
    assert [path.name for path in folder.iterdir()] == ["later.csv"]


# -- Restored backups ------------------------------------------------------------------------------


def bring_back(channel: Channel) -> Post:
    """What a backup from before holds: the post, its journal, and no tombstone."""
    Tombstone.objects.all().delete()
    Post.objects.filter(deletion_reason="deleted").delete()
    RawEvent.objects.all().delete()
    Conversation.objects.filter(posts=None).delete()
    take_in(channel, incoming(1), incoming(2))
    return Post.objects.get(external_id=FIRST)


def test_a_restored_backup_is_cleaned_before_anybody_looks(channel: Channel) -> None:
    take_in(channel, incoming(1), incoming(2))
    deleted(channel.brand_id, FIRST)
    Post.objects.filter(deleted_at=None).delete()
    bring_back(channel)
    assert services.after_restore()["posts"] == 1
    assert not Post.objects.filter(external_id=FIRST).exists()
    assert Post.objects.filter(deleted_at=None).get().text.endswith("number 2")
    assert take_in(channel, incoming(1)).refused == 1
    assert services.after_restore()["posts"] == 0


def test_a_restore_by_other_means_is_noticed_by_the_next_sweep(channel: Channel) -> None:
    take_in(channel, incoming(1), incoming(2))
    deleted(channel.brand_id, FIRST)
    Post.objects.filter(deleted_at=None).delete()
    bring_back(channel)
    assert services.sweep_retention(now=timezone.now())["privacy"] == {"deleted again": 1}


def test_the_ledger_says_nothing_of_what_it_remembers(channel: Channel) -> None:
    deleted(channel.brand_id, FIRST)
    text = departures.path().read_text()
    assert "canary" not in text and departures.path().stat().st_mode & 0o777 == 0o600
    assert list(departures.read()) == departures.newest(10) != []


def test_the_newest_lines_are_read_from_the_end(home: Path) -> None:
    keys = [number.to_bytes(32, "big") for number in range(50)]
    departures.remember(7, keys)
    with departures.path().open("a") as file:
        file.write("7 0badc0de")
    assert departures.newest(3)[-2:] == [(7, keys[48]), (7, keys[49])]
    assert list(departures.read()) == [(7, key) for key in keys]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_between_redaction_and_commit_loses_no_deletion(channel: Channel) -> None:
    """The database rolls back; the line that was written before lets the next sweep carry the deletion out."""
    take_in(channel, incoming(1))
    killed = threading.Event()

    def work() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                hold_deletions_off(cursor, channel.brand_id, deletes=True)
                store_deletions(cursor, channel.brand_id, [GONE])
                cursor.execute("SELECT pg_backend_pid()")
                pid = cursor.fetchone()[0]
                with psycopg.connect(_address(), autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s)", [pid])
        except Exception:  # noqa: BLE001  (the connection is gone)
            killed.set()
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(30)
    assert killed.is_set()
    assert Post.objects.get().text == "canarysecret number 1" and not Tombstone.objects.exists()
    assert services.replay_deletions() == 1
    assert Post.objects.get().deletion_reason == "deleted" and words_left() == []
    assert PostChange.objects.filter(kind="deleted").count() == 1


def _address() -> str:
    settings = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=settings["HOST"], port=settings["PORT"] or 5432, user=settings["USER"], password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )  # fmt: skip


def test_a_restored_backup_does_not_open_a_profile_that_was_closed(channel: Channel) -> None:
    """What was shown before goes again, or never comes in; what the person shows after it is theirs to show."""
    before, unseen = incoming(1), incoming(2)
    take_in(channel, before)
    left_at = timezone.now()
    author_id = before.author.external_id
    closed = IncomingDeletion("x", "", "protected", left_at, takes_author=True, author_id=author_id)
    assert apply_deletions(brand_id=channel.brand_id, deletions=[closed]) == 1
    assert author_id not in departures.path().read_text()
    Tombstone.objects.all().delete()
    Post.objects.all().delete()
    RawEvent.objects.all().delete()
    take_in(channel, replace(before, external_id="another-1"))
    assert services.after_restore()["posts"] == 1
    assert not Post.objects.filter(deleted_at=None).exists()
    assert Tombstone.objects.filter(kind="departure", recorded_at=left_at).count() == 1
    assert take_in(channel, unseen).refused == 1
    after = replace(incoming(3), created_at=left_at + timedelta(seconds=1))
    assert take_in(channel, after).stored == 1
    assert services.after_restore()["posts"] == 0


def test_an_author_whom_a_restored_backup_does_not_know_stays_out(channel: Channel) -> None:
    closed = IncomingDeletion("x", "", "protected", None, takes_author=True, author_id=incoming(1).author.external_id)
    apply_deletions(brand_id=channel.brand_id, deletions=[closed])
    Tombstone.objects.all().delete()
    services.after_restore()
    assert take_in(channel, incoming(1)).refused == 1
