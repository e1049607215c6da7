import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.platforms.html_text import text_of, tidy


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Hello <b>you</b></p><p>a &lt; b</p>", "Hello you\n\na < b"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a<li>b</ul>after", "a\nb\n\nafter"),
        ("<blockquote><p>They said</p></blockquote><p>I say</p>", "> They said\n\nI say"),
        ('<img alt="a > b" src=x>t', "t"),
        ("I paid < 5 and > 3", "I paid < 5 and > 3"),
        ("caf&eacute; &#x1F600; &amp;lt;", "café 😀 &lt;"),
        ("<td>a</td><td>b</td>", "a b"),
        ("&#99999999999999999999; ok", "\ufffd ok"),
        ("<p>it's 5\" wide</p> <b>ok</b>", "it's 5\" wide\n\nok"),
        ("cut <b", "cut"),
        ("a <!-- never closed", "a"),
        ("<script>never closed", ""),
        ("  many \n\n blanks\u00a0 ", "many blanks"),
        ("السلام <b>عليكم</b> 届かない", "السلام عليكم 届かない"),
        ("", ""),
    ],
)
def test_markup_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_plain_words_keep_their_lines() -> None:
    assert tidy(" a  b \r\n\r\n\r\n\r\nc < d ") == "a b\n\nc < d"


@given(st.text(alphabet="<>\"'=/ab!-?&;#x1 \n", max_size=200))
def test_any_markup_ends_in_text(markup: str) -> None:
    assert isinstance(text_of(markup), str)


@pytest.mark.parametrize("piece", ["<", '<a "', '<a b="c', "<!--", "<!A", "&a", "<script>", "<p>", '<a b=">" ', "&#1"])
def test_time_grows_with_the_length_only(piece: str) -> None:
    started = time.process_time()
    text_of(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 3


def test_a_tag_full_of_quotation_marks_is_read_once() -> None:
    started = time.process_time()
    assert text_of("<a " + 'b="" ' * 60_000 + ">t") == "t"
    assert time.process_time() - started < 3
