"""Names and examples of topics, from a file or typed: one way to read them, and one clear sentence for each refusal."""

import json
from pathlib import Path

import pytest

from monitor.nlp.topic_examples import CustomTopicsError, example_texts, read_topics_file, topic_code

TEXTS = ["the code does not work", "its balance shows zero", "bought one and never got it"]
PAIRS = [("gift_cards", text) for text in TEXTS]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "topics.tsv"


def read(file: Path, content: str | bytes) -> list[tuple[str, str]]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_topics_file(file)


def lines(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("  Gift   Cards ", "gift_cards"),
        ("gift_cards", "gift_cards"),
        ("गिफ्ट कार्ड", "गिफ्ट_कार्ड"),
        ("บัตรของขวัญ", "บัตรของขวัญ"),
        ("উপহার কার্ড", "উপহার_কার্ড"),
        ("பரிசு அட்டை", "பரிசு_அட்டை"),
        ("بِطاقة هدايا", "بِطاقة_هدايا"),
        ("礼品卡", "礼品卡"),
        ("İade", "iade"),
        ("I\u0307ade", "iade"),
        ("Cafe\u0301", "caf\u00e9"),
        ("\u200fکارت\u200cهدیه\u200f", "کارت\u200cهدیه"),
        ("gift\u200b cards\ufe0f", "gift_cards"),
        ("Carte d'abonnement", "carte_d'abonnement"),
        ("Carte d\u2019abonnement", "carte_d'abonnement"),
        ("Wi-Fi", "wi-fi"),
        ("E\u2011Mail", "e-mail"),
        ("Click & Collect", "click_&_collect"),
        ("R&D", "r&d"),
        ("צ'ק", "צ'ק"),
        ("דו״ח", "דו״ח"),
        ("Col·lecció", "col·lecció"),
    ],
)
def test_a_name_has_one_code_in_every_script_however_it_is_typed(name: str, code: str) -> None:
    assert topic_code(name) == code == topic_code(code)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "_",
        "x" * 49,
        "<b>",
        "gift/cards",
        "🎁",
        "-",
        "&",
        "& gifts",
        "gifts &",
        "a & & b",
        "gift-",
        "-gift",
        "gift--cards",
        "'gift'",
        "d' or",
        "a - b",
        "=gift",
        "🎁-🎁",
        "\u0301a",
        "a \u0e34",
        "1\ufe0f\u20e3",
        "\u200c",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(
        CustomTopicsError,
        match=r"^A topic's name has 1 to 48 letters, digits and spaces, and between letters ' - and &\.$",
    ):
        topic_code(name)


@pytest.mark.parametrize("name", ["Delivery", "order payment", "Unknown"])
def test_a_name_that_every_brand_has_is_refused(name: str) -> None:
    with pytest.raises(CustomTopicsError, match="every brand has already"):
        topic_code(name)


def test_examples_are_kept_once_without_what_surrounds_them() -> None:
    assert example_texts([" a\n", "", "b", "a", "\x00", "c" * 3000]) == ["a", "b", "c" * 2000]


@pytest.mark.parametrize(
    "content",
    [
        lines(*(f"Gift cards\t{text}" for text in TEXTS)),
        lines("topic\ttext", *(f"Gift cards\t{text}" for text in TEXTS)),
        "\ufeff" + lines("", "Topic\tText", "", *(f"gift_cards\t{text}" for text in TEXTS)),
        lines("text\ttopic", *(f"{text}\tGift cards" for text in TEXTS)),
        lines("id\ttopic\ttext\tlang", *(f"{place}\tGift cards\t{text}\ten" for place, text in enumerate(TEXTS))),
        lines("topic\ttext\tlang", *(f"Gift cards\t{text}" for text in TEXTS)),
        lines(f"Gift cards\t{TEXTS[0]}", f"gift cards\t{TEXTS[1]}", f"GIFT  CARDS\t{TEXTS[2]}"),
        lines(*(f"Gift cards\t{text}" for text in [*TEXTS, *TEXTS])),
        lines(*(f"Gift cards\t{text}" for text in TEXTS)).replace("\n", "\r\n"),
        lines(*(json.dumps({"topic": "Gift cards", "text": text, "lang": "en"}) for text in TEXTS)),
    ],
)
def test_a_file_is_read_however_its_columns_stand(file: Path, content: str) -> None:
    assert read(file, content) == PAIRS


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_line_ends_part_lines(file: Path, sign: str) -> None:
    texts = [f"{text}{sign}still the same" for text in TEXTS]
    pairs = [("gift_cards", text) for text in texts]
    assert read(file, lines(*(f"Gift cards\t{text}" for text in texts))) == pairs
    rows = (json.dumps({"topic": "Gift cards", "text": text}, ensure_ascii=False) for text in texts)
    assert read(file, lines(*rows)) == pairs


