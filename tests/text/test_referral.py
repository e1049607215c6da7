"""Which codes and links a text gives away: in every script, never the codes of customers' own matters."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.referral import MOST_CODES, find_referrals


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Use my code acs123456 and we both get paid", "acs123456"),
        ("where is my refund? use my code acs123456", "acs123456"),
        ("Use my referral code: E7YVII", "e7yvii"),
        ("50%OFF with code SAVEBIG today", "savebig"),
        ("Earbuds only $6.59 w/ code 40RQMQX3 at checkout", "40rqmqx3"),
        ("mi código es ABC123", "abc123"),
        ("use meu cupom: LUZ10", "luz10"),
        ("mon code promo ABC123", "abc123"),
        ("mit meinem Code ABC123 sparst du", "abc123"),
        ("il mio codice invito: AB12CD", "ab12cd"),
        ("gebruik mijn code AB12CD", "ab12cd"),
        ("mój kod polecający: AB12CD", "ab12cd"),
        ("davet kodum ABC123", "abc123"),
        ("ABC123 koduyla %30 indirim", "abc123"),
        ("pakai kode undangan AB12CD ya", "ab12cd"),
        ("nhập mã giới thiệu AB12CD", "ab12cd"),
        ("промокод ABC123 на скидку", "abc123"),
        ("κωδικός έκπτωσης: AB123", "ab123"),
        ("استخدم كود AB123 الآن", "ab123"),
        ("كود خصم: AB١٢٣", "ab123"),
        ("کد معرف: AB123", "ab123"),
        ("קוד קופון: AB123", "ab123"),
        ("मेरा कोड ABC123 लगाओ", "abc123"),
        ("কোড: AB123", "ab123"),
        ("ใช้โค้ด ABC123 ลดเลย", "abc123"),
        ("추천인 코드: XK29DA", "xk29da"),
        ("招待コードは ABC123 です", "abc123"),
        ("快来用我的邀请码acs123456，一起领", "acs123456"),
        ("使用優惠碼ABC123立減", "abc123"),
        ("use ｍｙ code ＡＣＳ１２３４５６", "acs123456"),
        ("use my code a\u200bcs12\u00ad3456", "acs123456"),
        ("look https://shop.example/i?invite_code=Ab12cd&x=1", "ab12cd"),
        ("look shop.example/invite/ab12cd", "ab12cd"),
        ("https://shop.example/p/1?tag=lena-20", "lena-20"),
    ],
)
def test_it_finds_what_is_given_away(text: str, code: str) -> None:
    assert find_referrals(text).codes == (code,)


@pytest.mark.parametrize(
    "text",
    [
        "my code SAVE20 doesn't work",
        "I can't use my code SAVE20, it says invalid",
        "coupon code SAVE20 @lumora please help",
        "They said use my code acs123456 and it is a scam",
        "mein Gutscheincode: HERBST20 geht nicht",
        "我的优惠码 SAVE20 用不了",
        "mi código SAVE20 no funciona",
        "промокод SAVE20 не работает",
        "my zip code 90210",
        "I enter the verification code 123456 again and again",
        "tracking code: LX123456789CN",
        "Job Code : J42825",
        "验证码：123456",
        "use my code please",
        "order 123456789012 never came",
        "https://shop.example/p?ref=home&lang=en",
        "https://forum.example/r/Lumora",
        "",
    ],
)
def test_codes_that_fail_and_codes_of_other_trades_are_not_given_away(text: str) -> None:
    assert find_referrals(text).codes == ()


def test_copies_with_another_code_and_link_share_a_template() -> None:
    one = find_referrals("Get $100 in the app now, use my code acs123456! https://a.example/x")
    assert one.template and one.has_link
    assert (
        one.template == find_referrals("@mia get $100 in the app now. Use my code KLM9XQ https://b.example/").template
    )
    assert one.template != find_referrals("Get $100 in the shop now, use my code acs123456!").template


def test_a_few_words_that_anybody_says_have_no_template() -> None:
    assert find_referrals("Code not working @lumora").template == ""
    assert find_referrals("😀 https://t.example/a").template == ""


def test_very_many_codes_are_bounded() -> None:
    codes = find_referrals(" ".join(f"use my code AB{number}C." for number in range(1000))).codes
    assert len(codes) == MOST_CODES


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "my code ",
        "code",
        "a-",
        "http://",
        "?ref=",
        "use my code A1",
        "邀请码",
        "\ufdfa",
        "a.a.",
        "\x00\ud800",
        "w/ ",
        "1",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        find_referrals(text)
        return time.process_time() - started

    short = min(seconds(10_000) for _ in range(3))
    assert seconds(100_000) < max(0.5, 30 * short)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_whatever_stands_before_an_offer_is_found(text: str) -> None:
    found = find_referrals(text + "\nuse my code zz9xq7k").codes
    assert "zz9xq7k" in found or len(found) == MOST_CODES
