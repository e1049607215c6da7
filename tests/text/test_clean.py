"""Cleaning keeps what was said; folding makes spellings comparable."""

import pytest

from monitor.text import clean, fold
from monitor.text.fingerprint import fingerprint
from monitor.text.length import weighted_length
from monitor.text.search import search_tokens


def test_it_removes_nul_and_replaces_lone_surrogates_only():
    assert clean("a\x00b\ud800c\n\té 😀") == "ab\ufffdc\n\té 😀"


def test_cleaned_text_can_always_be_encoded():
    clean("".join(map(chr, range(0xD7F0, 0xE010)))).encode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"), [("É", "e\u0301"), ("STRASSE", "straße"), ("İ", "i\u0307"), ("Ångström", "A\u030angström")]
)
def test_it_folds_case_and_composition(one, other):
    assert fold(one) == fold(other)


def test_it_finds_words_and_pairs_of_unspaced_scripts():
    assert search_tokens("My parcel, 我的包裹 hasn_t come") == [
        "my",
        "parcel",
        "我的",
        "的包",
        "包裹",
        "hasn",
        "t",
        "come",
    ]


def test_a_single_letter_of_an_unspaced_script_is_a_token():
    assert search_tokens("退") == ["退"]


def test_a_query_finds_a_part_of_a_longer_run():
    assert set(search_tokens("พัสดุ")) <= set(search_tokens("พัสดุยังไม่มา"))


def test_search_ignores_case_and_composition():
    assert search_tokens("CAFE\u0301") == search_tokens("café")


def test_marks_of_indic_scripts_stay_in_their_word():
    assert search_tokens("डिलीवरी नहीं") == ["डिलीवरी", "नहीं"]


def test_no_token_grows_without_bound():
    assert max(map(len, search_tokens("a" * 100_000))) == 64


def test_length_follows_the_rules_of_x():
    assert weighted_length("hello") == 5
    assert weighted_length("你好") == 4
    assert weighted_length("see https://example.com/a/very/long/path/that/goes/on") == 4 + 23


def test_length_of_a_broken_text_is_still_counted():
    assert weighted_length("a\ud800") > 0


def test_copies_with_other_handles_and_links_share_a_fingerprint():
    one = fingerprint("RT @ana: My PARCEL never came!! https://t.co/abc")
    assert one == fingerprint("my parcel never came @lumora https://t.co/xyz 😡")
    assert one != fingerprint("my parcel came")


def test_what_touches_a_link_or_handle_is_part_of_the_fingerprint():
    late, best = (fingerprint(f"https://t.co/{text}") for text in ("a荷物が届かない", "b最高でした"))
    assert late != best
    assert late == fingerprint("@lumora荷物が届かない https://t.co/c") == fingerprint("HTTPS://T.CO/D 荷物が届かない")


def test_a_text_without_words_has_no_fingerprint():
    assert fingerprint("😀 https://t.co/a @ana") == ""
