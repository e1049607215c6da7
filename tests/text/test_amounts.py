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
        ("me cobraron $12.990 en Chile", "CLP 12990"),
        ("$1,299 en México, CDMX", "MXN 1299"),
        ("$50 USD desde México", "USD 50"),
        ("me cobraron $500", "XXX 500"),
        ("charged $12.990", "XXX 12990"),
        ("charged $12.99", "USD 12.99"),
        ("$50 for a parcel to Mexico", "XXX 50"),
        ("$50 naman po", "USD 50"),
        ("50 dollars canadiens", "CAD 50"),
        ("50 dollars", "USD 50"),
        ("$50, shipped to Canada", "XXX 50"),
        ("Rs. 1,500 Daraz.pk Karachi", "PKR 1500"),
        ("Rs 500 in India and Pakistan", "XXX 500"),
        ("Rs 500 PKR", "PKR 500"),
        ("250 درهم الدار البيضاء", "MAD 250"),
        ("250 درهم دبي", "AED 250"),
        ("250 درهم", "XXX 250"),
        ("250 DH au Maroc", "MAD 250"),
        ("Dhs 250 in Dubai", "AED 250"),
        ("500 ريال", "SAR 500"),
        ("500 ريال قطري", "QAR 500"),
        ("50 جنيه إسترليني", "GBP 50"),
        ("500 ریال", "IRR 500"),
        ("500 ریال ملے", "XXX 500"),
        ("500元，台灣", "TWD 500"),
        ("RD$ 500 pesos", "DOP 500"),
    ],
)
def test_what_stands_around_tells_which_currency_a_shared_name_means(text, value):
    assert amounts(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(('250 ש"ח', "ILS 250"), ("250 ש״ח", "ILS 250"), ("250שח", "ILS 250"), ("500 ر.س", "SAR 500")),
        *(("د.إ 500", "AED 500"), ("12.50 د.ك", "KWD 12.50"), ("300 ج.م", "EGP 300"), ("500 تومان", "XXX 500")),
        *(("500 هزار تومان", "XXX 500000"), ("R299.99", "ZAR 299.99"), ("R2,500", "ZAR 2500"), ("R2 500", "ZAR 2500")),
        *(("Fr. 49.90", "CHF 49.90"), ("Fr. 1'234.50", "CHF 1234.50"), ("Fr. 49.–", "CHF 49"), ("20 Fr.", "CHF 20")),
        *(("49,- €", "EUR 49"), ("49,-€", "EUR 49"), ("1250,- Kč", "CZK 1250"), ("1250/- rs", "INR 1250")),
        *(("NT1990元", "TWD 1990"), ("NT$1990元", "TWD 1990"), ("250 Dhs", "XXX 250"), ("500 тг", "KZT 500")),
        *(("50000 сум", "UZS 50000"), ("500 lira", "TRY 500"), ("U$S 500", "USD 500")),
    ],
)
def test_usual_spellings_of_a_price_are_read(text, value):
    [(start, end, found)] = find_amounts(text)
    assert found == value
    assert (start, text[end:].strip(".–")) == (0, "")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("12€50 de frais", [("12€50", "EUR 12.50")]),
        ("1990块5的手机", [("1990块5", "CNY 1990.50")]),
        ("1,990元50", [("1,990元50", "CNY 1990.50")]),
        ("5€10€", [("5€", "EUR 5"), ("10€", "EUR 10")]),
        ("12€50-15€", [("12€50", "EUR 12.50"), ("15€", "EUR 15")]),
        ("10块3个", [("10块", "CNY 10")]),
        ("100円10個", [("100円", "JPY 100")]),
        ("12€5", []),
    ],
)
def test_decimals_behind_the_sign_belong_to_the_amount(text, spans):
    assert [(text[start:end], value) for start, end, value in find_amounts(text)] == spans


@pytest.mark.parametrize("phone", ["612 345 678", "0171 2345678", "06 12 34 56 78", "415 555 2671"])
def test_a_sign_with_decimals_behind_a_phone_leaves_none_of_it_readable(phone):
    masked = mask(f"ring {phone}€50")
    assert not any(part in masked for part in phone.split() if len(part) > 2)


@pytest.mark.parametrize(
    "text",
    [
        *("5000 ft away", "2023 р.", "Euro 2024 tickets", "1 try 2", "5 ron", "R450", "R2D2", "R 299.99"),
        *("Fr. 12.11.", "Fr. 20.15 Uhr", "Fr. 50", "NT1990", "NT 12345"),
    ],
)
def test_words_that_only_look_like_money(text):
    assert amounts(text) == []


def test_every_name_of_a_currency_is_read_beside_a_number():
    beside = ("500{}", "{}500", "{}500.90", "{}500元")
    unread = [name for name in CURRENCIES if not any(amounts(written.format(name)) for written in beside)]
    assert unread == []
    assert {code for code in CURRENCIES.values() if len(code) != 3} == set() and UNKNOWN in CURRENCIES.values()
