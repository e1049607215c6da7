"""Amounts are stated as they are meant, and never hold what may be a phone or belongs to another word."""

import pytest

from monitor.text.amounts import find_amounts
from monitor.text.currencies import CURRENCIES, UNKNOWN
from monitor.text.entities import find_entities
from monitor.text.masking import mask


def amounts(text):
    return [value for _, _, value in find_amounts(text)]


@pytest.mark.parametrize(
    ("text", "masked", "value"),
    [
        ("Refund my $50 415 555 2671", "Refund my $50 [phone]", "USD 50"),
        ("$50 415-555-2671", "$50 [phone]", "USD 50"),
        ("RM50 012 345 6789", "RM50 [phone]", "MYR 50"),
        ("Rs 500 98765 43210", "Rs 500 [phone]", "INR 500"),
        ("€20 612 345 678", "€20 [number]", "EUR 20"),
        ("call 415 555 2671 50 USD", "call [phone] 50 USD", "USD 50"),
        ("$ 415 555 2671", "$ [phone]", None),
        ("$415-555-2671", "$[phone]", None),
        ("Rs 98765 43210", "Rs [phone]", None),
        ("98765 43210 rs", "[phone] rs", None),
        ("415 555 2671 USD", "[phone] USD", None),
        ("612 345 678 €", "[number] €", None),
        ("tel415 555 2671", "tel[number]", None),
    ],
)
def test_a_phone_beside_an_amount_is_none_of_it(text, masked, value):
    assert mask(text) == masked
    assert amounts(text) == ([value] if value else [])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("€1 500 2x", []),
        ("12 500 000 000 đ", []),
        ("$50 2 times", ["USD 50"]),
        ("$50 2023-11-25", ["USD 50"]),
        ("$12000-15000", ["USD 12000"]),
        ("1 500 Kč", ["CZK 1500"]),
        ("150 000 000 đ", ["VND 150000000"]),
        ("12 345 678,90 €", ["EUR 12345678.90"]),
    ],
)
def test_a_space_parts_thousands_only_where_nothing_else_can_be_meant(text, values):
    assert amounts(text) == values


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("회원 1234567", "회원 [number]"),
        ("회원1234567", "회원[number]"),
        ("单元1234567", "单元[number]"),
        ("직원 3명", "직원 3명"),
        ("병원 10시", "병원 10시"),
        ("5单元1201室", "5单元1201室"),
        ("公元 2023", "公元 2023"),
        ("3元素", "3元素"),
        ("3块蛋糕", "3块蛋糕"),
        ("3원칙", "3원칙"),
    ],
)
def test_the_end_or_the_beginning_of_another_word_is_no_currency(text, masked):
    assert find_entities(text) == []
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("₹1,23,456", "INR 123456"),
        ("Rs 1,50,000", "INR 150000"),
        ("CHF 1’234.50", "CHF 1234.50"),
        ("₹2.5 lakh", "INR 250000"),
        ("₹5L", "INR 500000"),
        ("5 crore rupees", "INR 50000000"),
        ("Rp 1,5 jt", "IDR 1500000"),
        ("Rp50rb", "IDR 50000"),
        ("$1.2k", "USD 1200"),
        ("$5M", "USD 5000000"),
        ("€2,5 Mio.", "EUR 2500000"),
        ("R$ 5 mil", "BRL 5000"),
        ("5 тыс. руб", "RUB 5000"),
        ("3 млн грн", "UAH 3000000"),
        ("3万元", "CNY 30000"),
        ("1.5万円", "JPY 15000"),
        ("5만원", "KRW 50000"),
        ("1만5천원", "KRW 15000"),
        ("1만 500원", "KRW 10500"),
        ("3억 5천만원", "KRW 350000000"),
        ("500k đồng", "VND 500000"),
        ("2trđ", "VND 2000000"),
        ("2 triệu đồng", "VND 2000000"),
        ("5 ล้านบาท", "THB 5000000"),
    ],
)
def test_a_multiplier_counts(text, value):
    [(start, end, found)] = find_amounts(text)
    assert found == value
    assert text[end:] in {"", "."}, "the span ends behind the whole amount"
    assert start == 0


@pytest.mark.parametrize(
    "text",
    ["$5 mil", "$5 k", "Rp 5M", "$1.234M", "3万5元", "₹1,23,45", "$1,234.567", "KWD 12.500", "the $50 grand prize"],
)
def test_what_can_be_read_in_two_ways_is_no_amount(text):
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50 lei", "RON 50"),
        ("100 Kč", "CZK 100"),
        ("5000 Ft", "HUF 5000"),
        ("100 грн", "UAH 100"),
        ("₪50", "ILS 50"),
        ("₦500", "NGN 500"),
        ("৳500", "BDT 500"),
        ("KSh 500", "KES 500"),
        ("500 рублей", "RUB 500"),
        ("500美元", "USD 500"),
        ("500港元", "HKD 500"),
        ("$0.500", "USD 0.500"),
        ("Pay₹500 now", "INR 500"),
    ],
)
def test_more_currencies_are_known(text, value):
    assert amounts(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("¥3,000 でした", "JPY 3000"),
        ("付了¥3,000", "CNY 3000"),
        ("¥3,000 charged", "XXX 3000"),
        ("500 pesos en México", "MXN 500"),
        ("500 pesos lang po", "PHP 500"),
        ("500 pesos", "XXX 500"),
        ("kr 199 och jag väntar", "SEK 199"),
        ("199 kr, jeg venter på noget", "DKK 199"),
        ("hva skjer, 199 kr", "NOK 199"),
        ("100 kr", "XXX 100"),
        ("$500 MXN", "MXN 500"),
        ("$500 pesos, México", "MXN 500"),
    ],
)
def test_what_stands_around_tells_which_currency_a_shared_name_means(text, value):
    assert amounts(text) == [value]


@pytest.mark.parametrize("text", ["5000 ft away", "2023 р.", "Euro 2024 tickets", "1 try 2", "5 ron", "R450"])
def test_words_that_only_look_like_money(text):
    assert amounts(text) == []


def test_every_name_of_a_currency_is_read_beside_a_number():
    unread = [name for name in CURRENCIES if not amounts(f"500{name}") and not amounts(f"{name}500")]
    assert unread == []
    assert {code for code in CURRENCIES.values() if len(code) != 3} == set() and UNKNOWN in CURRENCIES.values()
