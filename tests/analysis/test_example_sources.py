"""Examples of a brand's topic that are words of a stored post: refused where it may not teach, gone when it goes."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitor.analysis.models import BrandTopic, ExampleSource
from monitor.analysis.privacy import erase_posts, sweep_retention
from monitor.analysis.services import BrandTopicError, analyze_posts, ask_due_renewals, save_topic, try_topic
from monitor.analysis.services.lenses import lens_of
from monitor.inbox.copies import _FIND
from monitor.inbox.services.deleting import apply_deletions
from monitor.platforms.base import IncomingDeletion
from tests.analysis.making import make_post
from tests.support.topics import GIFT_CARDS, OF_GIFT_CARDS, PARKING, BagEngine


@pytest.fixture
def engine() -> BagEngine:
    return BagEngine()


def save(engine: Any, user: Any, brand: Any, examples: list[str], name: str = "gift cards") -> BrandTopic:
    return save_topic(user=user, brand=brand, name=name, examples=examples, engine=engine)


@pytest.mark.parametrize(("platform", "named"), [("x", "X"), ("survey", "survey")])
def test_a_copy_of_a_post_that_may_not_teach_is_no_example(
    brand: Any, alice: Any, engine: Any, platform: str, named: str
) -> None:
    make_post(brand, GIFT_CARDS[3], platform=platform)
    with pytest.raises(BrandTopicError, match=f"{GIFT_CARDS[3]}” is a post from {named}, and its terms"):
        save(engine, alice, brand, GIFT_CARDS)
    assert not BrandTopic.objects.exists()


def test_words_that_a_post_of_an_allowed_platform_says_too_are_an_example(
    brand: Any, other_brand: Any, alice: Any, engine: Any
) -> None:
    make_post(brand, GIFT_CARDS[3], platform="x")
    said = make_post(brand, GIFT_CARDS[3], platform="facebook")
    make_post(other_brand, GIFT_CARDS[4], platform="x")
    save(engine, alice, brand, GIFT_CARDS)
    assert ExampleSource.objects.filter(post=said).count() == 1


THREE_LINES = "\n".join([GIFT_CARDS[3], "", f"  {GIFT_CARDS[4].upper()}", "Thanks!"])


@pytest.mark.parametrize("stage", ["received", "analyzed", "triaged", "quarantined"])
def test_a_line_of_a_post_that_may_not_teach_is_no_example(brand: Any, alice: Any, engine: Any, stage: str) -> None:
    """A post of several lines that somebody pastes becomes an example a line."""
    make_post(brand, THREE_LINES, platform="x", stage=stage)
    pasted = [line for line in THREE_LINES.splitlines() if line]
    with pytest.raises(BrandTopicError, match="is a post from X"):
        save(engine, alice, brand, pasted[:2] + GIFT_CARDS[5:])
    with pytest.raises(BrandTopicError, match=f"{pasted[1].strip()}” is a post from X"):
        save(engine, alice, brand, [*GIFT_CARDS[5:], pasted[1]])
    assert not BrandTopic.objects.exists()


def test_a_copy_is_known_whatever_its_blanks_breaks_and_capitals(brand: Any, alice: Any, engine: Any) -> None:
    """As the page shows examples that were given with line breaks: on one line."""
    make_post(brand, THREE_LINES, platform="x", stage="triaged")
    for copy in (THREE_LINES, " ".join(THREE_LINES.split()), GIFT_CARDS[3].lower().replace(" ", "\u00a0 ")):
        with pytest.raises(BrandTopicError, match="is a post from X"):
            save(engine, alice, brand, [*GIFT_CARDS[5:], copy])


def test_a_copy_that_was_cut_is_known_by_its_beginning(brand: Any, alice: Any, engine: Any) -> None:
    long = " ".join(f"{GIFT_CARDS[3]} {number}" for number in range(200))
    make_post(brand, long, platform="x", stage="triaged")
    with pytest.raises(BrandTopicError, match="is a post from X"):
        save(engine, alice, brand, [*GIFT_CARDS[5:], long])


def test_a_short_line_is_nobody_s_own(brand: Any, alice: Any, engine: Any) -> None:
    make_post(brand, f"{GIFT_CARDS[3]}\nnot good at all", platform="x", stage="triaged")
    save(engine, alice, brand, [*GIFT_CARDS[5:], "Not good at all"])
    assert not ExampleSource.objects.exists()
    make_post(brand, "late again", platform="x", stage="triaged")
    with pytest.raises(BrandTopicError, match="Late again” is a post from X"):
        save(engine, alice, brand, [*GIFT_CARDS[5:], "Late again"])


def test_lines_of_a_post_go_with_it(brand: Any, alice: Any, engine: Any) -> None:
    post = make_post(brand, THREE_LINES, platform="facebook", stage="triaged")
    make_post(brand, f"{GIFT_CARDS[6]}\n{GIFT_CARDS[7]}", platform="facebook", stage="triaged", is_own=True)
    lines = [line.strip() for line in THREE_LINES.splitlines()]
    save(engine, alice, brand, [lines[0], lines[2], *GIFT_CARDS[5:]])
    assert set(ExampleSource.objects.values_list("post", flat=True)) == {post.pk}
    assert erase_posts([post.pk]) == 2
    assert BrandTopic.objects.get().examples == GIFT_CARDS[5:]


def test_copies_are_found_by_an_index(brand: Any) -> None:
    make_post(brand, THREE_LINES, stage="triaged")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = {"keys": [1], "brand": brand.pk, "waiting": 10}
        cursor.execute(f"EXPLAIN {_FIND}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "posts_by_line" in plan and "posts_that_wait" in plan, plan


def test_an_example_goes_with_the_post_that_it_was_taken_from(brand: Any, alice: Any, engine: Any) -> None:
    post = make_post(brand, GIFT_CARDS[0], platform="facebook")
    save(engine, alice, brand, GIFT_CARDS)
    gone = IncomingDeletion(platform="facebook", external_id=post.external_id, reason="deleted")
    apply_deletions(brand_id=brand.pk, deletions=[gone])
    ask_due_renewals(engine=engine)
    assert sweep_retention(timezone.now())["examples"] == 1
    assert BrandTopic.objects.get().examples == GIFT_CARDS[1:]
    assert not ExampleSource.objects.exists()
    assert sweep_retention(timezone.now())["examples"] == 0
    read = make_post(brand, OF_GIFT_CARDS, platform="facebook")
    analyze_posts(post_ids=[read.pk], engine=engine)
    assert ask_due_renewals(engine=engine) == 1, "the topic is another one now"


def test_a_topic_with_too_few_examples_left_rests_and_the_others_go_on(brand: Any, alice: Any, engine: Any) -> None:
    posts = [make_post(brand, text, platform="facebook") for text in GIFT_CARDS[:8]]
    save(engine, alice, brand, GIFT_CARDS)
    save(engine, alice, brand, PARKING, name="parking")
    assert erase_posts([post.pk for post in posts]) == 8
    topics = lens_of(brand.pk, engine).topics
    assert topics is not None and topics.names == ["parking"]
    tried = try_topic(user=alice, brand=brand, name="", examples=[], text=OF_GIFT_CARDS, engine=engine)
    assert [name for name, _ in tried.nearness] == ["parking"]
    save(engine, alice, brand, GIFT_CARDS[8:] + PARKING[:2], name="vouchers")
