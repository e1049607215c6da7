"""The metrics table, on tiny files whose figures can be reckoned by hand."""

import io
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from monitor.nlp.engine import PostInput, load_engine
from monitor.nlp.evaluation import (
    Judged,
    _without,
    accuracy,
    estimate,
    evaluate_file,
    f1_of_yes,
    macro_f1,
    macro_recall,
    measure_reasons,
    precision_at_recall_90,
    print_report,
)
from monitor.nlp.labelled import EvaluationError
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


def test_what_nothing_in_the_rows_defines_is_no_number():
    nothing = judged([0] * 12, [0] * 12, [0.1] * 12)
    for metric in (f1_of_yes, macro_f1([1]), macro_recall([1]), precision_at_recall_90):
        assert math.isnan(metric(nothing))
        assert math.isnan(estimate(metric, nothing).low)
    assert f1_of_yes(judged([0, 0], [0, 1])) == 0
    assert macro_recall([0, 1])(nothing) == 1


def test_resamplings_without_a_single_yes_do_not_widen_the_interval():
    alone = estimate(f1_of_yes, judged([1] + [0] * 11, [1] + [0] * 11))
    assert (alone.value, alone.low, alone.high) == (1, 1, 1)


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
    print_report(evaluate_file(path), out)
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


@pytest.mark.parametrize(
    ("text", "word", "left"),
    [
        ("late, later and relate", "late", " , later and relate"),
        ("ночь и точь-в-точь, но", "но", "ночь и точь-в-точь,  "),
        ("größe groß", "groß", "größe  "),
        ("배송이 배송", "배송", "배송이  "),
        ("太慢了太慢", "太慢", " 了 "),
    ],
)
def test_a_word_is_taken_out_where_it_stands_and_never_out_of_another(text, word, left):
    assert _without(text, [word]) == left


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


def test_one_of_many_intents_that_is_called_complaint_is_no_label_of_the_complaint_head(tmp_path):
    intents = ["complaint", "cancel_order", "track_refund", "get_invoice", "payment_issue"]
    path = write(
        tmp_path / "i.tsv", ["text", "label", "lang"], [[t, i, "en"] for t, i in zip(TEXTS, intents, strict=True)]
    )
    report = evaluate_file(path)
    assert list(report.heads) == ["language"]
    assert report.left_out["label"].labels.total() == 5
    alone = write(tmp_path / "j.tsv", ["text", "label"], [[t, i] for t, i in zip(TEXTS, intents, strict=True)])
    with pytest.raises(EvaluationError, match="label: 5 rows left out, whose labels are none of ours"):
        evaluate_file(alone)


def test_three_sentiments_and_a_question_are_sentiments_and_the_question_is_told(tmp_path):
    labels = ["negative", "positive", "question", "negative", "positive"]
    path = write(tmp_path / "w.tsv", ["text", "label"], [[t, i] for t, i in zip(TEXTS, labels, strict=True)])
    report = evaluate_file(path)
    assert report.heads["sentiment"].rows == 4
    assert {column: left.labels for column, left in report.left_out.items()} == {"label": {"question": 1}}


def test_short_words_are_not_taken_for_languages(tmp_path):
    path = write(tmp_path / "e.tsv", ["text", "label"], [[TEXTS[0], "anger"], [TEXTS[1], "joy"]])
    with pytest.raises(EvaluationError):
        evaluate_file(path)


class Reader:
    """An engine that reads a post as its text says: "yes ja" is a complaint in Japanese."""

    version = "reader-1"

    def words(self, text):
        return text.split()

    def analyze(self, posts):
        return [self.read(*post.text.split()[:2]) for post in posts]

    def read(self, complaint, language="en"):
        is_complaint = complaint == "yes"
        return SimpleNamespace(
            language=language,
            complaint=is_complaint,
            complaint_score=float(is_complaint),
            sentiment_scores={"negative": float(is_complaint), "neutral": 0.5, "positive": float(not is_complaint)},
            reasons=[],
        )


