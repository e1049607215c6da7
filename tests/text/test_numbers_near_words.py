"""The word before a number says whose it is: an order's, a parcel's, a phone's."""

import time

import pytest

from monitor.text.entities import find_entities
from monitor.text.masking import mask


def kinds(text):
    return [entity.kind for entity in find_entities(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("my order number is 77001234", "주문번호는 77001234", "मेरा ऑर्डर नंबर 12345678", "رقم طلبي هو 9876543"),
        *("bestelling 12345678", "bestelnummer: 12345678", "Bestell-Nr. 12345678", "Bestellnr. 12345678"),
        *("Auftragsnummer 12345678", "订单编号：12345678", "我的订单是202311250001", "mi orden 12345678"),
        *("ordine n. 12345678", "mã đơn 12345678", "siparişim 12345678", "sipariş numaram 12345678"),
        *("注文番号は12345678", "номер заказа 12345678", "заказ № 12345678", "замовлення № 12345678"),
        *("pedido nro 12345678", "nr zamówienia 12345678", "หมายเลขออเดอร์ 12345678", "Order ID - 12345678"),
        *(
            "ORDER12345678",
            "call me about order number 12345678",
            "objednávka č. 12345678",
            "ordrenr. 1234567",
            "ऑर्डर नं. 12345678",
            "טלפון? הזמנה מספר 12345678",
        ),
    ],
)
def test_it_finds_the_order_whatever_it_is_called(text):
    assert kinds(text) == ["order_number"]


@pytest.mark.parametrize(
    "text", ["order 2023-11-25 was late", "order 25-11-2023", "ordered 25000 pieces", "disorder 12345678"]
)
def test_a_date_or_a_quantity_is_no_order(text):
    assert kinds(text) == []


def test_money_behind_an_order_is_money():
    assert kinds("order 100000 VND worth") == ["amount"]
    assert kinds("my order $10000 late") == ["amount"]


@pytest.mark.parametrize(
    "text",
    [
        *("tracking number is 123456789", "account number is 12345678", "رقم الشحنة 123456789", "basically 20231125"),
        *("I cancelled 12345678 yesterday", "my iPhone 12345678", "hotel 12345678", "call about account 12345678"),
        *("회원번호 12345678", "excellent 12345678", "physically 12345678"),
    ],
)
def test_a_number_of_something_else_is_no_phone(text):
    assert kinds(text) == []
    assert mask(text).endswith("[number]") or "[number] " in mask(text), "it is hidden all the same"


@pytest.mark.parametrize(
    "text",
    [
        *("my number is 12345678", "call 12345678", "they called 12345678", "tel.: 12345678", "my phone 12345678"),
        *(
            "мой номер 12345678",
            "내 번호 12345678",
            "رقمي 12345678",
            "मेरा नंबर 12345678",
            "电话12345678",
            "โทร 12345678",
        ),
    ],
)
def test_a_word_about_phones_makes_a_phone(text):
    assert kinds(text) == ["phone"]


@pytest.mark.parametrize(
    "word", ["pakket", "paczka", "посылка", "Postpaket", "parcel", "undelivered", "快递", "resi", "colis"]
)
def test_a_word_about_parcels_makes_a_parcel(word):
    assert kinds(f"{word} 3318810025") == ["tracking_number"]


@pytest.mark.parametrize("word", ["membership", "president", "groups", "soundtrack", "friendship"])
def test_a_word_about_parcels_inside_of_another_is_none(word):
    assert kinds(f"{word} 986578788855") == []


@pytest.mark.parametrize(
    "number",
    [
        *(
            "SF1234567890123",
            "YT1234567890123",
            "JDVA12345678901",
            "LP00123456789012",
            "SPXID012345678901",
            "JX1234567890",
        ),
        *("6A12345678901", "3SABCD123456789", "TH01234567890A", "sf1234567890123"),
    ],
)
def test_carriers_without_a_check_need_a_word_about_parcels(number):
    assert [(entity.kind, entity.value) for entity in find_entities(f"快递 {number} 没动静")] == [
        ("tracking_number", number.upper())
    ]
    assert "tracking_number" not in kinds(f"the code {number} fails")


def test_many_numbers_of_carriers_are_read_in_linear_time():
    started = time.process_time()
    assert find_entities("CN2951173225174 " * 4_000) == []
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("card 4111\n1111\n1111\n1111", "card [card]"),
        ("card 4111 1111\r\n1111 1111 please", "card [card] please"),
        ("card 4111-\n1111-1111-\n1111", "card [card]"),
        ("card 4111\u20281111\u20281111\u20281111", "card [card]"),
        ("4111 1111 1111 1111\n12/27", "[card]\n12/27"),
        ("IBAN\nDE89\n3704\n0044\n0532\n0130\n00", "IBAN\n[iban]"),
        ("IBAN DE89 3704 0044\n0532 0130 00\nThanks", "IBAN [iban]\nThanks"),
        ("9400 1112 0108\n0805 4830 16", "[tracking_number]"),
        ("RB 123 456\n785 GB", "[tracking_number]"),
        ("tel 0171\n2345\n6789", "tel [phone]"),
        ("call 415 555\n2671", "call [phone]"),
        ("+44 20 7946\n0958", "[phone]"),
        ("+44 20 7946 0958\n12 items", "[phone]\n12 items"),
        ("call 0171 2345678\n0172 1112223", "call [phone]\n[phone]"),
        ("2023\n0171 2345678", "2023\n[phone]"),
        ("2345\n6789\n0124", "[number]"),
        ("2019\n2020\n2021", "2019\n2020\n2021"),
        ("1200\n1500\n1800", "1200\n1500\n1800"),
        ("2023-11-25\n2023-11-26", "2023-11-25\n2023-11-26"),
        ("4111 1111\n\n1111 1111", "[number]\n\n[number]"),
    ],
)
def test_the_end_of_a_line_does_not_break_a_number(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo @ example.com please", "write to [email] please"),
        ("jo@ example.com", "[email]"),
        ("jo(at)example.com", "[email]"),
        ("pay jo.doe@okhdfc", "pay [email]"),
        ("pay 9876543210@paytm", "pay [email]"),
        ("jo@gmail", "[email]"),
        ("meet @ home.Thanks", "meet @ home.Thanks"),
        ("bought it @ lumora.com", "bought it @ lumora.com"),
        ("thanks@lumora", "thanks@lumora"),
        ("@user@mastodon.social mi paquete?", "@user@mastodon.social mi paquete?"),
        ("(@jo.x@social.example)", "(@jo.x@social.example)"),
        ("@jo@gmail.com", "@[email]"),
        ("x@jo@example.com", "x@[email]"),
    ],
)
def test_an_address_is_hidden_and_a_name_of_the_fediverse_is_not(text, masked):
    assert mask(text) == masked
