"""The page of topics: added, tried, changed, removed by those who steer; what was learned is shown and taken back."""

import re
from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import BrandTopic, LearnedHeads, Renewal
from monitor.audit.models import AuditEvent
from monitor.trends.services import rebuild
from tests.support.desk import analyze, make_post, minutes_ago
from tests.support.topics import GIFT_CARDS, OF_GIFT_CARDS, OF_PARKING, PARKING, BagEngine

PAGE = "/b/lumora/settings/topics/"


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> BagEngine:
    """The shipped model would cost seconds; this one tells words apart."""
    fake = BagEngine()
    monkeypatch.setattr("monitor.nlp.engine.load_engine", lambda: fake)
    return fake


@pytest.fixture
def topic(brand: Any) -> BrandTopic:
    return BrandTopic.objects.create(brand=brand, name="gift_cards", examples=GIFT_CARDS)


def _typed(name: str = "Gift cards", examples: list[str] = GIFT_CARDS, **more: Any) -> dict[str, Any]:
    return {"name": name, "examples": "\r\n".join(examples), **more}


def _words(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def test_a_topic_is_added_and_listed(as_alice: Client) -> None:
    words = _words(as_alice.post(f"{PAGE}add/", _typed(), follow=True))
    assert "Gift cards” counts for new posts from now on" in words
    assert BrandTopic.objects.get().examples == GIFT_CARDS
    assert "Gift cards</bdi>" in words and '<td class="number" data-label="Examples">10</td>' in words


@pytest.mark.parametrize(
    ("name", "code", "shown"),
    [
        ("Click & Collect", "click_&_collect", "Click &amp; collect"),
        ("Carte d’abonnement", "carte_d'abonnement", "Carte d&#x27;abonnement"),
        ("E-Mail", "e-mail", "E-mail"),
    ],
)
def test_a_name_with_signs_leads_to_its_posts(as_alice: Client, brand: Any, name: str, code: str, shown: str) -> None:
    words = _words(as_alice.post(f"{PAGE}add/", _typed(name), follow=True))
    assert BrandTopic.objects.get().name == code and f"<bdi>{shown}</bdi>" in words
    found = analyze(make_post(brand), topic=code).post
    analyze(make_post(brand), topic="delivery")
    rebuild()
    (address,) = re.findall(r'href="(/b/lumora/posts/\?topic=[^"]+)"', words)
    page = as_alice.get(address)
    assert [line.post for line in page.context["page"].lines] == [found]
    assert f" selected>{shown}</option>" in page.content.decode()
    trend = as_alice.get("/b/lumora/trends/", {"topic": code})
    assert trend.context["trend"].total == 1 and trend.context["wish"].filters == {"topic": code}


def test_the_list_counts_the_posts_of_thirty_days(as_alice: Client, brand: Any, topic: Any) -> None:
    for days, name in ((1, "gift_cards"), (29, "gift_cards"), (31, "gift_cards"), (1, "delivery")):
        analyze(make_post(brand, at=minutes_ago(days * 1440)), topic=name)
    rebuild()
    (own,) = as_alice.get(PAGE).context["topics"]
    assert (own.name, own.examples, own.posts) == ("gift_cards", 10, 2)


def test_the_page_costs_as_many_queries_for_thirty_topics_as_for_one(
    as_alice: Client, brand: Any, topic: Any, django_assert_max_num_queries: Any
) -> None:
    BrandTopic.objects.bulk_create(BrandTopic(brand=brand, name=f"t{number}", examples=["a"]) for number in range(29))
    with django_assert_max_num_queries(16):
        as_alice.get(PAGE)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (_typed(name="Delivery"), "every brand has already"),
        (_typed(examples=["only one", "<i>and two</i>"]), "2 examples are too few"),
        (_typed(name=""), "1 to 48 letters"),
    ],
)
def test_what_is_refused_says_why_beside_what_was_typed(as_alice: Client, typed: dict[str, str], said: str) -> None:
    answer = as_alice.post(f"{PAGE}add/", typed)
    words = _words(answer, 422)
    assert said in words and 'id="topic-problem"' in words
    form = answer.context["form"]
    assert (form.name, form.examples) == (typed["name"], typed["examples"])
    assert f'value="{typed["name"]}"' in words and "<i>" not in words
    assert not BrandTopic.objects.exists()


def test_adding_does_not_overwrite_a_topic_of_the_same_name(as_alice: Client, topic: Any) -> None:
    assert "already: edit that one" in _words(as_alice.post(f"{PAGE}add/", _typed(examples=PARKING)), 422)
    topic.refresh_from_db()
    assert topic.examples == GIFT_CARDS


def test_a_topic_is_edited_and_keeps_its_name(as_alice: Client, topic: Any) -> None:
    assert GIFT_CARDS[3] in _words(as_alice.get(f"{PAGE}{topic.pk}/"))
    as_alice.post(f"{PAGE}{topic.pk}/", _typed(name="another name", examples=PARKING))
    saved = BrandTopic.objects.get()
    assert (saved.name, saved.examples) == ("gift_cards", PARKING)
    words = _words(as_alice.post(f"{PAGE}{topic.pk}/", _typed(examples=["one"])), 422)
    assert "1 examples are too few" in words and ">one</textarea>" in words


