"""A post that came without a place gets its market from the language that the model read."""

from typing import Any

import pytest

from monitor.brands.models import Brand, Channel, Market
from monitor.inbox.models import Conversation, Post
from monitor.inbox.services.placing import place_by_language


@pytest.fixture
def posts(brand: Brand, channel: Channel) -> list[Post]:
    brand.language_markets = {"de": "DE", "pt": "BR"}
    brand.save()
    for code in ("DE", "BR", "US"):
        Market.objects.create(brand=brand, code=code, name=code)
    thread = Conversation.objects.create(brand=brand, platform="x", external_id="1")
    common: dict[str, Any] = {"brand": brand, "platform": "x", "conversation": thread, "form": "post"}
    return [Post.objects.create(external_id=str(number), **common) for number in range(4)]


def test_the_language_names_the_market_and_its_region_may_be_left_out(posts: list[Post]) -> None:
    assert place_by_language({posts[0].pk: "de", posts[1].pk: "pt-BR"}) == 2
    assert [Post.objects.get(pk=post.pk).market.code for post in posts[:2]] == ["DE", "BR"]  # type: ignore[union-attr]


def test_what_is_not_in_the_table_stays_unknown(posts: list[Post]) -> None:
    assert place_by_language({posts[2].pk: "und", posts[3].pk: "ja"}) == 0
    assert Post.objects.filter(market=None).count() == 4


def test_a_market_that_was_known_stays(posts: list[Post], brand: Brand) -> None:
    Post.objects.filter(pk=posts[0].pk).update(market=Market.objects.get(brand=brand, code="US"))
    assert place_by_language({posts[0].pk: "de"}) == 0
