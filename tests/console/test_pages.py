"""Posts, trends, alerts, channels, what was put aside, settings, people, the demo: seen and used."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitor.alerts.models import Alert
from monitor.alerts.services import raise_alert
from monitor.brands.models import Brand, ChannelStream, Market, Membership, Switch, User
from monitor.cases.models import Case
from monitor.inbox.models import ChannelGap, Post, PostChange, QuarantinedEvent
from monitor.replies.models import Article
from monitor.trends.services import rebuild
from monitor.triage.models import TriageDecision
from tests.support.desk import analyze, make_author, make_case, make_channel, make_post, minutes_ago


@pytest.fixture
def as_admin(client: Client, brand: Any) -> Client:
    user = User.objects.create_user("ada@example.com", name="Ada")
    Membership.objects.create(user=user, brand=brand, role="admin")
    client.force_login(user)
    return client


def _read(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_all_posts_are_shown_with_their_reading_and_why_no_case(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "With a case.")
    quiet = make_post(brand, "Just chatting.")
    analyze(quiet, intent="chatter", complaint=False)
    TriageDecision.objects.create(
        brand=brand, post=quiet, ruleset_version="test", facts={}, opens_case=False, is_flagged=False, priority=0,
        reasons=[{"code": "stays.not_addressed", "weight": 0, "params": {}}],
    )  # fmt: skip
    words = _read(as_bob, "/b/lumora/posts/")
    assert "With a case." in words and case.reference in words
    assert "Just chatting." in words and "Not addressed to us: no case" in words and "Chatter" in words


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "cased"}, {"cased"}),
        ({"kind": "uncased"}, {"plain", "broken"}),
        ({"kind": "own"}, {"own"}),
        ({"kind": "put_aside"}, {"broken"}),
        ({"complaint": "yes"}, {"cased"}),
        ({"topic": "promotions"}, {"plain"}),
        ({"q": "own words"}, {"own"}),
        ({"until": "2001-01-01"}, set()),
        ({"since": "2001-01-01", "language": "fr"}, {"plain"}),
        ({"told": "on_ad"}, {"cased"}),
        ({"told": "low_rated"}, {"plain"}),
        ({"told": "nonsense"}, {"cased", "plain", "own", "broken"}),
    ],
)
def test_posts_are_filtered(as_bob: Client, brand: Any, query: dict[str, str], expected: set[str]) -> None:
    posts = {
        "cased": make_case(brand, post=make_post(brand, extra={"ad_id": "7"})).deciding_post,
        "plain": make_post(brand, "plain", form="review", extra={"stars": 1}),
        "own": make_post(brand, "our own words", is_own=True),
        "broken": make_post(brand, "broken", stage="quarantined", stage_error="pipeline.gave_up"),
    }
    analyze(posts["plain"], complaint=False, topic="promotions", language="fr")
    page = as_bob.get("/b/lumora/posts/", query).context["page"]
    assert {line.post.pk for line in page.lines} == {posts[name].pk for name in expected}


def test_every_platform_that_posts_came_from_can_be_chosen(as_bob: Client, brand: Any) -> None:
    analyze(make_post(brand, "imported", platform="trustpilot"), language="sw")
    rebuild()
    words = _read(as_bob, "/b/lumora/posts/")
    assert '<option value="trustpilot">trustpilot</option>' in words and '<option value="sw">Swahili</option>' in words


@pytest.mark.parametrize(
    ("name", "value"),
    [("platform", "elsewhere"), ("language", "tl"), ("market", "xx"), ("topic", "a&b"), ("intent", "x")],
)
def test_what_is_chosen_stays_chosen_although_no_post_has_it(as_bob: Client, brand: Any, name: str, value: str) -> None:
    make_post(brand)
    answer = as_bob.get("/b/lumora/posts/", {name: value})
    assert answer.context["page"].lines == []
    (chosen,) = re.findall(r'<option value="([^"]+)" selected>', answer.content.decode())
    assert html.unescape(chosen) == value


NUL = "a\0b"


@pytest.mark.parametrize(
    "page",
    [
        "posts/",
        "queue/",
        "queue/news/",
        "trends/",
        "quality/",
        "alerts/",
        "channels/",
        "put-aside/",
    ],
)
def test_no_page_stumbles_over_what_the_database_refuses(as_alice: Client, brand: Any, page: str) -> None:
    make_case(brand)
    names = ("platform", "market", "topic", "language", "intent", "sentiment", "kind", "told", "q", "after", "tab")
    numbers = ("since", "until", "days", "measure", "post", "judged", "page", "code")
    for name in (*names, *numbers):
        assert as_alice.get(f"/b/lumora/{page}", {name: NUL}).status_code in (200, 304)


@pytest.mark.parametrize("query", ["topic=deli%00very", "topic=deli%%0000very", "q=par%00cel"])
def test_what_is_asked_for_is_found_without_it(as_bob: Client, brand: Any, query: str) -> None:
    case = make_case(brand, post=make_post(brand, "Where is my parcel?"))
    (line,) = as_bob.get(f"/b/lumora/posts/?{query}").context["page"].lines
    assert line.post == case.deciding_post


def test_a_correction_counts_in_the_filter(as_bob: Client, brand: Any) -> None:
    case = make_case(brand)
    as_bob.post(f"/b/lumora/cases/{case.reference}/correct/", {"field": "topic", "value": "promotions"})
    assert as_bob.get("/b/lumora/posts/", {"topic": "promotions"}).context["page"].lines
    assert not as_bob.get("/b/lumora/posts/", {"topic": "delivery"}).context["page"].lines


def _count_post(brand: Any, days: float, **analysis: Any) -> Post:
    post = make_post(brand, at=timezone.now() - timedelta(days=days))
    analyze(post, **analysis)
    PostChange.objects.create(brand_id=brand.pk, post_id=post.pk, kind="analyzed")
    return post


def test_the_trend_counts_and_compares_with_the_period_before(as_bob: Client, brand: Any) -> None:
    for days in (1, 2, 2):
        _count_post(brand, days)
    _count_post(brand, 9)
    _count_post(brand, 1, complaint=False)
    answer = as_bob.get("/b/lumora/trends/", {"days": "7"})
    assert answer.context["trend"].total == 3
    words = answer.content.decode()
    assert "+200 % against 1 in the period before" in words
    assert '<title id="chart-title">Complaints</title>' in words and 'class="before"' in words
    assert "?topic=delivery&amp;complaint=yes&amp;since=" in words


@pytest.mark.parametrize("query", [{"days": "1"}, {"days": "x"}, {"measure": "x"}, {"topic": "none", "market": "xx"}])
def test_any_trend_can_be_asked_for(as_bob: Client, brand: Any, query: dict[str, str]) -> None:
    _count_post(brand, 0)
    assert as_bob.get("/b/lumora/trends/", query).status_code == 200


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_files_go_to_those_who_may_export(as_admin: Client, brand: Any, format: str) -> None:
    _count_post(brand, 1)
    answer = as_admin.get("/b/lumora/trends/export/", {"format": format, "kind": "trends"})
    content = b"".join(answer)
    assert answer.headers["Content-Disposition"].endswith(f'lumora-trends.{format}"')
    assert content.startswith(b"PK") if format == "xlsx" else b"delivery" in content


@pytest.mark.parametrize("query", [{"format": "exe"}, {"kind": "passwords"}, {"since": "soon"}])
def test_an_impossible_file_is_refused_in_words(as_admin: Client, brand: Any, query: dict[str, str]) -> None:
    assert as_admin.get("/b/lumora/trends/export/", query).status_code == 400


def test_alerts_say_what_to_do_and_are_closed(as_bob: Client, brand: Any) -> None:
    raise_alert(brand_id=brand.pk, code="channel.auth_expired", level="urgent", params={"channel": "@lumora"})
    words = _read(as_bob, "/b/lumora/alerts/")
    assert "@lumora: the platform no longer accepts our login." in words
    assert "Connect the channel again. What waits to be sent is kept." in words
    assert '<span class="badge">1</span>' in words
    as_bob.post(f"/b/lumora/alerts/{Alert.objects.get().pk}/close/")
    assert "All quiet" in _read(as_bob, "/b/lumora/alerts/")


def test_an_alert_of_another_brand_cannot_be_closed(as_bob: Client, other_brand: Any) -> None:
    alert = raise_alert(brand_id=other_brand.pk, code="trend.spike", params={})
    assert as_bob.post(f"/b/lumora/alerts/{alert}/close/").status_code == 404


def test_channels_say_how_they_are_in_one_sentence(as_bob: Client, brand: Any) -> None:
    channel = make_channel(brand, "instagram", state="needs_reauth", state_code="auth_expired")
    stream = ChannelStream.objects.create(
        channel=channel, name="comments", last_success_at=minutes_ago(90), failures=4, last_error="unavailable"
    )
    ChannelGap.objects.create(stream=stream, code="unavailable", since=minutes_ago(900), until=minutes_ago(800))
    words = _read(as_bob, "/b/lumora/channels/")
    for said in ("Must be connected again", "no longer accepts our login", "1 h", "4 failures in a row", "Gaps"):
        assert said in words


def test_a_channel_is_paused_and_tried_again_by_an_administrator(as_admin: Client, brand: Any) -> None:
    channel = make_channel(brand)
    for act, state in (("pause", "paused"), ("resume", "healthy")):
        as_admin.post(f"/b/lumora/channels/{channel.pk}/pause/", {"act": act})
        channel.refresh_from_db()
        assert channel.state == state


def test_what_was_put_aside_is_shown_and_read_again(as_alice: Client, brand: Any) -> None:
    event = QuarantinedEvent.objects.create(
        brand=brand, channel=make_channel(brand), source="mentions", reason_code="event.malformed",
        params={"kind": "post", "external_id": "1", "author_ids": []}, body=b'{"nonsense": "\\u0000<b>"}',
    )  # fmt: skip
    words = _read(as_alice, "/b/lumora/put-aside/")
    assert "does not look as it documents" in words and "nonsense" in words and "<b>" not in words
    answer = as_alice.post(f"/b/lumora/put-aside/{event.pk}/replay/", follow=True)
    assert "Nothing is lost." in answer.content.decode()


def test_posts_that_could_not_be_worked_on_are_sent_through_again(as_alice: Client, brand: Any) -> None:
    post = make_post(brand, stage="quarantined", stage_error="pipeline.gave_up")
    assert "1 post could not be worked on." in _read(as_alice, "/b/lumora/put-aside/")
    assert "Reading it failed three times." in _read(as_alice, "/b/lumora/posts/", kind="put_aside")
    answer = as_alice.post("/b/lumora/put-aside/retry/", follow=True)
    assert "1 post goes through again." in answer.content.decode()
    post.refresh_from_db()
    assert post.stage == "received"


def test_switches_belong_to_leads(as_alice: Client, as_bob: Client, brand: Any) -> None:
    form = {"name": "kill", "is_on": "1"}
    assert as_bob.post("/b/lumora/settings/switch/", form).status_code == 403
    as_alice.post("/b/lumora/settings/switch/", form)
    assert Switch.objects.get(brand=brand, name="kill").is_on
    assert as_alice.post("/b/lumora/settings/switch/", {"name": "self-destruct"}).status_code == 400


@pytest.mark.parametrize(("threshold", "cooldown"), [("101", "24"), ("-1", "24"), ("x", "24"), ("50", "0")])
def test_thresholds_stay_within_reason(as_alice: Client, brand: Any, threshold: str, cooldown: str) -> None:
    form = {"flag_threshold": threshold, "cooldown": cooldown}
    answer = as_alice.post("/b/lumora/settings/thresholds/", form, follow=True)
    assert "lies between 0 and 100" in answer.content.decode()
    as_alice.post("/b/lumora/settings/thresholds/", {"flag_threshold": "70", "cooldown": "48"})
    brand.refresh_from_db()
    assert (brand.flag_threshold, brand.acknowledgement_cooldown_hours) == (70, 48)


def test_somebody_new_gets_a_link_that_lets_them_in(as_admin: Client, brand: Any) -> None:
    form = {"email": "Eve@example.com", "name": "Eve", "role": "agent"}
    answer = as_admin.post("/b/lumora/people/add/", form)
    link = answer.context["link"]
    newcomer = Client()
    assert newcomer.post(link).status_code == 302
    assert newcomer.get("/b/lumora/queue/").status_code == 200
    assert Membership.objects.get(user__email="eve@example.com").role == "agent"


def test_a_brand_keeps_an_administrator(as_admin: Client, brand: Any) -> None:
    ada = User.objects.get(email="ada@example.com")
    for role in ("viewer", ""):
        answer = as_admin.post(f"/b/lumora/people/{ada.pk}/role/", {"role": role}, follow=True)
        assert "A brand needs an administrator" in answer.content.decode()
    assert Membership.objects.get(user=ada).role == "admin"


def test_roles_change_and_go(as_admin: Client, bob: Any) -> None:
    as_admin.post(f"/b/lumora/people/{bob.pk}/role/", {"role": "lead"})
    assert Membership.objects.get(user=bob).role == "lead"
    as_admin.post(f"/b/lumora/people/{bob.pk}/role/", {"role": ""})
    assert not Membership.objects.filter(user=bob).exists()


def test_a_brand_of_ones_own_starts_with_its_founder_as_administrator(as_admin: Client) -> None:
    as_admin.post("/brands/new/", {"name": "Grün & Söhne"})
    as_admin.post("/brands/new/", {"name": "小店"})
    as_admin.post("/brands/new/", {"name": "小店"})
    founded = Membership.objects.filter(user__email="ada@example.com").exclude(brand__slug="lumora")
    assert {(row.brand.slug, row.role) for row in founded} == {
        ("grun-sohne", "admin"), ("brand", "admin"), ("brand-2", "admin"),
    }  # fmt: skip
    assert as_admin.post("/brands/new/", {"name": "  "}).status_code == 422


def test_a_new_brand_is_told_how_to_begin_and_has_articles_to_answer_from(as_admin: Client) -> None:
    answer = as_admin.post("/brands/new/", {"name": "Grün & Söhne"}, follow=True)
    words = answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/b/grun-sohne/channels/"
    for said in (
        "mentiondesk connect x --brand grun-sohne --id ID --credentials x.json",
        "mentiondesk connect facebook --brand grun-sohne",
        "mentiondesk connect instagram --brand grun-sohne",
        "access_token_secret",
        "docs/channels.md",
        "mentiondesk import FILE --brand grun-sohne",
    ):
        assert said in words
    shipped = Article.objects.filter(brand__slug="grun-sohne")
    assert {"en", "zh"} <= set(shipped.values_list("language", flat=True))


def test_a_brand_with_a_channel_is_not_told_how_to_begin(as_bob: Client, brand: Any) -> None:
    make_channel(brand)
    assert "mentiondesk connect" not in _read(as_bob, "/b/lumora/channels/")


def test_the_demo_goes_with_everything_and_nothing_else(as_admin: Client, brand: Any, other_brand: Any) -> None:
    make_case(brand)
    kept = make_case(other_brand)
    _count_post(brand, 1)
    raise_alert(brand_id=brand.pk, code="trend.spike", params={})
    assert as_admin.post("/b/lumora/remove-demo/").status_code == 404
    Brand.objects.filter(pk=brand.pk).update(is_demo=True)
    assert "Remove it" in _read(as_admin, "/b/lumora/remove-demo/")
    assert as_admin.post("/b/lumora/remove-demo/").status_code == 302
    assert list(Brand.objects.values_list("slug", flat=True)) == ["nordhaus"]
    assert list(Case.objects.values_list("reference", flat=True)) == [kept.reference]
    assert not PostChange.objects.filter(brand_id=brand.pk).exists()
    assert set(Post.objects.values_list("brand_id", flat=True)) == {other_brand.pk}


def test_the_demo_says_that_it_is_one(as_admin: Client, brand: Any) -> None:
    assert "Start my own brand" not in _read(as_admin, "/b/lumora/queue/")
    Brand.objects.filter(pk=brand.pk).update(is_demo=True)
    words = _read(as_admin, "/b/lumora/queue/")
    assert "Start my own brand" in words and "Remove the demo" in words


def test_markets_go_by_the_names_that_the_brand_gave_them(as_bob: Client, brand: Any) -> None:
    market = Market.objects.create(brand=brand, code="fr", name="France & Monaco")
    post = make_post(brand, market=market)
    analyze(post)
    PostChange.objects.create(brand_id=brand.pk, post_id=post.pk, kind="analyzed")
    _count_post(brand, 1)
    rebuild()
    trends = _read(as_bob, "/b/lumora/trends/")
    assert '<option value="fr">France &amp; Monaco</option>' in trends and ">France &amp; Monaco</a>" in trends
    assert "Unknown market" in trends
    assert '<option value="fr">France &amp; Monaco</option>' in _read(as_bob, "/b/lumora/posts/")


@pytest.mark.parametrize(
    ("page", "said", "leads_to"),
    [
        ("queue/", "No channel is connected yet.", "/b/lumora/channels/"),
        ("queue/?tab=mine", "You have taken over no case.", "?tab=active"),
        ("queue/?tab=flagged", "above the brand&#x27;s threshold", "?tab=active"),
        ("queue/?tab=done&q=nothing", "No case matches this search.", "?tab=done"),
        ("queue/?tab=waiting", "wait for the customer", ""),
        ("queue/?tab=snoozed", "they come back by themselves", ""),
        ("posts/", "No channel is connected yet.", "/b/lumora/channels/"),
        ("trends/", "Nothing was counted in this period.", "/b/lumora/channels/"),
        ("alerts/", "Nothing needs attention.", "/b/lumora/queue/"),
        ("alerts/?tab=earlier", "are kept here", ""),
    ],
)
def test_an_empty_page_says_what_belongs_there_or_what_to_do(
    as_bob: Client, brand: Any, page: str, said: str, leads_to: str
) -> None:
    words = _read(as_bob, f"/b/lumora/{page}").split('<main id="main"')[1]
    assert said in words.replace("&#39;", "&#x27;").replace("brand's", "brand&#x27;s")
    assert f'<a href="{leads_to}">' in words if leads_to else True


def test_large_numbers_are_grouped(as_bob: Client, brand: Any) -> None:
    reasons = [{"code": "author.reach.10000", "weight": 6, "params": {"followers": 15800}}]
    case = make_case(brand, reasons=reasons, author=make_author(brand, followers=15800))
    assert "15,800 followers" in _read(as_bob, "/b/lumora/queue/")
    assert "The author has 15,800 followers" in _read(as_bob, f"/b/lumora/cases/{case.reference}/")


@pytest.mark.usefixtures("within_one_day")
def test_channels_say_what_they_cost_and_what_was_looked_up_again(as_bob: Client, brand: Any) -> None:
    from datetime import UTC, datetime

    from monitor.brands.models import Spend
    from monitor.inbox.models import Recheck
    from tests.support.desk import make_channel

    channel = make_channel(brand, daily_cap_micros=5_000_000)
    Spend.objects.create(channel=channel, day=datetime.now(UTC).date(), reads_micros=120_000, writes_micros=30_000)
    Recheck.objects.create(
        channel=channel, scope="cases", ended_at=timezone.now(), looked_up=12, found_gone=1, last_error="recheck_budget"
    )
    words = _read(as_bob, "/b/lumora/channels/")
    assert "Spent today: $0.150 of $5.000" in words
    assert "12 posts, 1 gone, 0 edited" in words and "The money for look-ups is spent for today." in words
