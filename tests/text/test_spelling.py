"""What is looked for in small letters is found as with the flag that ignores case, and stands where it stood."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import contact_words
from monitor.text.spelling import ignoring_case, is_host_of, lowered


@given(st.text(st.characters(), max_size=100))
def test_every_letter_stays_at_its_place(text: str) -> None:
    small = lowered(text)
    assert len(small) == len(text)
    assert [letter.isspace() for letter in small] == [letter.isspace() for letter in text]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("iade", "İADE"),
        ("iade", "ıade"),
        ("kurtardı", "KURTARDI"),
        ("kurtardı", "kurtardi"),
        ("προσοχή", "ΠΡΟΣΟΧΉ"),
        ("τίποτας", "ΤΊΠΟΤΑΣ"),
        ("ανέκτησ", "ΑΝΈΚΤΗΣ"),
        ("верну(?:л|ла)", "ВЕРНУЛА"),
        ("đã", "ĐÃ"),
        ("größe", "GRÖẞE"),
    ],
)
def test_it_finds_what_the_flag_finds(pattern: str, text: str) -> None:
    assert re.search(pattern, text, re.IGNORECASE)
    assert ignoring_case(pattern).search(lowered(text))


@pytest.mark.parametrize("name", [name for name in vars(contact_words) if name.isupper()])
def test_the_words_of_contacts_are_written_in_small_letters(name: str) -> None:
    words = re.sub(r"\\.", "", getattr(contact_words, name))
    assert words == words.lower()


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("lumora.com", True),
        ("shop.lumora.co.uk", True),
        ("shop.lumora.de", True),
        ("lumora.pay.example", False),
        ("lumora", False),
        ("", False),
    ],
)
def test_a_host_belongs_to_the_name_before_its_ending(host: str, is_own: bool) -> None:
    assert is_host_of(host, {"lumora"}) is is_own
