"""Notices: one for one thing, counted, closed, and readable."""

import re
import threading
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import translation

import monitor
from monitor.alerts.codes import CODES, sentence, what_to_do
from monitor.alerts.models import Alert
from monitor.alerts.selectors import alerts_of, open_count
from monitor.alerts.services import close_alert, close_alerts, raise_alert
from monitor.brands.models import User


def raise_gap(brand, **more):
    more.setdefault("params", {"channel": "Lumora", "since": "1", "until": "2"})
    return raise_alert(brand_id=brand.pk if brand else None, code="channel.gap", **more)


@pytest.mark.django_db
class TestRaising:
    def test_the_same_thing_is_one_alert_that_counts(self, brand):
        first = raise_gap(brand, dedupe_key="a")
        assert raise_gap(brand, dedupe_key="a", params={"channel": "new"}) == first
        assert raise_gap(brand, dedupe_key="b") != first
        alert = Alert.objects.get(pk=first)
        assert (alert.count, alert.params) == (2, {"channel": "new"})

    def test_an_alert_without_a_brand_is_deduplicated_too(self, db):
        assert raise_gap(None) == raise_gap(None)

    def test_it_never_becomes_less_urgent(self, brand):
        for level, expected in (("note", "note"), ("urgent", "urgent"), ("warning", "urgent")):
            raise_gap(brand, level=level)
            assert Alert.objects.get().level == expected
        with pytest.raises(ValueError, match="loud"):
            raise_gap(brand, level="loud")

    def test_after_it_was_closed_it_is_raised_anew(self, brand, alice):
        first = raise_gap(brand)
        assert close_alert(alert_id=first, user=alice)
        assert not close_alert(alert_id=first, user=alice)
        assert Alert.objects.get(pk=first).closed_by == alice
        assert raise_gap(brand) != first

    def test_what_mends_itself_closes_its_alerts(self, brand, other_brand):
        raise_gap(brand, dedupe_key="k")
        raise_gap(other_brand, dedupe_key="k")
        raise_gap(None, dedupe_key="k")
        assert close_alerts(brand_id=brand.pk, dedupe_key="k") == 1
        assert close_alerts(brand_id=None, dedupe_key="k") == 1
        assert Alert.objects.get(closed_at=None).brand == other_brand

    def test_it_can_be_raised_twice_in_a_transaction_that_goes_on(self, brand):
        with transaction.atomic():
            raise_gap(brand)
            raise_gap(brand)
            assert Alert.objects.get().count == 2

    def test_people_see_the_alerts_of_their_brands(self, brand, other_brand, alice, charlie):
        mine, theirs, ours = raise_gap(brand), raise_gap(other_brand), raise_gap(None)
        operator = User.objects.create_user("root@example.com", is_operator=True)
        assert [alert.pk for alert in alerts_of(alice)] == [mine]
        assert [alert.pk for alert in alerts_of(charlie)] == [theirs]
        assert {alert.pk for alert in alerts_of(operator)} == {mine, theirs, ours}
        assert open_count(alice, other_brand) == 0
        close_alert(alert_id=mine)
        assert open_count(alice) == 0
        assert alerts_of(alice, is_open=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_that_raise_the_same_alert_raise_one(brand):
    errors = []

    def work():
        try:
            for _ in range(5):
                raise_gap(brand)
        except Exception as error:  # noqa: BLE001  (shown by the assertion below)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert Alert.objects.get().count == 40


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_code_has_a_sentence_with_or_without_its_params(code, language):
    with translation.override(language):
        bare = sentence(code, {})
        assert bare and "%(" not in bare
        assert what_to_do(code)
        names = re.findall(r"%\((\w+)\)", str(CODES[code].sentence))
        full = sentence(code, {name: f"<{name}>" for name in names})
        assert all(f"<{name}>" in full for name in names)


def test_an_unknown_code_is_shown_as_it_is():
    assert "moon.fell" in sentence("moon.fell", {"a": 1})
    assert what_to_do("moon.fell") == ""
    assert "?" in sentence("channel.gap", {"channel": None})


def test_every_code_that_is_raised_has_a_sentence():
    raised = re.compile(r"""raise_alert\((?:[^()]|\([^()]*\))*?code="([a-z_.]+)\"""")
    found = {
        code for path in Path(monitor.__file__).parent.rglob("*.py") for code in raised.findall(path.read_text("utf-8"))
    }
    assert found
    assert found <= set(CODES)
