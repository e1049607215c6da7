"""The corpus that ships, and how training finds the posts that it may not ship."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from monitor.nlp.labels import HEADS
from monitor.nlp.train import corpora
from monitor.nlp.train.corpora import (
    OUR_FOLDER,
    TASK_CORPORA,
    name_of_text,
    read_corpus,
    read_our_labels,
    read_rows,
    read_training_set,
    why_unreadable,
)
from monitor.nlp.train.lexicon import drop_unused
from monitor.nlp.vocabulary import END, MASK, PAD, START, build_tokenizer, id_of

LABELS = ("sentiment", "complaint", "severity", "escalate", "topic", "intent", "needs_reply")


def test_every_row_of_the_parallel_posts_is_labelled_and_said_once():
    rows = list(read_rows(OUR_FOLDER / "parallel.tsv"))
    assert min(Counter(row["lang"] for row in rows).values()) > 300
    assert len({(row["lang"], row["text"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["text"].strip(), row["id"]
        assert all(row[head] in HEADS[head] for head in LABELS), row["id"]


def test_every_row_of_the_composed_posts_is_labelled_and_said_once():
    rows = list(read_rows(OUR_FOLDER / "composed.tsv"))
    assert len({row["text"].lower() for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["text"].strip(), row["id"]
        assert all(row[head] in HEADS[head] for head in (*LABELS, "audience")), row["id"]
        assert (row["complaint"] == "yes") == (row["severity"] != "0"), row["id"]


def test_our_labels_hold_no_words_and_agree_with_each_other():
    rows = list(read_rows(OUR_FOLDER / "labels.tsv"))
    assert set(rows[0]) == {"file", "name", "lang", *LABELS}
    for row in rows:
        if row["file"] == "umsab/train.tsv":  # tweets of no shop: their sentiment alone is labelled
            assert row["sentiment"] in HEADS["sentiment"] and not any(row[head] for head in LABELS[1:]), row
            continue
        # Left open: what a complaint is beside one, and topics of airlines and railways, which ours do not fit.
        may_be_open = {"intent", "topic"} if row["complaint"] == "yes" else {"topic"}
        assert all(row[head] in HEADS[head] or (not row[head] and head in may_be_open) for head in LABELS), row
        assert (row["complaint"] == "yes") == (row["severity"] != "0"), row
        assert row["severity"] != "3" or row["escalate"] == "yes", row


def test_every_tweet_has_a_sentiment_and_is_said_once():
    rows = list(read_rows(OUR_FOLDER / "tweets.tsv"))
    assert len({row["text"].lower() for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    by_language = Counter((row["lang"], row["label"]) for row in rows)
    assert {label for _, label in by_language} == set(HEADS["sentiment"])
    assert min(by_language.values()) > 100


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ours = tmp_path / "ours"
    ours.mkdir()
    columns = ["id", "text", "lang", "kind", "audience", *LABELS]
    labels = ["negative", "yes", "1", "no", "delivery", "complaint", "yes"]
    values = ["mention", "buyer", *labels]
    languages = ("de", "fr", "tr")
    write(ours / "parallel.tsv", [*columns, "english"], [
        [f"en-{number}", f"Paket {number} {language}", language, *values, f"parcel {number}"]
        for language in languages for number in range(100)
    ])  # fmt: skip
    write(ours / "labels.tsv", ["file", "name", "lang", *LABELS], [
        ["reviews/posts.tsv", name_of_text("kept back"), "en", *labels],
        ["gone/posts.tsv", name_of_text("who knows"), "en", *labels],
    ])  # fmt: skip
    write(tmp_path / "reviews" / "posts.tsv", ["brand", "text"], [["a", " kept back "], ["a", "not labelled"]])
    write(tmp_path / "composed" / "train.tsv", columns, [
        [f"en-{number}", f"parcel {number}", "en", *values] for number in range(100)
    ])  # fmt: skip
    monkeypatch.setattr(corpora, "OUR_FOLDER", ours)
    return tmp_path


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join("\t".join(row) for row in [header, *rows]) + "\n", encoding="utf-8")


def test_a_labelled_post_is_found_by_its_hash_and_a_missing_file_is_told(data, capsys):
    (found,) = read_our_labels(data, held_out_share=0.0)
    assert (found.text, found.labels["topic"]) == ("kept back", HEADS["topic"].index("delivery"))
    assert "gone/posts.tsv: not there, 1 of our labels left out" in capsys.readouterr().err


def test_sentiments_of_ours_take_the_place_of_published_ones_that_are_noise(data):
    names = {"hi": "bahut accha din", "fr": "quelle belle vie"}
    write(data / "umsab" / "train.tsv", ["id", "text", "label", "lang"], [
        [language, text, "negative", language] for language, text in names.items()
    ])  # fmt: skip
    empty = [""] * (len(LABELS) - 1)
    with (corpora.OUR_FOLDER / "labels.tsv").open("a", encoding="utf-8") as ours:
        ours.write("\t".join(["umsab/train.tsv", name_of_text(names["hi"]), "hi-Latn", "positive", *empty]) + "\n")
    task, other = read_training_set(data, seed=1, held_out_share=0.0)
    found = {example.text: (example.corpus, example.labels) for example in other}
    positive, negative = (HEADS["sentiment"].index(label) for label in ("positive", "negative"))
    assert found == {
        "bahut accha din": ("umsab", {"sentiment": positive}),
        "quelle belle vie": ("umsab", {"sentiment": negative}),
    }
    assert all("complaint" in example.labels for example in task)


def test_one_post_in_several_languages_stays_on_one_side(data):
    task, _ = read_training_set(data, seed=1, held_out_share=0.3)
    sides = defaultdict(set)
    for example in task:
        if example.english or example.corpus == "composed":
            sides[example.text.split()[1]].add(example.is_held_out)
    assert len(sides) == 100 and all(len(side) == 1 for side in sides.values())
    assert 10 < sum(side == {True} for side in sides.values()) < 50


def test_what_the_task_holds_out_is_taught_by_no_other_set(data):
    texts = [f"{word} {number}" for word in ("parcel", "tweet") for number in range(100)]
    write(data / "umsab" / "train.tsv", ["id", "text", "label", "lang"], [
        ["", text, "negative", "en"] for text in texts
    ])  # fmt: skip
    task, other = read_training_set(data, seed=1, held_out_share=0.3)
    held_out = {example.text for example in task if example.is_held_out}
    assert 10 < len(held_out & set(texts)) < 50
    taught = {example.text for example in other if not example.is_held_out}
    assert not taught & held_out and len(taught) > 100
    assert sum(example.is_held_out for example in other) > 10


def test_a_file_of_few_columns_from_a_spreadsheet_teaches_what_it_has(data):
    path = data / "complaint_triage" / "train.tsv"
    path.parent.mkdir()
    path.write_text("\ufefftext\tcomplaint\tlang\nwhere is it\tYes\ten\nlovely\t no \ten\n", encoding="utf-8")
    assert why_unreadable(path) == ""
    found = {example.text: example.labels for example in read_corpus(data, TASK_CORPORA[0], seed=1)}
    assert found == {"where is it": {"complaint": 1}, "lovely": {"complaint": 0}}


def test_composed_posts_without_ids_are_told_apart_by_their_texts(data):
    write(data / "composed" / "train.tsv", ["text", "topic"], [[f"parcel {n}", "delivery"] for n in range(100)])
    examples = read_corpus(data, TASK_CORPORA[1], seed=1, held_out_share=0.3)
    assert 10 < sum(example.is_held_out for example in examples) < 50
    assert {HEADS["audience"][example.labels["audience"]] for example in examples} == {"buyer"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"post\tcomplaint\nwhere\tyes\n", "tab-separated columns: `text`, and one or more of intent,"),
        (b"text\tlang\nwhere\ten\n", "one or more of intent,"),
        (b"text,complaint\nwhere,yes\n", "tab-separated columns"),
        (b"", "must have a header"),
        ("text\tcomplaint\nwhere\tyes\n".encode("utf-16"), "is not in UTF-8"),
    ],
)
def test_a_file_that_cannot_teach_says_what_it_lacks(tmp_path, written, said):
    (tmp_path / "train.tsv").write_bytes(written)
    told = why_unreadable(tmp_path / "train.tsv")
    assert told.startswith(str(tmp_path / "train.tsv")) and said in told


def test_languages_are_learnt_without_the_lists_of_frequent_words(data, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    from monitor.nlp.train.languages import LATIN, fit

    monkeypatch.setattr("monitor.nlp.train.languages.PIECES", 20)
    posts = {("ours", "de"): ["das Paket ist noch nicht da"] * 3, ("ours", "fr"): ["le colis n'est pas encore là"] * 3}
    weights = fit(data, posts)
    assert "lexicon/frequency/de.txt: not there, left out" in capsys.readouterr().out
    moved = {language for language, column in zip(LATIN, weights.T, strict=True) if column.max() > 0}
    assert moved == {"de", "fr"}


def test_a_post_in_another_language_knows_its_english_twin(data):
    task, _ = read_training_set(data, seed=1, held_out_share=0.0)
    twins = {example.text: example.english for example in task if example.language == "tr"}
    assert twins["paket 7 tr"] == "parcel 7"


def test_the_pool_without_labels_holds_no_post_of_a_set_or_one_kept_for_judging_and_each_once(data):
    told = "the parcel is not here yet"
    rows = [["a", text] for text in (f"{told}, new", f"{told}, new", f"{told}, judged", f"{told}, known", "short")]
    write(data / "real_brand_tweets_2021" / "posts.tsv", ["brand", "text"], rows)
    write(data / "complaint_triage" / "dev.tsv", ["id", "text"], [["1", f"{told}, judged"]])
    known = corpora.Example(f"{told}, known", "en", "composed")
    assert [example.text for example in corpora.read_unlabelled(data, [known])] == [f"{told}, new"]


def test_pieces_that_no_text_uses_leave_room_but_letters_and_marks_stay():
    base = ["[PAD]", "[UNK]", "p", "##q", "parcel", "archdiocese"]
    assert drop_unused(base, ["##s"], ["parcel parcels parcel"] * 2) == ["[PAD]", "[UNK]", "p", "##q", "parcel"]


def test_the_signs_of_another_family_stay_and_go_before_those_that_its_texts_never_begin_with():
    base = ["<s>", "<pad>", "</s>", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "parcel", "archdiocese", "<mask>"]
    kept = drop_unused(base, [], ["parcel"] * 3)
    assert kept == [piece for piece in base if piece != "archdiocese"]
    tokenizer = build_tokenizer(kept)
    signs = [tokenizer.id_to_token(id_of(tokenizer, sign)) for sign in (START, END, PAD, MASK)]
    assert signs == ["<s>", "</s>", "<pad>", "<mask>"]
    with pytest.raises(KeyError):
        id_of(build_tokenizer(["[PAD]", "[UNK]"]), START)
