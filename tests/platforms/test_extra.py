"""What platforms tell of a post beyond its words: closed, typed and bounded, whatever they send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.platforms.extra import LONGEST, NOTHING_TOLD, Extra, recommendation_in, stars_in

ALL = Extra(ad_id="120200000000001", stars=2, recommends=False, app_version="4.1.2", device="Pixel 9")


def test_only_what_is_told_is_written_down_and_comes_back_the_same():
    assert NOTHING_TOLD.to_json() == {}
    assert Extra(stars=2, app_version="4.1.2").to_json() == {"stars": 2, "app_version": "4.1.2"}
    # A verdict is told, also where it is no.
    assert Extra(recommends=False).to_json() == {"recommends": False}
    assert Extra.from_json(ALL.to_json()) == ALL


def test_a_name_that_nobody_agreed_on_is_refused():
    with pytest.raises(TypeError):
        Extra(colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="colour"):
        Extra.from_json({"stars": 2, "colour": "red"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"stars": 0},
        {"stars": 6},
        {"stars": "2"},
        {"stars": 2.0},
        {"stars": True},
        {"recommends": "yes"},
        {"recommends": 1},
        {"ad_id": 120200000000001},
        {"device": ["Pixel 9"]},
    ],
)
def test_a_value_of_another_type_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Extra(**wrong)


@given(st.text(max_size=300))
def test_a_text_of_any_kind_can_be_stored_and_has_its_bounds(text):
    told = Extra(ad_id=text, app_version=text, device=text)
    for name, longest in LONGEST.items():
        kept = getattr(told, name)
        assert len(kept) <= longest and "\x00" not in kept and kept == kept.strip()
        kept.encode()
    assert Extra.from_json(told.to_json()) == told


def test_the_later_word_counts_and_what_only_the_earlier_one_told_stays():
    earlier = Extra(ad_id="1", stars=1, recommends=True)
    assert Extra(stars=4, recommends=False).or_else(earlier) == Extra(ad_id="1", stars=4, recommends=False)
    assert NOTHING_TOLD.or_else(ALL) == ALL.or_else(NOTHING_TOLD) == ALL


@pytest.mark.parametrize(
    ("written", "stars"),
    [
        (1, 1),
        (5.0, 5),
        ("4", 4),
        (" 4.0 ", 4),
        ("4,0", 4),
        ("3/5", 3),
        ("3 out of 5 stars", 3),
        ("3 of 5", 3),
        ("1 star", 1),
        (0, None),
        (6, None),
        (4.5, None),
        (True, None),
        (None, None),
        (float("nan"), None),
        ("", None),
        ("4.5", None),
        ("8/10", None),
        ("4/10", None),
        ("R", None),
        ("٤", None),
        ([4], None),
    ],
)
def test_stars_are_read_as_people_and_tables_write_them(written, stars):
    assert stars_in(written) == stars


@pytest.mark.parametrize(
    ("written", "recommends"),
    [
        ("POSITIVE", True),
        ("negative", False),
        ("Recommended", True),
        ("not_recommended", False),
        ("does not recommend", False),
        ("No", False),
        (True, True),
        (False, False),
        ("", None),
        ("perhaps", None),
        (1, None),
        (None, None),
    ],
)
def test_a_recommendation_is_read_as_people_and_tables_write_it(written, recommends):
    assert recommendation_in(written) is recommends
