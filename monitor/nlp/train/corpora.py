"""Reads the labelled sets of a data folder into Examples; a label that a set does not give is masked (-1).

The sets, their sources and terms are listed in MODEL_CARD.md. A missing set is reported and left out. Four sets are
our own and lie in `corpus/`: `parallel.tsv`, posts of the composed set written anew in other languages,
`composed.tsv`, posts written where a language or a topic was thin, `tweets.tsv`, tweets of everyday life with their
sentiment, and `labels.tsv`, our labels of posts whose text may not be passed on: they name a post by its file and a
hash of its text.
"""

import csv
import hashlib
import random
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.nlp.labels import HEADS
from monitor.nlp.normalise import fold, simplify

SEED = 20261125
HELD_OUT_SHARE = 0.08  # of the task sets: never trained on, calibrates the scores and chooses the thresholds
OTHER_HELD_OUT = 0.5  # the other sets are larger: half that share of them is enough

OUR_FOLDER = Path(__file__).parent / "corpus"

Row = Mapping[str, str]
MASKED = -1


@dataclass(slots=True)
class Example:
    """One labelled text, simplified (see normalise.py).

    `labels` has an entry only for the heads that the set labels. `english` is the same post in English, where the
    corpus has it: the encoder is taught to place both alike.
    """

    text: str
    language: str
    corpus: str
    labels: dict[str, int] = field(default_factory=dict)
    is_held_out: bool = False
    english: str = ""
    is_doubtful: bool = False  # labelled because a model was unsure of it: no fair sample of what comes in


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    # Spreadsheets begin a file with a byte order mark.
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def why_unreadable(path: Path) -> str:
    """What a file lacks to be a set with labels, or "" (also where there is none)."""
    if not path.exists():
        return ""
    try:
        columns = set(next(read_rows(path), {}))
    except UnicodeDecodeError:
        return f"{path} is not in UTF-8: save it as tab-separated text in UTF-8."
    if "text" not in columns or not columns & HEADS.keys():
        return (
            f"{path} must have a header and tab-separated columns: `text`, and one or more of {', '.join(HEADS)} "
            "(docs/models.md says what stands in them)."
        )
    return ""


def _index(head: str, label: str) -> dict[str, int]:
    return {head: HEADS[head].index(label)} if label in HEADS[head] else {}


def _full_labels(row: Row) -> dict[str, int]:
    labels: dict[str, int] = {}
    for head in HEADS:
        labels |= _index(head, (row.get(head) or "").strip().lower())
    if "audience" not in labels and "topic" in labels:
        topic = HEADS["topic"][labels["topic"]]
        if topic != "other":
            labels |= _index("audience", "seller" if topic.startswith("seller_") else "buyer")
    return labels


def _sentiment(row: Row) -> dict[str, int]:
    return _index("sentiment", row["label"])


def _stars(row: Row) -> dict[str, int]:
    return _index(
        "sentiment", {"1": "negative", "2": "negative", "3": "neutral", "5": "positive"}.get(row["rating"], "")
    )


def _complaint(row: Row) -> dict[str, int]:
    return _index("complaint", {"complaint": "yes", "not_complaint": "no"}.get(row["label"], ""))


@dataclass(frozen=True, slots=True)
class Corpus:
    """A file of the data folder: how its rows are labelled, and how many of them are used at most."""

    path: str
    read_labels: Callable[[Row], dict[str, int]]
    language: str = ""
    text_column: str = "text"
    # What decides the side of a row: the same post in several languages has one id, and must stay on one side.
    key_column: str = "text"
    is_open: bool = False  # its texts are under an open licence, or ours

    @property
    def name(self) -> str:
        return self.path.split("/")[0]


