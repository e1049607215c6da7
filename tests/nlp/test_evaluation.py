"""The metrics table, on tiny files whose figures can be reckoned by hand."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from monitor.nlp.engine import PostInput, load_engine
from monitor.nlp.evaluation import (
    EvaluationError,
    Judged,
    accuracy,
    evaluate_file,
    f1_of_yes,
    macro_f1,
    measure_reasons,
    precision_at_recall_90,
    print_report,
)
from monitor.text.reason import Reason

TEXTS = [
    "my parcel is late and nobody answers, terrible service",
    "thanks, I love it",
    "when does the sale start?",
    "worst shop ever, they stole my money",
    "great quality, will buy again",
]


def write(path, header, rows):
    path.write_text("\n".join(["\t".join(header), *("\t".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def judged(truth, answer, score=None):
    return Judged(("no", "yes"), np.array(truth), np.array(answer), None if score is None else np.array(score))


def test_f1_and_accuracy_are_those_of_the_textbook():
    sample = judged([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])
    assert f1_of_yes(sample) == pytest.approx(2 / 3)
    assert accuracy(sample) == pytest.approx(3 / 5)
    assert macro_f1([0, 1])(sample) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_precision_is_taken_where_nine_of_ten_are_found():
    sample = judged([1, 0, 1, 0], [0, 0, 0, 0], [0.9, 0.8, 0.7, 0.1])
    assert precision_at_recall_90(sample) == pytest.approx(2 / 3)


@pytest.mark.parametrize("truth", [[1] + [0] * 9, [0] * 9 + [1]])
def test_no_threshold_parts_posts_of_one_score(truth):
    assert precision_at_recall_90(judged(truth, [0] * 10, [0.5] * 10)) == pytest.approx(0.1)
    assert precision_at_recall_90(judged([*truth, 1], [0] * 11, [0.5] * 10 + [0.9])) == pytest.approx(2 / 11)


def test_a_file_labelled_by_the_engine_itself_scores_one(tmp_path):
    analyses = load_engine().analyze([PostInput(text) for text in TEXTS])
    rows = [
        [t, "en", a.topic, "yes" if a.complaint else "no", str(a.severity)]
        for t, a in zip(TEXTS, analyses, strict=True)
    ]
    report = evaluate_file(write(tmp_path / "own.tsv", ["text", "lang", "topic", "complaint", "severity"], rows))
    assert report.posts == 5
    assert report.heads["topic"].metrics["accuracy"].value == 1
    assert report.heads["severity"].metrics["accuracy"].value == 1
    assert report.heads["complaint"].metrics["f1"].value == 1


def test_wrong_labels_lower_the_figures_and_widen_the_interval(tmp_path):
    analyses = load_engine().analyze([PostInput(text) for text in TEXTS])
    rows = [[t, "no" if a.complaint else "yes"] for t, a in zip(TEXTS, analyses, strict=True)]
    rows[0][1] = "yes" if analyses[0].complaint else "no"
    figure = (
        evaluate_file(write(tmp_path / "wrong.tsv", ["text", "complaint"], rows)).heads["complaint"].metrics["accuracy"]
    )
    assert figure.value == pytest.approx(0.2)
    assert figure.low <= 0.2 <= figure.high


def test_a_label_column_is_understood_by_its_values(tmp_path):
    sentiment = write(
        tmp_path / "s.tsv", ["id", "text", "label"], [["1", TEXTS[0], "negative"], ["2", TEXTS[1], "positive"]]
    )
    complaint = write(tmp_path / "c.tsv", ["text", "label"], [[TEXTS[0], "complaint"], [TEXTS[1], "not_complaint"]])
    language = write(tmp_path / "l.tsv", ["text", "label"], [[TEXTS[0], "en"], ["wo ist mein Paket, ich warte", "de"]])
    assert list(evaluate_file(sentiment).heads) == ["sentiment"]
    assert list(evaluate_file(complaint).heads) == ["complaint", "reasons"]
    assert evaluate_file(language).heads["language"].metrics["accuracy"].value == 1


def test_the_table_is_printed_with_intervals(tmp_path):
    path = write(tmp_path / "s.tsv", ["text", "label"], [[TEXTS[0], "negative"], [TEXTS[1], "positive"]])
    out = io.StringIO()
    print_report(path, out)
    assert "sentiment (2 rows)" in out.getvalue()
    assert "macro_f1" in out.getvalue() and "[" in out.getvalue()


@pytest.mark.parametrize(("header", "row"), [(["a", "b"], ["1", "2"]), (["text"], ["hi"])])
def test_a_file_without_text_or_labels_is_one_clear_error(tmp_path, header, row):
    with pytest.raises(EvaluationError):
        evaluate_file(write(tmp_path / "x.tsv", header, [row]))


class WordScore:
    """Scores a post by the share of its words that are "broken"."""

    def words(self, text):
        return text.split()

    def analyze(self, posts):
        return [SimpleNamespace(complaint_score=self.score(post.text)) for post in posts]

    def score(self, text):
        words = text.split()
        return words.count("broken") / max(1, len(words))


@pytest.mark.parametrize(("marked", "share"), [("broken", 1.0), ("it", 0.0)])
def test_marked_words_matter_where_the_score_falls_without_them(marked, share):
    engine = WordScore()
    text = "it came broken and it is broken still"
    analysis = SimpleNamespace(
        complaint_score=engine.score(text), reasons=[Reason("words.complaint", 0.9, {"words": [marked]})]
    )
    report = measure_reasons(engine, [(text, analysis)] * 4)
    assert report.rows == 4
    assert report.metrics["marked_words_matter"].value == share


def test_posts_of_too_few_words_say_nothing_about_reasons():
    analysis = SimpleNamespace(complaint_score=1.0, reasons=[Reason("words.complaint", 0.9, {"words": ["broken"]})])
    assert measure_reasons(WordScore(), [("broken", analysis)]).rows == 0


def test_json_lines_are_read_as_a_table_is(tmp_path):
    lines = [
        {"text": TEXTS[0], "complaint": True, "severity": 2, "lang": "en"},
        {"text": TEXTS[1], "complaint": False, "severity": 0, "lang": "en", "note": None},
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", encoding="utf-8")
    table = write(
        tmp_path / "posts.tsv",
        ["text", "complaint", "severity", "lang"],
        [[TEXTS[0], "yes", "2", "en"], [TEXTS[1], "no", "0", "en"]],
    )
    as_json, as_table = evaluate_file(path), evaluate_file(table)
    assert as_json.heads == as_table.heads and set(as_json.heads) == {"complaint", "severity", "language", "reasons"}
    assert as_json.left_out == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"text": "a", "complaint": true}\n{"text": \n', "line 2 is not JSON"),
        ('{"text": "a"}\n[1]\n', "line 2 is not a JSON object"),
        ('{"words": "a"}\n', "line 1 has no `text`"),
    ],
)
def test_broken_json_lines_are_named(tmp_path, content, said):
    path = tmp_path / "p.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=said):
        evaluate_file(path)


def test_one_of_many_intents_that_is_called_complaint_is_no_label_of_the_complaint_head(tmp_path):
    intents = ["complaint", "cancel_order", "track_refund", "get_invoice", "payment_issue"]
    path = write(
        tmp_path / "i.tsv", ["text", "label", "lang"], [[t, i, "en"] for t, i in zip(TEXTS, intents, strict=True)]
    )
    report = evaluate_file(path)
    assert list(report.heads) == ["language"]
    assert report.left_out["label"].total() == 5
    alone = write(tmp_path / "j.tsv", ["text", "label"], [[t, i] for t, i in zip(TEXTS, intents, strict=True)])
    with pytest.raises(EvaluationError, match="label: 5 rows left out, whose labels are none of ours"):
        evaluate_file(alone)


def test_three_sentiments_and_a_question_are_sentiments_and_the_question_is_told(tmp_path):
    labels = ["negative", "positive", "question", "negative", "positive"]
    path = write(tmp_path / "w.tsv", ["text", "label"], [[t, i] for t, i in zip(TEXTS, labels, strict=True)])
    report = evaluate_file(path)
    assert report.heads["sentiment"].rows == 4
    assert report.left_out == {"sentiment": {"question": 1}}


def test_short_words_are_not_taken_for_languages(tmp_path):
    path = write(tmp_path / "e.tsv", ["text", "label"], [[TEXTS[0], "anger"], [TEXTS[1], "joy"]])
    with pytest.raises(EvaluationError):
        evaluate_file(path)


def test_severities_of_another_scale_are_counted_and_told(tmp_path):
    rows = [[TEXTS[0], "4"], [TEXTS[1], "0"], [TEXTS[2], "Blame"], [TEXTS[3], "2"], [TEXTS[4], "Blame"]]
    out = io.StringIO()
    report = print_report(write(tmp_path / "s.tsv", ["text", "severity"], rows), out)
    assert report.heads["severity"].rows == 2
    assert "severity: 3 rows left out, whose labels are none of ours (Blame 2, 4 1)" in out.getvalue()
