"""Labelled files: what is a row, what a label means, and what is told of the rest."""

import pytest

from monitor.nlp.labelled import EvaluationError, read_labelled, told_aside, told_left_out


def read(folder, content):
    path = folder / "posts"
    path.write_text(content, encoding="utf-8")
    return read_labelled(path)


def column(folder, name, labels):
    """The labels that a column gives, row by row ("" for none), and what is told of the others."""
    found = read(folder, f"text\t{name}\n" + "".join(f"post\t{label}\n" for label in labels))
    return [next(iter(post.labels.values()), "") for post in found.posts], list(told_left_out(found.left_out))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("id\ttext\tlang\tcomplaint\n1\tlate\ten\tyes\n2\n3\tfine\ten\tno\n", [3]),
        ("id\ttext\tlang\tcomplaint\n1\tlate\nanswers me\ten\tyes\n3\tfine\ten\tno\n", [2, 3]),
        ("id\ttext\tlang\n1\tfine\ten\n2\ttoo\tmany\ten\n", [3]),
        # A text in the last column is cut without its row losing a cell, one in the first leaves a whole row behind.
        ("id\tlang\ttext\n1\ten\tlate\nanswers me\n2\ten\tfine\n", [2, 3]),
        ("text\tlang\nlate\nanswers me\ten\nfine\ten\n", [2, 3]),
    ],
)
def test_rows_of_another_width_are_put_aside_with_their_lines(tmp_path, content, lines):
    found = read(tmp_path, content)
    assert "fine" in [post.text for post in found.posts]
    assert "answers me" not in " ".join(post.text for post in found.posts)
    assert sorted(line for numbers in found.put_aside.values() for line in numbers) == lines


def test_empty_cells_behind_the_last_column_and_blank_lines_are_nothing(tmp_path):
    found = read(tmp_path, "Text\tLang\t\r\n\r\nlate\tEN\t\t\r\n")
    assert [(post.text, post.language) for post in found.posts] == [("late", "en")]
    assert found.put_aside == {}


def test_json_lines_that_are_no_posts_are_put_aside_with_their_lines(tmp_path):
    found = read(tmp_path, '{"text": "a", "complaint": true}\n{"text": \n[1]\n{"words": "b"}\n{"text": 5}\n')
    assert [post.labels for post in found.posts] == [{"complaint": "yes"}]
    assert list(told_aside(found.put_aside)) == [
        "1 row put aside, not valid JSON: line 2",
        "1 row put aside, not a JSON object: line 3",
        "2 rows put aside, `text` is missing or not a string: lines 4, 5",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has no column `text`"),
        ("a\tb\n1\t2\n", "has no column `text`"),
        ("text\tlang\nlate\n", "no row that can be read. 1 row put aside, fewer columns than the header: line 2"),
        ('{"text": \n', "no row that can be read. 1 row put aside, not valid JSON: line 1"),
    ],
)
def test_a_file_without_a_row_is_one_clear_error(tmp_path, content, said):
    with pytest.raises(EvaluationError, match=said):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("name", "labels", "meant"),
    [
        ("complaint", ["Yes", "NO", "TRUE", "false", "t", "complaint", "Not-Complaint"], "yes no yes no yes yes no"),
        ("needs_reply", ["0", "1", "1.0", "0,0"], "no yes yes no"),
        ("severity", ["2.0", "0", " 3 ", "1"], "2 0 3 1"),
        ("sentiment", ["Negative", "POS", "neu"], "negative positive neutral"),
        ("intent", ["Follow up", "follow-up", "PRAISE"], "follow_up follow_up praise"),
        ("topic", ["Order/Payment", "delivery"], "order_payment delivery"),
        ("label", ["Positive", "NEGATIVE", "neutral"], "positive negative neutral"),
        ("stars", ["1", "2", "3", "5"], "negative negative neutral positive"),
    ],
)
def test_a_label_is_understood_in_every_spelling(tmp_path, name, labels, meant):
    assert column(tmp_path, name, labels) == (meant.split(), [])


@pytest.mark.parametrize(
    ("name", "labels", "told"),
    [
        ("severity", "0 0 1 4", "severity: 4 rows left out, for 4 is on another scale than 0, 1, 2, 3 (0 2, 1 1, 4 1)"),
        ("severity", "0 -1", "severity: 2 rows left out, for -1 is on another scale than 0, 1, 2, 3 (0 1, -1 1)"),
        ("severity", "1 0.5", "severity: 2 rows left out, for 0.5 is on another scale than 0, 1, 2, 3 (1 1, 0.5 1)"),
        ("complaint", "0 1 2", "complaint: 3 rows left out, for 2 is on another scale than 0, 1 (0 1, 1 1, 2 1)"),
        ("rating", "5 10", "rating: 2 rows left out, for 10 is on another scale than 1, 2, 3, 4, 5 (5 1, 10 1)"),
    ],
)
def test_one_number_beyond_the_scale_and_nothing_of_the_column_is_measured(tmp_path, name, labels, told):
    meant, said = column(tmp_path, name, labels.split())
    assert set(meant) == {""}
    assert said == [told]


def test_words_that_are_no_label_leave_the_others_alone(tmp_path):
    meant, said = column(tmp_path, "severity", ["2", "Blame", "0", "Blame"])
    assert meant == ["2", "", "0", ""]
    assert said == ["severity: 2 rows left out, whose labels are none of ours (Blame 2)"]


def test_what_names_no_single_language_is_left_out_and_told(tmp_path):
    meant, said = column(tmp_path, "lang", ["en", "en/tl", "Klingonish", "mul", "nan"])
    assert meant == ["en", "", "", "", ""]
    assert said[0].startswith("language: 4 rows left out")


def test_languages_may_be_called_by_their_names(tmp_path):
    names = ["English", "Chinese", "FILIPINO", "Traditional Chinese", "Hinglish", "pt-BR"]
    assert column(tmp_path, "language", names) == (["en", "zh", "tl", "zh-Hant", "hi-Latn", "pt"], [])


def test_a_column_of_the_heads_own_name_goes_before_label_and_stars(tmp_path):
    found = read(tmp_path, "text\tlabel\tsentiment\trating\na\tnegative\tpositive\t1\nb\tnegative\t\t5\n")
    assert [post.labels for post in found.posts] == [{"sentiment": "positive"}, {"sentiment": "negative"}]
    assert found.notes == ["`rating` is not read: the file has labels of sentiment."]
