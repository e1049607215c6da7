"""A brand's own topics: ten examples make one, posts are read with it, nothing is kept that the model cannot use."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import translation

from monitor.analysis.models import Analysis, BrandTopic, Renewal
from monitor.analysis.services import (
    BrandTopicError,
    analyze_posts,
    remove_topic,
    renew_some,
    save_topic,
    try_topic,
)
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand
from tests.analysis.making import make_post
from tests.support.topics import GIFT_CARDS, OF_GIFT_CARDS, PARKING, BagEngine


@pytest.fixture
def engine() -> BagEngine:
    return BagEngine()


def read(engine: Any, brand: Brand, text: str) -> Any:
    post = make_post(brand, text)
    analyze_posts(post_ids=[post.pk], engine=engine)
    return post


def topic_of(post: Any) -> str:
    return Analysis.objects.get(post=post, is_current=True).topic


def test_ten_examples_make_a_topic_that_the_next_posts_get(brand: Any, alice: Any, engine: Any) -> None:
    topic = save_topic(user=alice, brand=brand, name="  Gift   Cards ", examples=GIFT_CARDS, engine=engine)
    assert topic.name == "gift_cards"
    assert topic_of(read(engine, brand, OF_GIFT_CARDS)) == "gift_cards"
    assert topic_of(read(engine, brand, "the courier rang twice and left again")) == "delivery"
    event = AuditEvent.objects.get(act="topic.added")
    assert (event.actor_id, event.brand_id, event.params) == (alice.pk, brand.pk, {"examples": 10})


@pytest.mark.parametrize("name", ["गिफ्ट कार्ड", "บัตรของขวัญ", "উপহার কার্ড", "பரிசு அட்டை", "İade"])
def test_a_name_is_taken_in_every_script_and_is_the_same_when_edited(
    brand: Any, alice: Any, engine: Any, name: str
) -> None:
    topic = save_topic(user=alice, brand=brand, name=name, examples=GIFT_CARDS, engine=engine)
    save_topic(user=alice, brand=brand, name=topic.name, examples=GIFT_CARDS[:5], engine=engine)
    assert BrandTopic.objects.get().examples == GIFT_CARDS[:5]
    assert topic_of(read(engine, brand, OF_GIFT_CARDS)) == topic.name


def test_a_refusal_is_said_in_the_readers_language(brand: Any, alice: Any, engine: Any) -> None:
    with translation.override("zh-hans"), pytest.raises(BrandTopicError, match="“delivery”是每个品牌已有的主题"):
        save_topic(user=alice, brand=brand, name="Delivery", examples=GIFT_CARDS, engine=engine)
    with translation.override("zh-hans"), pytest.raises(BrandTopicError, match="2 条例子太少：至少需要 3 条"):
        try_topic(user=alice, brand=brand, name="x", examples=GIFT_CARDS[:2], text="hello", engine=engine)


def test_it_is_a_topic_of_this_brand_alone(brand: Any, other_brand: Any, alice: Any, engine: Any) -> None:
    save_topic(user=alice, brand=brand, name="gift cards", examples=GIFT_CARDS, engine=engine)
    assert topic_of(read(engine, other_brand, OF_GIFT_CARDS)) == "other"


def test_stored_posts_are_read_again_with_it_and_without_it(brand: Any, alice: Any, engine: Any) -> None:
    post = read(engine, brand, OF_GIFT_CARDS)
    save_topic(user=alice, brand=brand, name="gift cards", examples=GIFT_CARDS, engine=engine)
    assert Renewal.objects.get(finished_at=None).total == 1 and topic_of(post) == "other"
    assert renew_some(engine=engine) == 1 and topic_of(post) == "gift_cards"
    remove_topic(user=alice, brand=brand, name="gift_cards", engine=engine)
    assert renew_some(engine=engine) == 1 and topic_of(post) == "other"
    assert list(AuditEvent.objects.order_by("pk").values_list("act", flat=True)) == ["topic.added", "topic.removed"]


def test_readings_with_topics_of_a_former_day_are_not_kept(brand: Any, alice: Any, engine: Any) -> None:
    post = read(engine, brand, OF_GIFT_CARDS)
    for count in (10, 9, 8):
        save_topic(user=alice, brand=brand, name="gift cards", examples=GIFT_CARDS[:count], engine=engine)
        assert renew_some(engine=engine) == 1
        assert Analysis.objects.get(post=post).topic == "gift_cards", "they can never be used again"


def test_saving_without_a_change_reads_nothing_again(brand: Any, alice: Any, engine: Any) -> None:
    read(engine, brand, OF_GIFT_CARDS)
    examples = [f"{text}  again" for text in GIFT_CARDS]
    saved = save_topic(user=alice, brand=brand, name="gift cards", examples=examples, engine=engine)
    renew_some(engine=engine)
    # The form shows an example in one line and with single blanks.
    shown = [" ".join(text.split()) for text in examples]
    again = save_topic(user=alice, brand=brand, name="Gift cards", examples=shown, engine=engine)
    assert again == saved and BrandTopic.objects.get().changed_at == saved.changed_at
    assert Renewal.objects.count() == AuditEvent.objects.count() == 1
    save_topic(user=alice, brand=brand, name="gift cards", examples=shown[:9], engine=engine)
    assert Renewal.objects.count() == AuditEvent.objects.count() == 2


def test_removing_what_is_not_there_changes_nothing(brand: Any, alice: Any, engine: Any) -> None:
    remove_topic(user=alice, brand=brand, name="gift_cards", engine=engine)
    assert not AuditEvent.objects.exists() and not Renewal.objects.exists()


@pytest.mark.parametrize(
    ("name", "examples", "said"),
    [
        ("", GIFT_CARDS, "1 to 48 letters"),
        ("x" * 49, GIFT_CARDS, "1 to 48 letters"),
        ("<b>", GIFT_CARDS, "1 to 48 letters"),
        ("Delivery", GIFT_CARDS, "every brand has already"),
        ("Unknown", GIFT_CARDS, "every brand has already"),
        ("gift cards", ["one", "one", " one ", "two", ""], "2 examples are too few"),
        ("gift cards", [f"number {number}" for number in range(201)], "201 examples are too many"),
    ],
)
def test_what_cannot_be_a_topic_is_refused_in_a_sentence(
    brand: Any, alice: Any, engine: Any, name: str, examples: list[str], said: str
) -> None:
    with pytest.raises(BrandTopicError, match=said):
        save_topic(user=alice, brand=brand, name=name, examples=examples, engine=engine)
    assert not BrandTopic.objects.exists() and not Renewal.objects.exists()


def test_a_new_topic_does_not_overwrite_one_of_the_same_name(brand: Any, alice: Any, engine: Any) -> None:
    save_topic(user=alice, brand=brand, name="gift cards", examples=GIFT_CARDS, engine=engine)
    with pytest.raises(BrandTopicError, match="already: edit"):
        save_topic(user=alice, brand=brand, name="Gift cards", examples=PARKING, may_replace=False, engine=engine)
    assert BrandTopic.objects.get().examples == GIFT_CARDS


def test_a_brand_has_thirty_at_most(brand: Any, alice: Any, engine: Any) -> None:
    BrandTopic.objects.bulk_create(
        BrandTopic(brand=brand, name=f"topic_{number}", examples=GIFT_CARDS) for number in range(30)
    )
    with pytest.raises(BrandTopicError, match="at most 30"):
        save_topic(user=alice, brand=brand, name="one more", examples=PARKING, engine=engine)
    save_topic(user=alice, brand=brand, name="topic 7", examples=PARKING, engine=engine)
    assert BrandTopic.objects.get(name="topic_7").examples == PARKING


def test_only_those_who_steer_change_or_try_topics(brand: Any, bob: Any, engine: Any) -> None:
    with pytest.raises(PermissionDenied):
        save_topic(user=bob, brand=brand, name="gift cards", examples=GIFT_CARDS, engine=engine)
    with pytest.raises(PermissionDenied):
        remove_topic(user=bob, brand=brand, name="gift_cards", engine=engine)
    with pytest.raises(PermissionDenied):
        try_topic(user=bob, brand=brand, name="", examples=[], text="hello", engine=engine)


def test_a_text_is_tried_on_examples_that_are_not_kept(brand: Any, alice: Any, engine: Any) -> None:
    save_topic(user=alice, brand=brand, name="parking", examples=PARKING, engine=engine)
    tried = try_topic(
        user=alice, brand=brand, name="Gift cards", examples=GIFT_CARDS, text=OF_GIFT_CARDS, engine=engine
    )
    assert tried.topic == "gift_cards"
    assert [name for name, _ in tried.nearness] == ["gift_cards", "parking"]
    assert tried.nearness[0][1] >= 0.5 > tried.nearness[1][1]
    assert BrandTopic.objects.get().name == "parking"


def test_a_text_is_tried_on_the_topics_of_today(brand: Any, alice: Any, engine: Any) -> None:
    nothing_typed = {"user": alice, "brand": brand, "name": " ", "examples": ["", " "], "engine": engine}
    assert try_topic(text=OF_GIFT_CARDS, **nothing_typed).nearness == []
    save_topic(user=alice, brand=brand, name="gift cards", examples=GIFT_CARDS, engine=engine)
    assert try_topic(text=OF_GIFT_CARDS, **nothing_typed).topic == "gift_cards"
    assert try_topic(text="the courier rang twice and left again", **nothing_typed).topic == "delivery"


def test_nothing_is_no_text_to_try(brand: Any, alice: Any, engine: Any) -> None:
    with pytest.raises(BrandTopicError, match="Paste a text"):
        try_topic(user=alice, brand=brand, name="", examples=[], text=" \n", engine=engine)
