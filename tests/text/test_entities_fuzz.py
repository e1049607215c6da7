"""Any text is read without an error, every place leads to what was written, and what is masked stays masked."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.currencies import BEFORE, BEHIND, CURRENCIES
from monitor.text.entities import KINDS, find_entities
from monitor.text.masking import mask
from monitor.text.plain import to_plain

PIECES = (
    "ı", "İ", "ſ", "\u212a", "\x00", "\ud800", "\u200b", "\u200f", "\ufe0f", " ", "\u00a0", "\u2009",
    "\t", "\n", "-", "–", "‐", "．", "＠", "@", "%40", ".", ",", "/", "(", ")", "+", "＋", "jo", "example.com",
    "很", "é",
    "例子.中国", "ー", "https://", "www.", "order ", "注文番号", "رقم الطلب", "parcel ", "call ", "1Z", "RB",
    "GB", "DE89",
    "rb", "JJD", "GM", "4111 1111 1111 1111", "420", "9400", "0307", "2023-11-25", "1,234", "٣", "๓", "５",
    "𝟗", "0", "1",
    "99", "²", "①", "415 555 2671", "\r\n", "k", "万", "lakh", "(at)", "okaxis",
)  # fmt: skip
PIECE = st.one_of(st.sampled_from(PIECES), st.sampled_from(PIECES), st.sampled_from(sorted(CURRENCIES)))
TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(PIECE, max_size=25).map("".join),
    st.lists(st.one_of(PIECE, st.text(st.characters(), max_size=3)), max_size=20).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_entity_stands_where_it_says(text: str) -> None:
    at = 0
    for entity in find_entities(text, [r"LM-\d{4,8}"]):
        assert entity.kind in KINDS
        assert at <= entity.start < entity.end <= len(text)
        at = entity.end
        written = to_plain(text[entity.start : entity.end]).text
        if entity.kind == "email":
            assert re.sub(r"%40|[(\[]at[)\]]", "@", written.lower()).replace(" ", "") == entity.value
        elif entity.kind == "amount":
            assert any(name in written for name in CURRENCIES)
        else:
            digits = re.sub("[^0-9]", "", entity.value)
            assert digits and re.sub("[^0-9]", "", written).endswith(digits)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_masking_any_text_leaves_no_address_and_no_entity_but_amounts(text: str) -> None:
    masked = mask(text)
    for entity in find_entities(text):
        assert entity.kind == "amount" or f"[{entity.kind}]" in masked
    without_names_of_the_fediverse = re.sub(r"(?<![\w.%+'@-])@[\w.-]+@[\w.-]+", "", masked)
    assert not re.search(r"[a-z0-9]@[a-z0-9]+\.(?:com|org)\b", without_names_of_the_fediverse)


PHONES = (
    "415 555 2671",
    "(415) 555-2671",
    "012 345 6789",
    "98765 43210",
    "0171 2345678",
    "06 12 34 56 78",
    "612 345 678",
)
PRICES = ("5", "50", "199", "2000", "12.50", "1,299", "1 500", "20,000", "3k")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BEFORE)), st.sampled_from(["", " "]), st.sampled_from(PRICES), st.sampled_from(PHONES))
def test_no_amount_keeps_a_phone_behind_it_readable(name: str, gap: str, price: str, phone: str) -> None:
    masked = mask(f"refund {name}{gap}{price} {phone}")
    assert not any(part in masked for part in re.findall("[0-9]{3,}", phone))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BEHIND)), st.sampled_from(PRICES), st.sampled_from(PHONES))
def test_no_amount_keeps_a_phone_before_it_readable(name: str, price: str, phone: str) -> None:
    masked = mask(f"ring {phone} {price} {name}")
    assert not any(part in masked for part in re.findall("[0-9]{3,}", phone))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CURRENCIES)), st.sampled_from(["", " "]), st.sampled_from(PHONES))
def test_a_phone_beside_a_currency_is_no_amount(name: str, gap: str, phone: str) -> None:
    for text in (f"ring {name}{gap}{phone}", f"ring {phone}{gap}{name}"):
        assert not any(part in mask(text) for part in re.findall("[0-9]{3,}", phone))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from("我很,，。:：（( \n的ですครับ요"), max_size=12).map("".join),
    st.sampled_from(["谢谢", "", "。", " x", "입니다"]),
)
def test_an_address_is_found_whatever_stands_before_it(before: str, after: str) -> None:
    text = f"{before}jo.x@example.com{after}"
    [found] = find_entities(text)
    assert (found.kind, text[found.start : found.end]) == ("email", "jo.x@example.com")
