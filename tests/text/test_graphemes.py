import pytest

from monitor.text.length import grapheme_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("plain words", 11),
        ("a\r\nb", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("👨‍👩‍👧‍👦", 1),
        ("❤️‍🔥", 1),
        ("👍🏽", 1),
        ("1️⃣", 1),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1),
        ("각", 1),
        ("\u1100\u1161\u11a8", 1),
        ("தமிழ்", 3),
        ("สวัสดี", 4),
        ("مُحَمَّد", 4),
        ("日本語", 3),
        ("a\u200db", 2),
        ("a\u200d👍", 2),
        ("ｶﾞ", 1),
    ],
)
def test_letters_are_counted_as_people_see_them(text, count):
    assert grapheme_count(text) == count
