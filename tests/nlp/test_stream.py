"""The stateless stream: JSONL or TSV in, one line a post out, bad rows put aside."""

import io
import json

import pytest

from monitor.nlp.stream import StreamFormatError, run_analyze

FIELDS = [
    "id", "language", "intent", "needs_reply", "sentiment", "sentiment_scores", "complaint", "complaint_score",
    "severity", "escalate", "escalate_score", "topic", "topic_scores", "audience", "entities", "reasons", "model",
]  # fmt: skip


def run(text, **more):
    out, report = io.StringIO(), io.StringIO()
    counts = run_analyze(io.StringIO(text), out, report=report, **more)
    return [json.loads(line) for line in out.getvalue().splitlines()], counts, report.getvalue()


def test_jsonl_gives_one_line_a_post_in_order_with_the_published_fields():
    answers, counts, _ = run('{"id": 7, "text": "my parcel is late"}\n{"text": "thanks!"}\n')
    assert [answer["id"] for answer in answers] == ["7", "2"]
    assert list(answers[0]) == FIELDS
    assert (counts.analyzed, counts.bad) == (2, 0)


def test_tsv_is_read_by_its_header_with_quotes_left_alone():
    answers, _, _ = run('id\tlang\ttext\na\ten\t"my parcel is late\nb\tde\two ist mein Paket\n')
    assert [answer["id"] for answer in answers] == ["a", "b"]


def test_bad_rows_are_reported_with_their_line_and_do_not_stop_the_run():
    answers, counts, report = run('{"text": "a"}\n{nope\n[1]\n{"text": 5}\n\n{"id": "z", "text": "b"}\n')
    assert [answer["id"] for answer in answers] == ["1", "z"]
    assert counts.bad == 3
    assert [line.split(":")[0] for line in report.splitlines()] == ["line 2", "line 3", "line 4"]


def test_a_short_tsv_row_is_bad():
    _, counts, report = run("id\ttext\nonly\n1\tok\n")
    assert (counts.analyzed, counts.bad) == (1, 1)
    assert "fewer columns" in report


def test_a_tab_inside_a_text_makes_a_bad_row_and_not_half_a_post():
    answers, counts, report = run("id\ttext\n1\thello\tmy parcel is broken, refund now\n2\tok\t\t\n")
    assert [answer["id"] for answer in answers] == ["2"]
    assert (counts.analyzed, counts.bad) == (1, 1)
    assert report == "line 2: more columns than the header\n"


def test_progress_counts_every_row_bad_ones_too():
    done = []
    run('{"text": "a"}\n{nope\n{"text": "b"}\n{nope\n', progress=done.append)
    assert done == [1, 2, 3, 4]
    run("{nope\n{nope\n", progress=done.append)
    assert done[4:] == [1, 2]


def test_a_file_that_is_neither_is_one_clear_error():
    with pytest.raises(StreamFormatError, match="text"):
        run("hello\nworld\n")


def test_an_empty_input_gives_nothing():
    assert run("")[1].analyzed == 0


def test_broken_characters_never_reach_the_output():
    answers, _, _ = run('{"id": "a\\ud800", "text": "late \\ud83d \\u0000 parcel"}\n')
    json.dumps(answers, ensure_ascii=False).encode("utf-8")
    assert answers[0]["id"] == "a\ufffd"


def test_deeply_nested_json_is_a_bad_row():
    _, counts, _ = run('{"text": ' + "[" * 100_000 + "\n" + '{"text": "ok"}\n')
    assert (counts.analyzed, counts.bad) == (1, 1)


def test_a_raw_control_character_in_a_json_text_costs_nothing():
    answers, counts, _ = run('{"id": "a", "text": "where\x00 is\tit"}\n')
    assert [answer["id"] for answer in answers] == ["a"]
    assert counts.bad == 0