#: The two sets with every label; the others lend single labels to the shared encoder.
TASK_CORPORA = (
    Corpus("complaint_triage/train.tsv", _full_labels),
    Corpus("composed/train.tsv", _full_labels, key_column="id", is_open=True),
)
OUR_CORPORA = (
    Corpus("parallel.tsv", _full_labels, key_column="id", is_open=True),
    Corpus("composed.tsv", _full_labels, is_open=True),
)
OUR_OTHER_CORPORA = (Corpus("tweets.tsv", _sentiment, is_open=True),)
OTHER_CORPORA = (
    Corpus("umsab/train.tsv", _sentiment),
    Corpus("tweeteval_sentiment/train_semeval2013_2016.tsv", _sentiment),
    Corpus("complaints_acl2019/train.tsv", _complaint),
    Corpus("airline_us/train.tsv", _sentiment),
    Corpus("zh_online_shopping_10cats/train.tsv", _sentiment),
    Corpus("zh_waimai_10k/train.tsv", _sentiment),
    Corpus("zh_weibo_senti_sample/all.tsv", _sentiment),
    Corpus("multi_zh_amazon/dev.tsv", _sentiment),
    Corpus("th_wisesight/train.tsv", _sentiment, is_open=True),
    Corpus("ko_nsmc_rebuilt/train.tsv", _sentiment, is_open=True),
    Corpus("multi_id_smsa/train.tsv", _sentiment, is_open=True),
    Corpus("nusax_id_en/train.tsv", _sentiment, is_open=True),
    Corpus("multi_ms_malaya/train.tsv", _sentiment),
    Corpus("multi_ja_amazon/dev.tsv", _sentiment),
    Corpus("ar_elsahar_prod/all.tsv", _sentiment),
    Corpus("ar_elsahar_att/all.tsv", _sentiment),
    Corpus("vi_shopee/reviews_with_stars.tsv", _stars),
    Corpus("afrisenti_arabic/ary_train.tsv", _sentiment, "ar", "tweet", is_open=True),
    Corpus("afrisenti_arabic/arq_train.tsv", _sentiment, "ar", "tweet", is_open=True),
)

#: Real posts that nothing is trained on; the thresholds are chosen on them too.
DEVELOPMENT = Corpus("complaint_triage/dev.tsv", _full_labels)

#: Files of posts without labels (column, language where the file does not say): hidden words are guessed in them, and
#: the network goes on from its own answers about them.
UNLABELLED = (
    ("real_brand_tweets_2021/posts.tsv", "text", "en"),
    ("real_marketplace_tweets/posts.tsv", "text", "en"),
    ("twcs_partial/all.tsv", "text", "en"),
    ("twcs_partial/first_messages.tsv", "text", "en"),
    ("real_shein_googleplay/reviews.tsv", "text", "en"),
    ("real_shopee_ph_googleplay/reviews.tsv", "text", "tl"),
    ("real_shopee_id_googleplay/reviews.tsv", "text", "id"),
    ("real_alibaba_reviews/reviews.tsv", "text", "en"),
    ("real_walmart_ca_trustpilot/reviews.tsv", "text", "en"),
    ("brand_emotion_sxsw/all.tsv", "text", "en"),
    ("complaints_cesamard_amazon/train.tsv", "text", "en"),
    ("tweeteval_emotion/train.tsv", "text", "en"),
    ("tweeteval_irony/train.tsv", "text", "en"),
    ("tweeteval_offensive/train.tsv", "text", "en"),
    ("lid_twitter_uva/train.tsv", "text", "xx"),
)
#: Files whose posts are kept for judging, and so left out of the pool.
JUDGED = ("complaint_triage/dev.tsv", "composed/dev.tsv", "complaints_acl2019/train.tsv")


