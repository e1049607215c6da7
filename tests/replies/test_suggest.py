"""Suggestions: every topic in every language says what it is about, fits, and asks for nothing in public."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.nlp.labels import TOPICS
from monitor.replies import guard
from monitor.replies.hand_offs import MarketFacts, choose_hand_off, is_open
from monitor.replies.phrasebook import SENTENCE_GROUPS, choose_language, find_situation, phrasebooks, topics
from monitor.replies.suggest import PostFacts, Tone, suggest, suggest_text
from monitor.text.length import byte_count, weighted_length

LANGUAGES = sorted(phrasebooks())
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday


@dataclass(frozen=True)
class Read:
    language: str = "en"
    intent: str = "complaint"
    sentiment: str = "negative"
    complaint: bool = True
    severity: int = 1
    escalate: bool = False
    topic: str = "delivery"
    audience: str = "buyer"


QUESTION = Read(intent="question", sentiment="neutral", complaint=False, severity=0)
PRAISE = Read(intent="praise", sentiment="positive", complaint=False, severity=0)
PUBLIC = PostFacts("words", key="p1")
PRIVATE = replace(PUBLIC, is_public=False, limit=1000, counts_weighted=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_public_no_topic_asks_for_personal_data_and_all_fit(language: str) -> None:
    book = phrasebooks()[language]
    for topic in TOPICS:
        for severity in (1, 2, 3):
            for key in "abcdefgh":
                post = PostFacts("x", key=key, author_name="Mia Brandt")
                made = suggest(
                    Read(language=language, topic=topic, severity=severity), post, tone=Tone(signature="Lumora Care")
                )
                assert made.language == language
                assert made.guard == (), (made.text, made.guard)
                assert weighted_length(made.text) <= 280
                private_way = {*book.sentences["ask_private"], *book.sentences["ask_private_critical"]}
                assert any(sentence in made.text for sentence in private_way)


@pytest.mark.parametrize("language", ["hi", "th"])
def test_a_message_is_as_long_as_its_bytes_allow(language: str) -> None:
    """A Hindi or Thai letter is three bytes: what fits by its letters may not fit by its bytes."""
    sizes = set()
    for limit in (0, 1_000, 400):
        for topic in TOPICS:
            post = replace(PRIVATE, key=topic, byte_limit=limit)
            made = suggest(Read(language=language, topic=topic), post, tone=Tone(signature="Lumora Care"))
            assert made.text and not {finding.code for finding in made.guard} & guard.HARD, (limit, made.text)
            sizes.add((limit, byte_count(made.text) > 400))
    assert (400, True) not in sizes and (0, True) in sizes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_situation_of_every_language_passes_the_guard_in_public_and_in_private(language: str) -> None:
    book = phrasebooks()[language]
    for variants in (*book.situations.values(), *book.questions.values(), *book.sentences.values()):
        for sentence in variants:
            facts = guard.Facts(language=language, post_text="")
            assert guard.check(sentence, facts) == [], sentence
    for variants in book.details.values():
        for sentence in variants:
            assert guard.check(sentence, guard.Facts(language=language, is_public=False)) == [], sentence
    for fact in (*book.articles, *book.hand_offs.values()):
        assert guard.check(fact.body, guard.Facts(language=language, is_public=False, limit=1000)) == [], fact.body
        if fact.short:
            assert guard.check(fact.short, guard.Facts(language=language)) == [], fact.short


def test_the_languages_say_the_same_things() -> None:
    english = phrasebooks()["en"]
    assert len(LANGUAGES) >= 17
    for book in phrasebooks().values():
        for part in ("cues", "situations", "questions", "details", "hand_offs", "sentences"):
            assert set(getattr(book, part)) == set(getattr(english, part)), (book.language, part)
        assert [fact.code for fact in book.articles] == [fact.code for fact in english.articles]
    known = {*topics().situations, *(one for some in topics().situations.values() for one in some), *topics().any_topic}
    assert set(english.situations) == known
    assert set(topics().situations) == set(TOPICS)
    assert set(english.sentences) == set(SENTENCE_GROUPS)


@pytest.mark.parametrize(
    ("text", "topic", "language", "situation"),
    [
        ("It says delivered but I never received it", "delivery", "en", "delivery_lost"),
        ("still waiting for my parcel", "delivery", "en", "delivery_late"),
        ("the driver threw my box over the fence", "delivery", "en", "courier"),
        ("I was charged twice!", "order_payment", "en", "charged_twice"),
        ("where is my refund", "after_sales", "en", "refund_late"),
        ("arrived broken", "after_sales", "en", "damaged"),
        ("both of them are nice", "service", "en", "service"),
        ("stuck with your bot again", "service", "en", "no_human"),
        ("优惠券用不了", "promotions", "zh", "coupon"),
        ("包裹显示签收但没收到", "delivery", "zh", "delivery_lost"),
        ("Paket nie angekommen", "delivery", "de", "delivery_lost"),
        ("mon colis est marqué livré", "delivery", "fr", "delivery_lost"),
        ("まだ返金されません", "after_sales", "ja", "refund_late"),
        ("لم يصل طلبي", "delivery", "ar", "delivery_lost"),
        ("refund kab milega", "after_sales", "hi-Latn", "refund_late"),
        ("ang tagal ng refund ko", "after_sales", "tl", "refund_late"),
        ("my payout is late", "seller_settlement", "en", "seller_settlement"),
        ("anything", "a topic of the brand", "en", "other"),
    ],
)
def test_it_finds_what_the_post_is_about(text: str, topic: str, language: str, situation: str) -> None:
    assert find_situation(text, topic, language, 1) == situation


def test_danger_comes_before_the_topic() -> None:
    assert find_situation("the charger caught fire and I had to go to hospital", "after_sales", "en", 3) == "safety"
    assert find_situation("this fire sale is a joke", "promotions", "en", 1) == "promotions"


@pytest.mark.parametrize(
    ("wanted", "default", "chosen"),
    [
        ("de", "en", ("de", "customer")),
        ("zh-Hant", "en", ("zh", "same_language")),
        ("hi-Latn", "en", ("hi-Latn", "customer")),
        ("fil", "en", ("tl", "customer")),
        ("sv", "de", ("de", "brand_default")),
        ("und", "fr", ("fr", "brand_default")),
        ("", "xx", ("en", "fallback")),
    ],
)
def test_it_answers_in_the_customers_language_or_says_why_not(
    wanted: str, default: str, chosen: tuple[str, str]
) -> None:
    assert choose_language(wanted, default) == chosen


def test_the_same_post_always_gets_the_same_answer_and_many_posts_do_not_look_alike() -> None:
    made = [suggest(Read(severity=2), PostFacts("late", key=str(number))).text for number in range(60)]
    assert made == [suggest(Read(severity=2), PostFacts("late", key=str(number))).text for number in range(60)]
    assert len(set(made)) >= 6


def test_a_complaint_gets_an_apology_and_a_question_gets_none() -> None:
    assert "sorry" in suggest(Read(), PUBLIC).text.casefold()
    assert "sorry" not in suggest(QUESTION, PUBLIC).text.casefold()


def test_praise_is_thanked_for_and_asked_nothing() -> None:
    text = suggest(PRAISE, PUBLIC).text
    assert "thank" in text.casefold() and "message" not in text.replace("lovely message", "")


@pytest.mark.parametrize(
    "read",
    [
        replace(PRAISE, sentiment="negative"),
        replace(PRAISE, complaint=True),
        Read(sentiment="positive", severity=1),
    ],
)
def test_where_the_engine_contradicts_itself_it_neither_consoles_nor_rejoices(read: Read) -> None:
    text = suggest(read, PUBLIC).text
    assert text.startswith(phrasebooks()["en"].sentences["follow_up"][-1])
    assert "sorry" not in text.casefold() and "private message" in text


def test_a_question_stays_a_question_whatever_the_severity_head_says() -> None:
    assert suggest(replace(QUESTION, severity=1), PUBLIC).manner == "question"


def test_a_grave_post_gets_a_person_at_once_and_no_facts() -> None:
    made = suggest(Read(severity=3, topic="after_sales"), PostFacts("where is my refund, thieves", key="k"))
    assert "very seriously" in made.text and "one of our colleagues" in made.text
    assert "working days" not in made.text and made.sources == ()


def test_who_has_waited_long_is_not_told_how_long_it_usually_takes() -> None:
    post = PostFacts("where is my refund", key="k")
    assert "3–15 working days" in suggest(Read(severity=1, topic="after_sales"), post).text
    assert "working days" not in suggest(Read(severity=2, topic="after_sales"), post).text


def test_the_facts_used_are_named_as_sources() -> None:
    made = suggest(replace(QUESTION, topic="promotions"), PostFacts("why is my coupon not working", key="k"))
    assert made.sources == ({"code": "coupon-unusable", "language": "en", "version": 1},)


def test_who_shares_personal_data_in_public_is_warned() -> None:
    made = suggest(Read(), PostFacts("my order number 12345678 is late, call +44 20 7946 0958", key="k"))
    assert phrasebooks()["en"].sentences["privacy_note"][0] in made.text
    assert "12345678" not in made.text and made.guard == ()


def test_in_private_it_asks_for_the_order_number_unless_it_is_there() -> None:
    assert "order number" in suggest(Read(), PRIVATE).text
    given = suggest(Read(), replace(PRIVATE, text="order number 12345678 is late"))
    assert "your order number" not in given.text and "Thank you for the details" in given.text
    assert given.hand_off == "" and suggest(Read(), PRIVATE).hand_off == "app_support"


def test_who_says_that_a_message_was_sent_is_not_asked_for_one() -> None:
    made = suggest(Read(intent="follow_up", complaint=False, severity=0), PostFacts("I sent you a DM", key="k"))
    assert made.text == phrasebooks()["en"].sentences["message_sent"][0]


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic.startswith("seller_")])
@pytest.mark.parametrize("severity", [0, 1, 2, 3])
def test_sellers_are_led_to_the_seller_desk_and_never_to_the_buyers_chat(topic: str, severity: int) -> None:
    read = Read(topic=topic, severity=severity, complaint=severity > 0, intent="complaint" if severity else "question")
    made = suggest(read, PRIVATE)
    assert made.hand_off == "seller_desk"
    assert "seller" in made.text and "chatbot" not in made.text.casefold()


def test_who_may_be_a_seller_is_led_neither_to_the_buyers_chat_nor_to_the_seller_desk() -> None:
    for topic in TOPICS:
        if not topic.startswith("seller_"):
            assert suggest(Read(topic=topic, audience="seller"), PRIVATE).hand_off in {"", "email"}


def test_nobody_is_thanked_for_an_angry_face() -> None:
    assert suggest(PRAISE, PostFacts("Wala ng kwenta 😡🤬", key="k")).manner == "unsure"


BERLIN = MarketFacts(
    "DE",
    "Europe/Berlin",
    {str(day): [["09:00", "12:00"], ["13:00", "18:00"]] for day in range(5)},
    ("2026-12-25",),
    ({"to": "app_support"}, {"to": "email"}, {"to": "hotline"}),
)


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        (datetime(2026, 11, 25, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 25, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 25, 11, 30, tzinfo=UTC), False),
        (datetime(2026, 11, 25, 17, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 28, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 12, 25, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 6, 24, 7, 0, tzinfo=UTC), True),  # summer time
    ],
)
def test_nobody_is_sent_to_a_hotline_that_is_closed(moment: datetime, opened: bool) -> None:
    assert is_open(BERLIN, moment) == opened
    to = choose_hand_off(
        topic="account_security", situation="locked", severity=2, audience="buyer", market=BERLIN, now=moment
    )
    assert (to == "hotline") == opened


@pytest.mark.parametrize("market", [None, MarketFacts("ES", "Europe/Madrid"), replace(BERLIN, rows=({"to": "email"},))])
def test_nobody_is_sent_to_a_hotline_that_is_not_there(market: Any) -> None:
    to = choose_hand_off(
        topic="account_security", situation="hacked", severity=3, audience="buyer", market=market, now=NOON
    )
    assert to == "email"


@pytest.mark.parametrize("severity", [2, 3])
def test_who_is_angry_is_not_sent_to_a_robot(severity: int) -> None:
    for topic in TOPICS:
        to = choose_hand_off(topic=topic, situation=topic, severity=severity, audience="buyer", market=None, now=NOON)
        assert to != "chatbot"


def test_the_brands_forbidden_words_are_found_in_a_suggestion() -> None:
    made = suggest(Read(), PUBLIC, tone=Tone(forbidden_words=("sorry", "parcel", "delivery")))
    assert {finding.code for finding in made.guard} == {"guard.forbidden_word"}


def test_the_command_answers_without_a_database() -> None:
    answer = suggest_text("@lumora Mein Paket ist seit zwei Wochen nicht angekommen und niemand antwortet!")
    assert answer["language"] == "de"
    assert answer["guard"]["verdict"] == "pass"
    assert "Nachricht" in answer["reply"]
    assert {"reply", "language", "language_rule", "sources", "guard", "direct_message", "hand_off"} <= set(answer)