GOOD = [f"Gift cards\t{text}" for text in TEXTS]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*GOOD, "\tan example"], "Line 4 of topics.tsv: A topic's name has 1 to 48 letters"),
        ([*GOOD, "Gift/cards\tan example"], "Line 4 of topics.tsv: A topic's name has 1 to 48 letters"),
        ([*GOOD, "", "Delivery\tan example"], "Line 5 of topics.tsv: “delivery” is a topic that every brand has"),
        ([*GOOD, "Gift cards\t  "], "Line 4 of topics.tsv: The text is empty."),
        ([*GOOD, "Gift cards"], "Line 4 of topics.tsv: There is no tab between topic and text"),
        ([*GOOD, "Gift cards\tan\texample"], "Line 4 of topics.tsv: There are 3 columns instead of 2: an example"),
        (["id\ttopic\ttext", "1\tGift cards"], "Line 2 of topics.tsv: There is no tab between topic and text, or not"),
        (
            [*GOOD, "Parking\tx", "Parking\ty", "Parking\ty "],
            "Line 4 of topics.tsv: 2 examples are too few: it takes 3",
        ),
        ([f"{text}\tGift cards" for text in TEXTS], "Line 1 of topics.tsv: 1 examples are too few"),
        (["label\ttext", *GOOD], "Line 1 of topics.tsv: It takes a header that names the columns topic and text"),
        (["topic\ttext\ttext", *GOOD], "Line 1 of topics.tsv: It takes a header"),
        (["1\tGift cards\tan example"], "Line 1 of topics.tsv: It takes a header"),
        (["topic,text", "a,b"], "Line 1 of topics.tsv: There is no tab between topic and text"),
        ([f"Gift cards\tnumber {place}" for place in range(202)], "Line 201 of topics.tsv: 202 examples are too many"),
        (
            [f"topic {place}\tan example" for place in range(31)],
            "Line 31 of topics.tsv: Here begins one topic too many",
        ),
        (['{"topic": "a", "text": null}'], "Line 1 of topics.tsv: It takes an object whose `topic` and `text` are str"),
        (['{"topic": 1, "text": "x"}'], "Line 1 of topics.tsv: It takes an object"),
        (['{"text": "x"}'], "Line 1 of topics.tsv: It takes an object"),
        (['{"topic": "a", "text": "x"}', "[1]"], "Line 2 of topics.tsv: It takes an object"),
        (['{"topic": "a", "text": "x"}', "{"], "Line 2 of topics.tsv: This is not valid JSON"),
        (['{"topic": "a", "text": ' + "[" * 100_000], "Line 1 of topics.tsv: This is not valid JSON"),
        ([], "topics.tsv is empty: it takes lines of topic, tab and example."),
        (["topic\ttext"], "topics.tsv is empty"),
    ],
)
def test_each_refusal_is_one_sentence_that_names_the_line(file: Path, rows: list[str], said: str) -> None:
    with pytest.raises(CustomTopicsError) as refused:
        read(file, lines(*rows))
    assert str(refused.value).startswith(said)


def test_a_file_that_is_no_utf8_is_refused_with_its_line(file: Path) -> None:
    with pytest.raises(
        CustomTopicsError, match=r"^Line 2 of topics\.tsv: This is not UTF-8: save the file as UTF-8\.$"
    ):
        read(file, b"Gift cards\tone\r\nGift cards\tcaf\xe9\r\n")
    with pytest.raises(CustomTopicsError, match=r"^Line 1 of topics\.tsv: This is not UTF-8"):
        read(file, lines(*GOOD).encode("utf-16"))


@pytest.mark.parametrize(("name", "why"), [("none.tsv", "No such file or directory"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(CustomTopicsError, match=rf"{name or tmp_path.name} cannot be read: {why}\.$"):
        read_topics_file(tmp_path / name)


@pytest.mark.parametrize(
    "row", ["Gift-cards\tmy secret post", "my secret post is long, and the name\tcards", "a\tb\tmy"]
)
def test_a_refusal_holds_no_words_of_an_example(file: Path, row: str) -> None:
    with pytest.raises(CustomTopicsError) as refused:
        read(file, lines(*GOOD, row))
    assert "my" not in str(refused.value).split()