def test_removing_asks_first(as_alice: Client, topic: Any) -> None:
    words = _words(as_alice.get(f"{PAGE}{topic.pk}/remove/"))
    assert "Remove “Gift cards”?" in words and "10 examples go with it" in words
    assert BrandTopic.objects.exists()
    assert "is removed" in _words(as_alice.post(f"{PAGE}{topic.pk}/remove/", follow=True))
    assert not BrandTopic.objects.exists()


def test_a_text_is_tried_before_anything_is_saved(as_alice: Client) -> None:
    htmx = {"HX-Request": "true"}
    part = _words(as_alice.post(f"{PAGE}try/", _typed(text=OF_GIFT_CARDS), headers=htmx))
    assert "<bdi>Gift cards</bdi>" in part and "/ 100" in part and "<html" not in part
    far = _words(as_alice.post(f"{PAGE}try/", _typed(text="the courier rang twice and left"), headers=htmx))
    assert "<strong><bdi>Other</bdi></strong>" in far
    assert "Paste a text" in _words(as_alice.post(f"{PAGE}try/", _typed(), headers=htmx), 422)
    assert not BrandTopic.objects.exists()


def test_trying_without_a_script_keeps_what_was_typed(as_alice: Client, topic: Any) -> None:
    whole = _words(as_alice.post(f"{PAGE}try/", _typed("Parking", PARKING, text=OF_PARKING)))
    assert "<strong><bdi>Parking</bdi></strong>" in whole
    assert PARKING[0] in whole and f"{OF_PARKING}</textarea>" in whole and 'value="Parking"' in whole
    edited = as_alice.post(f"{PAGE}try/", _typed(examples=PARKING, text=OF_PARKING, topic=topic.pk))
    assert edited.context["form"].topic == topic and edited.context["tried"].topic == "gift_cards"


def test_viewers_see_the_list_and_no_examples(as_bob: Client, topic: Any) -> None:
    words = _words(as_bob.get(PAGE))
    assert "Gift cards" in words and GIFT_CARDS[0] not in words and "<textarea" not in words


def test_the_line_of_progress_asks_again_until_all_is_read(as_bob: Client, brand: Any) -> None:
    assert "read again" not in _words(as_bob.get(PAGE))
    renewal = Renewal.objects.create(brand=brand, total=8000, done=1200)
    for address in (PAGE, f"{PAGE}progress/"):
        words = _words(as_bob.get(address))
        assert "1,200 of 8,000 posts read again" in words and 'hx-trigger="every 5s"' in words
    Renewal.objects.filter(pk=renewal.pk).update(finished_at=minutes_ago(0))
    words = _words(as_bob.get(f"{PAGE}progress/"))
    assert "All stored posts have been read again" in words and "hx-trigger" not in words


def _learned(brand: Any, number: int, *, base: str = "words-1", is_active: bool = False) -> LearnedHeads:
    told = {"verdicts": 61, "held_out_verdicts": 40, "right_before": 12, "right_after": 31, "is_promoted": True,
            "platforms": ["facebook", "survey"]}  # fmt: skip
    report = {"topic": told, "intent": {**told, "is_promoted": False}}
    return LearnedHeads.objects.create(
        brand=brand, number=number, base_version=base, weights=b"", report=report, is_active=is_active
    )


def test_what_was_learned_is_shown_with_what_it_mended(as_bob: Client, brand: Any) -> None:
    assert "the model reads as it was shipped" in _words(as_bob.get(PAGE))
    _learned(brand, 1, base="words-0")
    _learned(brand, 2, is_active=True)
    answer = as_bob.get(PAGE)
    words = _words(answer)
    newest, oldest = answer.context["versions"]
    assert [(one.head, one.aside, one.before, one.after) for one in newest.taught] == [("topic", 40, 12, 31)]
    assert (
        "12 → 31 of 40" in words
        and "on Facebook, survey" in words
        and "in use" in words
        and "for an earlier model" in words
    )
    assert newest.is_active and not oldest.can_be_used
    assert "settings/topics/version/" not in words


def test_the_model_as_it_was_shipped_is_one_button_away(as_alice: Client, alice: Any, brand: Any) -> None:
    _learned(brand, 1, is_active=True)
    as_alice.post(f"{PAGE}version/", {"number": "0"})
    assert not LearnedHeads.objects.filter(is_active=True).exists()
    event = AuditEvent.objects.get(act="heads.chosen")
    assert (event.actor_id, event.subject_id) == (alice.pk, "0")


@pytest.mark.parametrize(("number", "status"), [("9", 200), ("x", 400), ("", 400), ("1" * 30, 400)])
def test_a_version_that_is_not_there_changes_nothing(as_alice: Client, brand: Any, number: str, status: int) -> None:
    _learned(brand, 1, is_active=True)
    assert as_alice.post(f"{PAGE}version/", {"number": number}, follow=True).status_code == status
    assert LearnedHeads.objects.get().is_active and not AuditEvent.objects.exists()


def test_what_rests_since_an_update_is_told_with_the_way_on(as_bob: Client, brand: Any) -> None:
    _learned(brand, 1, base="words-0", is_active=True)
    answer = as_bob.get(PAGE)
    (version,) = answer.context["versions"]
    words = _words(answer)
    assert version.is_resting and not version.is_active
    assert ">resting</span>" in words and "mentiondesk learn --brand lumora" in words
    # The model as it was shipped reads meanwhile.
    assert words.count(">in use</span>") == 1


def test_the_form_warns_of_copies_from_x(as_alice: Client) -> None:
    assert "No copies of posts from X" in _words(as_alice.get(PAGE))
