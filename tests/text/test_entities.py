"""Entities are found with their exact place, and only where their check digits agree."""

import time

import pytest

from monitor.text import checksums
from monitor.text.amounts import find_amounts, plain_number
from monitor.text.entities import find_entities
from monitor.text.masking import mask


def kinds(text, **more):
    return [(entity.kind, entity.value) for entity in find_entities(text, **more)]


@pytest.mark.parametrize(
    ("passes", "good", "bad"),
    [
        (checksums.passes_luhn, "4111111111111111", "4111111111111112"),
        (checksums.passes_iban, "DE89370400440532013000", "DE89370400440532013001"),
        (checksums.passes_s10, "RB123456785GB", "RB123456784GB"),
        (checksums.passes_ups, "1Z5R89390357567127", "1Z5R89390357567128"),
        (checksums.passes_usps, "9400111201080805483016", "9400111201080805483017"),
        (checksums.passes_fedex, "986578788855", "986578788854"),
        (checksums.passes_fedex, "041441760228964", "041441760228965"),
        (checksums.passes_dhl, "3318810025", "3318810026"),
    ],
)
def test_a_check_digit_tells_a_number_from_its_neighbour(passes, good, bad):
    assert passes(good)
    assert not passes(bad)


@pytest.mark.parametrize("number", ["RB123456785GB", "1Z5R89390357567127", "9400111201080805483016"])
def test_it_finds_tracking_numbers_by_their_shape(number):
    assert kinds(f"where is {number}?") == [("tracking_number", number)]


def test_a_common_shape_needs_a_word_about_parcels():
    assert kinds("fedex says 986578788855") == [("tracking_number", "986578788855")]
    assert ("tracking_number", "986578788855") not in kinds("the score was 986578788855")


def test_a_wrong_check_digit_is_no_tracking_number():
    assert kinds("where is RB123456784GB?") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("order no. 123-4567890-1234567 is late", "123-4567890-1234567"),
        ("Bestellnummer: AB-99812345 fehlt", "AB-99812345"),
        ("订单号：202311250001 还没发货", "202311250001"),
        ("注文番号 77001234 が届かない", "77001234"),
        ("رقم الطلب ٩٨٧٦٥٤٣", "9876543"),
        ("Pedido nº 55512345 no llega", "55512345"),
    ],
)
def test_it_finds_order_numbers_in_many_languages(text, value):
    assert ("order_number", value) in kinds(text)


def test_a_brand_states_its_own_order_numbers():
    assert kinds("LM-12-XY is late", order_patterns=[r"LM-\d{2}-[A-Z]{2}"]) == [("order_number", "LM-12-XY")]


def test_a_broken_pattern_is_one_clear_error():
    with pytest.raises(ValueError, match="not a usable order number pattern"):
        find_entities("a 1", ["("])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("paid €1.234,50", "EUR 1234.50"),
        ("cost $20.99!", "USD 20.99"),
        ("Rs. 1,500 gone", "INR 1500"),
        ("付了199元", "CNY 199"),
        ("3000円でした", "JPY 3000"),
        ("50 zł", "PLN 50"),
        ("R$ 99,90", "BRL 99.90"),
    ],
)
def test_it_reads_amounts_as_people_write_them(text, value):
    assert [found for _, _, found in find_amounts(text)] == [value]


def test_thousands_are_no_decimals():
    assert plain_number("1.234") == "1234"
    assert plain_number("1,234,567.8") == "1234567.80"


def test_phones_with_a_country_code_become_e164():
    assert kinds("ring +44 20 7946 0958 now") == [("phone", "+442079460958")]


def test_a_date_is_no_phone():
    assert kinds("since 2023-11-25 and 25.11.2023") == []


def test_places_are_code_points_of_the_given_text():
    text = "😀😀 ٣٣ ana@example.com ٠١٢٣٤٥٦٧٨٩ عندي"
    found = {entity.kind: text[entity.start : entity.end] for entity in find_entities(text)}
    assert found == {"email": "ana@example.com", "phone": "٠١٢٣٤٥٦٧٨٩"}


def test_nothing_is_found_inside_an_address():
    assert kinds("https://example.com/order/123456789012") == []


def test_entities_never_overlap():
    text = "order 4111 1111 1111 1111 tel 4111111111 DE89 3704 0044 0532 0130 00 $4111"
    found = find_entities(text)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


def test_masking_hides_people_and_purchases_but_not_amounts():
    masked = mask("Order 123456789, ana@example.com, +44 20 7946 0958, paid €12,50")
    assert masked == "Order [order_number], [email], [phone], paid €12,50"


@pytest.mark.parametrize(
    "secret", ["١٢٣٤٥٦٧٨٩", "१२३४५६७८९", "１２３４５６７８９", "๑๒๓๔๕๖๗๘๙", "4111 1111 1111 1111", "123-456-789-000"]
)
def test_masking_works_with_the_digits_of_every_script(secret):
    masked = mask(f"это мой номер {secret} спасибо")
    assert not any(letter.isdecimal() for letter in masked)
    assert masked.startswith("это мой номер ") and masked.endswith(" спасибо")


@pytest.mark.parametrize("part", ["1", "1 ", "a@", "+1-", "order 1", "DE89 3704 ", "1.1,", "€1 ", "(1"])
def test_hostile_text_is_read_in_linear_time(part):
    started = time.perf_counter()
    mask(part * (100_000 // len(part)))
    assert time.perf_counter() - started < 5
