"""The log of acts: whole, in order, and impossible to rewrite unseen."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from monitor.audit import privacy, sealing
from monitor.audit.models import AuditEvent, AuditSeal, AuditText
from monitor.audit.services import record

pytestmark = pytest.mark.django_db


def record_some(brand, count=5):
    return [record(act=f"test.{n}", brand_id=brand.pk, actor_kind="system", params={"n": n}) for n in range(count)]


def as_intruder(sql, *params):
    """Somebody with the database's own superuser, whom no trigger stops."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_it_records_who_did_what_to_which_row(brand, alice):
    event_id = record(act="brand.renamed", brand_id=brand.pk, actor=alice, subject=brand, before="Old", after="New")
    event = AuditEvent.objects.get(id=event_id)
    assert (event.actor_kind, event.actor_id, event.act) == ("person", alice.pk, "brand.renamed")
    assert (event.subject_kind, event.subject_id) == ("brand", str(brand.pk))
    text = AuditText.objects.get()
    assert (text.before, text.after) == ("Old", "New")
    assert event.text_hash and "New" not in event.text_hash


def test_it_refuses_an_actor_of_an_unknown_kind(brand):
    with pytest.raises(ValueError, match="no kind of actor"):
        record(act="x", brand_id=brand.pk, actor_kind="robot")


def test_an_act_that_is_rolled_back_leaves_no_event(brand):
    with pytest.raises(RuntimeError), transaction.atomic():
        record(act="x", brand_id=brand.pk)
        raise RuntimeError
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events.update(act="nothing happened"),
        lambda events: events.update(params={}),
        lambda events: events.update(actor_id=99),
        lambda events: events.delete(),
    ],
)
def test_the_database_refuses_to_change_or_delete_an_event(brand, change):
    record_some(brand)
    with pytest.raises(IntegrityError, match="never"), transaction.atomic():
        change(AuditEvent.objects.all())
    assert AuditEvent.objects.count() == 5


def test_a_sealed_event_cannot_be_sealed_anew(brand):
    record_some(brand, 1)
    sealing.seal()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditEvent.objects.update(digest="0" * 64)


def test_it_seals_in_batches_and_the_chain_holds(brand):
    record_some(brand, 7)
    assert [sealing.seal(limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert sealing.verify() is None
    assert list(AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 8))


def test_an_empty_log_is_whole():
    assert sealing.verify() is None
    assert sealing.seal() == 0


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE audit_auditevent SET act = 'other' WHERE sequence = 3", (3, "changed")),
        ("UPDATE audit_auditevent SET params = '{}' WHERE sequence = 3", (3, "changed")),
        ("UPDATE audit_auditevent SET recorded_at = recorded_at - interval '1 s' WHERE sequence = 4", (4, "changed")),
        ("DELETE FROM audit_auditevent WHERE sequence = 3", (3, "missing")),
        ("DELETE FROM audit_auditevent WHERE sequence = 1", (1, "missing")),
        ("DELETE FROM audit_auditevent WHERE sequence = 5", (5, "cut_off")),
        ("UPDATE audit_auditevent SET sequence = 9 - sequence WHERE sequence IN (4, 5)", (4, "changed")),
        ("UPDATE audit_audittext SET after = 'a lie'", (2, "text_changed")),
    ],
)
def test_it_finds_the_first_broken_link(brand, sql, found):
    record_some(brand, 1)
    record(act="note.edited", brand_id=brand.pk, before="a", after="b")
    record_some(brand, 3)
    sealing.seal()
    assert sealing.verify() is None
    as_intruder(sql)
    broken = sealing.verify()
    assert broken is not None
    assert (broken.sequence, broken.code) == found


def test_erasing_a_persons_texts_leaves_the_chain_whole(brand):
    record(act="reply.edited", brand_id=brand.pk, before="Dear Ann", after="Dear Ms Lee", author_key="x:77")
    record(act="reply.edited", brand_id=brand.pk, before="Hi", after="Hello", author_key="x:78")
    sealing.seal()
    person = SimpleNamespace(author_key="x:77", brand_ids=(brand.pk,))
    assert privacy.erase_author(person) == {"audit texts": 1}
    assert privacy.erase_author(person) == {"audit texts": 0}
    assert AuditText.objects.get().author_key == "x:78"
    assert sealing.verify() is None


def test_retention_forgets_the_old_end_and_keeps_the_rest_provable(brand):
    record_some(brand, 3)
    sealing.seal()
    as_intruder("UPDATE audit_auditevent SET recorded_at = recorded_at - interval '900 days' WHERE sequence <= 2")
    # The moved clock is part of the digest: seal these two anew as if they had always been old.
    as_intruder("UPDATE audit_auditevent SET sequence = NULL, digest = ''")
    AuditSeal.objects.update(sequence=0, digest="")
    sealing.seal()
    assert sealing.verify() is None
    assert sealing.forget_before(timezone.now() - timedelta(days=730)) == 2
    assert AuditEvent.objects.count() == 1
    assert sealing.verify() is None
    record_some(brand, 2)
    sealing.seal()
    assert sealing.verify() is None
    assert sealing.forget_before(timezone.now() - timedelta(days=730)) == 0
