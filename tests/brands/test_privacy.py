"""The rooms below the inbox claim every column."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitor.alerts import privacy as alerts
from monitor.alerts.models import Alert
from monitor.alerts.services import close_alert, raise_alert
from monitor.audit import privacy as audit
from monitor.brands import privacy as brands
from monitor.brands.models import LoginLink
from monitor.brands.services import create_login_link, note_failed_login
from monitor.privacy.registry import columns_to_claim


@pytest.mark.parametrize(("room", "module"), [("brands", brands), ("alerts", alerts), ("audit", audit)])
def test_every_column_is_claimed(room, module):
    assert set(module.COLUMNS) == columns_to_claim(room)


@pytest.mark.django_db
def test_ways_in_that_are_over_and_alerts_that_were_seen_to_go_with_the_time(alice, brand):
    create_login_link(user=alice)
    note_failed_login(email="a@example.com", address="203.0.113.1")
    raise_alert(brand_id=brand.pk, code="channel.gap", dedupe_key="open")
    close_alert(alert_id=raise_alert(brand_id=brand.pk, code="channel.gap", dedupe_key="closed"))
    now = timezone.now()
    assert not any({**brands.sweep_retention(now), **alerts.sweep_retention(now)}.values())
    later = now + timedelta(days=3)
    swept = {name: count for name, count in brands.sweep_retention(later).items() if count}
    assert swept == {"login links": 1, "login brakes": 1}
    assert not LoginLink.objects.exists()
    assert alerts.sweep_retention(now + timedelta(days=1000)) == {"closed alerts": 1}
    assert Alert.objects.get().dedupe_key == "open"