def is_held_out(key: str, share: float) -> bool:
    """A fixed part, by hash, so that equal texts fall on the same side in every run."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % 1000 < share * 1000


def name_of_text(text: str) -> str:
    """How `labels.tsv` names a post of a file without its words."""
    return hashlib.sha256(text.strip().encode("utf-8")).hexdigest()[:16]


def read_corpus(folder: Path, corpus: Corpus, *, seed: int, held_out_share: float = 0.0) -> list[Example]:
    path = folder / corpus.path
    if not path.exists():
        print(f"{corpus.path}: not there, left out", file=sys.stderr)
        return []
    examples = []
    for row in read_rows(path):
        labels = corpus.read_labels(row)
        text = simplify(row[corpus.text_column] or "")
        language = corpus.language or row.get("lang", "")
        if corpus.name == "umsab" and language == "hi":
            continue  # its published labels are noise (see docs/decisions.md): labels.tsv has ours
        if text and labels:
            key = fold(text) if corpus.key_column == "text" else row.get(corpus.key_column) or fold(text)
            english = simplify(row.get("english") or "")
            examples.append(Example(text, language, corpus.name, labels, is_held_out(key, held_out_share), english))
    random.Random(seed).shuffle(examples)
    return examples


def read_our_labels(folder: Path, *, held_out_share: float) -> list[Example]:
    """Posts of the data folder that we have labelled ourselves, found again by the hash of their text."""
    wanted: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in read_rows(OUR_FOLDER / "labels.tsv"):
        wanted[row["file"]][row["name"]] = row
    examples = []
    for path, by_name in wanted.items():
        if not (folder / path).exists():
            print(f"{path}: not there, {len(by_name)} of our labels left out", file=sys.stderr)
            continue
        for row in read_rows(folder / path):
            label = by_name.pop(name_of_text(row["text"] or ""), None)
            if label is not None:
                text, labels = simplify(row["text"]), _full_labels(label)
                is_task = "complaint" in labels
                held_out = is_held_out(fold(text), held_out_share * (1 if is_task else OTHER_HELD_OUT))
                corpus = "complaint_triage" if is_task else path.split("/")[0]
                examples.append(Example(text, label["lang"], corpus, labels, held_out, is_doubtful=is_task))
    return examples


def read_unlabelled(folder: Path, known: list[Example]) -> list[Example]:
    """The posts of UNLABELLED that are not in the sets already, nor kept for judging; every text once."""
    seen = {fold(example.text) for example in known}
    for name in JUDGED:
        if (folder / name).exists():
            seen |= {fold(simplify(row["text"] or "")) for row in read_rows(folder / name)}
    examples = []
    for name, column, language in UNLABELLED:
        if not (folder / name).exists():
            print(f"{name}: not there, left out", file=sys.stderr)
            continue
        for row in read_rows(folder / name):
            text = simplify(row[column] or "")
            if len(text) > 15 and fold(text) not in seen:
                seen.add(fold(text))
                examples.append(Example(text, language, name.split("/")[0]))
    return examples


def read_training_set(
    folder: Path, *, seed: int, held_out_share: float, open_only: bool = False
) -> tuple[list[Example], list[Example]]:
    """The task sets and the other sets, each shuffled with the seed and with a held-out part marked. What the task
    holds out is taught by no other set.

    With `open_only` those alone whose texts are under an open licence or ours.
    """

    def read(corpora: tuple[Corpus, ...], place: Path, share: float) -> list[Example]:
        chosen = [corpus for corpus in corpora if corpus.is_open or not open_only]
        return [e for corpus in chosen for e in read_corpus(place, corpus, seed=seed, held_out_share=share)]

    task = read(TASK_CORPORA, folder, held_out_share)
    labelled = [] if open_only else read_our_labels(folder, held_out_share=held_out_share)
    task += [example for example in labelled if "complaint" in example.labels]
    task += read(OUR_CORPORA, OUR_FOLDER, held_out_share)
    other = read(OTHER_CORPORA, folder, held_out_share * OTHER_HELD_OUT)
    other += [example for example in labelled if "complaint" not in example.labels]
    other += read(OUR_OTHER_CORPORA, OUR_FOLDER, held_out_share * OTHER_HELD_OUT)
    kept_back = {fold(example.text) for example in task if example.is_held_out}
    return task, [example for example in other if example.is_held_out or fold(example.text) not in kept_back]
