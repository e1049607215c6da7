"""What an address and a handle are in any script, and where a word stands that is no part of a longer one."""

import re
import time

import pytest

from monitor.text.plain import ADDRESS, HANDLE, RUN_ON, UNSPACED, occurrences


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("https://t.co/abc123荷物が届きません。返金してください", "·荷物が届きません。返金してください"),
        ("请看https://x.com/p/1，收到假货，要求退款", "请看·，收到假货，要求退款"),
        ("ดูhttps://t.co/aของไม่มา", "ดู·ของไม่มา"),
        ("https://t.co/a배송이 늦어요", "·배송이 늦어요"),
        ("見てwww.example.com/aです", "見て·です"),
        ("https://例え.jp/x 届かない", "· 届かない"),
        ("http://www.รถวันนี้.com/a?b ของไม่มา", "· ของไม่มา"),
        ("HTTPS://SHOP.COM/ITEM came broken", "· came broken"),
        ("(see https://t.co/a?b=1#c) WWW.shop.example/é", "(see · ·"),
        ("<b>lookhttps://t.co/a</b>", "<b>look·"),
        ("Awww.so disappointed", "Awww.so disappointed"),
        ("草www.そして", "草www.そして"),
        ("www. https:// hww.so", "www. https:// hww.so"),
    ],
)
def test_an_address_ends_where_a_script_without_spaces_goes_on(text: str, rest: str) -> None:
    assert re.sub(ADDRESS, "·", text) == rest


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@lumora where is it, @Lumora_Care?", "· where is it, ·?"),
        ("@Apple客服你们的手机坏了怎么办", "·客服你们的手机坏了怎么办"),
        ("@lumoraร้านนี้โกง", "·ร้านนี้โกง"),
        ("@ShopKR배송이 늦어요", "·배송이 늦어요"),
        ("届かない@lumora_jp何で", "届かない·何で"),
        ("@müller @쿠모마트 @京东客服 快递", "· · · 快递"),
        ("回复@老夏_unpricedgalaxy:好", "回复·:好"),
        ("@收到假货要求退款客服一直不理人怎么办", "@收到假货要求退款客服一直不理人怎么办"),
        ("배송@ShopKR늦 개시@발 존@나게", "배송·늦 개시@발 존@나게"),
        ("anna@support.example @@twice é@x", "anna@support.example @@twice é@x"),
    ],
)
def test_a_handle_ends_where_its_name_can_be_told_to_end(text: str, rest: str) -> None:
    assert re.sub(HANDLE, "·", text) == rest


@pytest.mark.parametrize("text", ["h" * 50_000, "w" * 50_000, "https://" * 8_000, "@" * 50_000, "@a荷" * 20_000])
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    re.sub(HANDLE, "", re.sub(ADDRESS, "", text))
    assert time.process_time() - began < 1


def test_hangul_has_spaces_between_words_but_touches_addresses() -> None:
    assert re.match(f"[{UNSPACED}]", "배") and not re.match(f"[{RUN_ON}]", "배")


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("late, relate, later, late", "late", [(0, 4), (21, 25)]),
        ("太慢了,太慢", "太慢", [(0, 2), (4, 6)]),
        ("배송이 배송", "배송", [(4, 6)]),
        ("كَتَبَ ب", "ب", [(7, 8)]),
        ("نمی‌شود شود", "شود", [(8, 11)]),
        ("1+1", "+", [(1, 2)]),
        ("late\u200d", "late", [(0, 4)]),
        ("आया। आया", "आया", [(0, 3), (5, 8)]),
        ("", "late", []),
    ],
)
def test_a_word_is_found_where_it_is_no_part_of_a_longer_one(
    text: str, word: str, found: list[tuple[int, int]]
) -> None:
    assert [*occurrences(text, word)] == found
