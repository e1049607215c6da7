"""The page of alerts: one heading for each kind, what each notice is about, and nothing lost behind the first few."""

import re
from typing import Any

import pytest
from django.test import Client

from monitor.alerts.models import Alert
from monitor.alerts.services import raise_alert
from monitor.brands.models import Membership, User
from monitor.cases.models import Case
from tests.support.desk import make_author, make_case, minutes_ago

PAGE = "/b/lumora/alerts/"


def _raise(brand: Any, code: str, at: float = 0, level: str = "warning", **params: Any) -> int:
    """`at`: so many minutes ago."""
    alert = raise_alert(brand_id=brand.pk, code=code, level=level, params=params, dedupe_key=f"{code}:{params}")
    Alert.objects.filter(pk=alert).update(last_raised_at=minutes_ago(at))
    return alert


def _escalate(case: Case, at: float = 0, level: str = "warning") -> int:
    return _raise(case.brand, "case.escalated", at, level, reference=case.reference, topic=case.topic)


def _read(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def _form(words: str) -> dict[str, str]:
    """What the button over the first kind sends."""
    return {name: re.findall(f'name="{name}" value="([^"]+)"', words)[0] for name in ("kind", "until", "count")}


def _cases_on(words: str) -> list[str]:
    return re.findall(r'/cases/([0-9A-Z]{8})/"', words)


def test_an_alert_names_person_topic_and_words_of_its_case(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "Where is my <b>parcel</b>?", author=make_author(brand, "Mia Brand"), severity=2)
    _escalate(case)
    words = _read(as_bob)
    for said in ("Escalated cases", "Mia Brand", "Delivery · Serious", "my &lt;b&gt;parcel&lt;/b&gt;?", case.reference):
        assert said in words


def test_many_of_a_kind_are_folded_newest_first_with_their_count(as_bob: Client, brand: Any) -> None:
    cases = [make_case(brand) for _number in range(60)]
    for at, case in enumerate(reversed(cases), start=2):
        _escalate(case, at, level="urgent" if case is cases[0] else "warning")
    _raise(brand, "channel.auth_expired", 1, channel="@lumora")
    words = _read(as_bob)
    newest_first = [case.reference for case in reversed(cases)]
    assert _cases_on(words) == newest_first[:3]
    assert '<span class="count">60</span> <span class="chip danger">Urgent</span>' in words, "as urgent as its worst"
    assert words.index("Logins that are no longer accepted") < words.index("Escalated cases"), "the latest kind first"
    assert "Show all 60" in words and 'href="/b/lumora/alerts/?kind=case.escalated"' in words
    first, second = _read(as_bob, "?kind=case.escalated"), _read(as_bob, "?kind=case.escalated&page=2")
    assert _cases_on(first) + _cases_on(second) == newest_first, "nothing is lost"
    assert "Logins" not in first and "Page 1 of 2" in first


def test_the_page_costs_the_same_queries_however_much_is_open(
    as_bob: Client, brand: Any, django_assert_max_num_queries: Any
) -> None:
    for _number in range(12):
        _escalate(make_case(brand))
    with django_assert_max_num_queries(12):
        _read(as_bob)


def test_a_kind_is_seen_to_at_once_but_not_what_came_meanwhile(as_bob: Client, bob: Any, brand: Any) -> None:
    for _number in range(2):
        _escalate(make_case(brand), 5)
    _raise(brand, "trend.spike", 6, topic="delivery", count=9)
    form = _form(_read(as_bob))
    late = _escalate(make_case(brand), 1)
    answer = as_bob.post(f"{PAGE}close/", form, follow=True)
    assert "2 alerts are seen to." in answer.content.decode()
    assert set(Alert.objects.filter(closed_at=None).values_list("code", flat=True)) == {"case.escalated", "trend.spike"}
    assert Alert.objects.get(pk=late).closed_at is None
    assert set(Alert.objects.exclude(closed_at=None).values_list("closed_by", flat=True)) == {bob.pk}
    assert len(_cases_on(_read(as_bob, "?tab=earlier"))) == 2


def test_nothing_is_closed_where_one_turned_up_behind_those_that_were_shown(as_bob: Client, brand: Any) -> None:
    for at in (3, 5):
        _escalate(make_case(brand), at)
    form = _form(_read(as_bob))
    _escalate(make_case(brand), 4)
    answer = as_bob.post(f"{PAGE}close/", form, follow=True)
    assert "look at them again" in answer.content.decode()
    assert Alert.objects.filter(closed_at=None).count() == 3


def test_nobody_closes_what_another_brand_has_open(as_bob: Client, other_brand: Any) -> None:
    _escalate(make_case(other_brand))
    as_bob.post(f"{PAGE}close/", {"kind": "case.escalated", "until": "2099-01-01T00:00:00+00:00", "count": "9"})
    assert Alert.objects.get().closed_at is None


@pytest.mark.parametrize("until", ["", "soon", "2099-01-01T00:00:00", "2099-13-41T00:00:00Z"])
def test_an_impossible_moment_closes_nothing(as_bob: Client, brand: Any, until: str) -> None:
    _escalate(make_case(brand))
    assert as_bob.post(f"{PAGE}close/", {"kind": "case.escalated", "until": until, "count": "9"}).status_code == 404
    assert Alert.objects.get().closed_at is None


@pytest.mark.parametrize("query", ["?kind=no.such", "?kind=%00", "?page=x", "?tab=earlier&page=99", "?kind=a&page=-1"])
def test_nonsense_in_the_address_is_an_empty_page(as_bob: Client, brand: Any, query: str) -> None:
    assert _read(as_bob, query)


def test_each_alert_leads_to_where_something_can_be_done(as_bob: Client, brand: Any) -> None:
    _raise(brand, "trend.spike", topic="delivery", count=9)
    _raise(brand, "pipeline.quarantine", count=2)
    _raise(brand, "channel.trouble", channel="@lumora", stream="mentions")
    words = _read(as_bob)
    for address in ("trends/?topic=delivery&amp;days=7", "posts/?kind=put_aside", "channels/"):
        assert f'<a href="/b/lumora/{address}">' in words


def test_a_viewer_sees_no_private_words_and_no_button(client: Client, brand: Any) -> None:
    author = make_author(brand, "Secret Name", "secret")
    _escalate(make_case(brand, "A secret grievance.", author=author, is_public=False))
    viewer = User.objects.create_user("vera@example.com", name="Vera")
    Membership.objects.create(user=viewer, brand=brand, role="viewer")
    client.force_login(viewer)
    words = _read(client)
    assert "secret" not in words.lower().replace("a private message", "")
    assert "Seen to" not in words
