"""An incident groups cases of one cause and changes nothing else about them."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from monitor.audit.models import AuditEvent
from monitor.cases import services
from monitor.cases.models import Case, Incident
from tests.cases.making import make_case

pytestmark = pytest.mark.django_db


def test_an_incident_groups_cases_until_they_leave_it(brand: Any, bob: Any) -> None:
    cases = [make_case(brand, author=name) for name in ("mia", "noa")]
    incident = services.open_incident(user=bob, brand=brand, title="  Carrier   on strike ", cases=cases)
    assert incident.title == "Carrier on strike"
    assert {case.pk for case in incident.cases.all()} == {case.pk for case in cases}
    services.remove_from_incident(user=bob, case=cases[0])
    assert [case.pk for case in incident.cases.all()] == [cases[1].pk]
    assert AuditEvent.objects.filter(act="case.added_to_incident").count() == 2


def test_a_closed_incident_takes_no_case_and_leaves_its_own_alone(brand: Any, bob: Any) -> None:
    case = make_case(brand)
    incident = services.open_incident(user=bob, brand=brand, title="Strike", cases=[case])
    closed = services.close_incident(user=bob, incident=incident)
    assert services.close_incident(user=bob, incident=incident).closed_at == closed.closed_at
    assert Case.objects.get().state == "new"
    with pytest.raises(ValueError, match="closed"):
        services.add_to_incident(user=bob, case=make_case(brand, author="noa"), incident=closed)


def test_cases_of_another_brand_stay_out(brand: Any, other_brand: Any, bob: Any, charlie: Any) -> None:
    with pytest.raises(ValueError, match="another brand"):
        services.open_incident(user=bob, brand=brand, title="Strike", cases=[make_case(other_brand)])
    assert not Incident.objects.exists()
    with pytest.raises(PermissionDenied):
        services.open_incident(user=charlie, brand=brand, title="Strike")
    with pytest.raises(ValueError, match="title"):
        services.open_incident(user=bob, brand=brand, title=" ")
