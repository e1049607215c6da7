"""What costs twenty times as much on X: a link, also one without its https://."""

import pytest

from monitor.text.links import has_link


@pytest.mark.parametrize(
    "text",
    [
        "See https://lumora.example/help",
        "HTTP://lumora.com",
        "See www.lumora.example",
        "See lumora.com/help for more.",
        "lumora.com",
        "Write to us: LUMORA.DE.",
        "(help.lumora.co.uk)",
        "请看lumora.com帮助",
        "ดูที่ lumora.co.th ค่ะ",
        "münchen.de",
        "We are on it.It takes a day",  # .it is Italy's: X makes a link of it.
        "bro\ud800ken lumora.com",
    ],
)
def test_what_the_platform_makes_a_link_of_is_a_link(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We are on it. Please write to us.",
        "We are sorry.We will look into it",
        "Please write to mia@lumora.com",
        "Ask @lumora.com",
        "It was $12.50, e.g. on 3.10.2026, with version 2.0.1",
        "Thank you...",
        "ご迷惑をおかけしました。詳しくはこちら。",
    ],
)
def test_other_words_with_dots_are_none(text: str) -> None:
    assert not has_link(text)