def printed(report):
    out = io.StringIO()
    print_report(report, out)
    return out.getvalue()


def test_a_language_without_a_complaint_gets_no_figure_and_the_table_says_so(tmp_path):
    rows = [["no en", "en", "no"]] * 12 + [["yes de", "de", "yes"]] * 12
    report = evaluate_file(write(tmp_path / "c.tsv", ["text", "lang", "complaint"], rows), Reader())
    assert math.isnan(report.heads["complaint"].by_language["en"][1].value)
    assert report.heads["complaint"].by_language["de"][1].value == 1
    table = printed(report)
    assert "f1 en      –  (no such row, and none called so)  (12)" in table
    assert "0.000" not in table


def test_rows_that_a_line_break_has_cut_are_put_aside_and_told_with_their_lines(tmp_path):
    rows = [["1", "yes en", "en", "yes"], ["2", "no en\nanswers me", "en", "yes"], ["3"], ["4", "no en", "en", "no"]]
    report = evaluate_file(write(tmp_path / "c.tsv", ["id", "text", "lang", "complaint"], rows), Reader())
    assert report.posts == 2
    assert report.heads["complaint"].metrics["accuracy"].value == 1
    assert "3 rows put aside, fewer columns than the header: lines 3, 4, 5\n" in printed(report)


def test_the_same_language_is_right_however_the_file_calls_it(tmp_path):
    called = {
        "ja": "ja", "hinglish": "hi-Latn", "hi": "hi-Latn", "fil": "tl", "unknown": "und", "yue": "zh-Hant", "EN": "en",
        "pt-BR": "pt", "en-US": "en", "zh-CN": "zh", "zh-TW": "zh-Hant", "zh": "zh-Hant", "jpn": "ja", "qme": "und",
    }  # fmt: skip
    rows = [[f"no {answer}", label] for label, answer in called.items()]
    report = evaluate_file(write(tmp_path / "l.tsv", ["text", "lang"], rows), Reader())
    assert report.heads["language"].rows == len(called)
    assert report.heads["language"].metrics["accuracy"].value == 1


@pytest.mark.parametrize(
    ("label", "answer"), [("zh-CN", "zh-Hant"), ("zh-TW", "zh"), ("hinglish", "hi"), ("sv", "und")]
)
def test_another_language_or_spelling_is_still_wrong(tmp_path, label, answer):
    report = evaluate_file(write(tmp_path / "l.tsv", ["text", "lang"], [[f"no {answer}", label]]), Reader())
    assert report.heads["language"].metrics["accuracy"].value == 0


def test_one_language_spelt_in_several_ways_is_one_line_of_the_table(tmp_path):
    rows = [["yes en", label, "yes"] for label in ("en", "EN", "en-US") for _ in range(4)]
    report = evaluate_file(write(tmp_path / "l.tsv", ["text", "lang", "complaint"], rows), Reader())
    assert [(name, count) for name, (count, _) in report.heads["complaint"].by_language.items()] == [("en", 12)]


def test_stars_are_read_as_sentiment_and_the_table_says_so(tmp_path):
    rows = [["yes en", "1"], ["yes en", "2.0"], ["no en", "5"], ["no en", "4"]]
    report = evaluate_file(write(tmp_path / "r.tsv", ["text", "rating"], rows), Reader())
    assert report.heads["sentiment"].rows == 3
    assert report.heads["sentiment"].metrics["accuracy"].value == 1
    table = printed(report)
    assert "sentiment is read from `rating`: 1 and 2 stars negative, 3 neutral, 5 positive." in table
    assert "rating: 1 row left out" in table and "(4 1)" in table


def test_the_command_counts_the_posts_while_it_reads_them(tmp_path):
    path = write(tmp_path / "c.tsv", ["text", "complaint"], [["yes en", "yes"]] * 300)
    seen = []
    evaluate_file(path, Reader(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(256, 300), (300, 300)]
