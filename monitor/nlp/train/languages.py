"""Fits the language identifier: logistic regression over hashed letter n-grams, in numpy and scipy.

It learns from real and composed posts, from short pieces of them (a post may be two words), and from the frequent
words of ten languages. The regression, unlike counting, learns what tells neighbours such as Spanish and Portuguese
apart, and its probabilities say when a text is too short to tell.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from monitor.nlp.language import LATIN, SIZES
from monitor.nlp.ngrams import character_hashes
from monitor.nlp.scripts import LATIN_SCRIPT, read_scripts
from monitor.nlp.train.corpora import read_rows

SEED = 20261125
BITS = 16
PASSES = 3
FIRST_PASSES = 2  # of the fit that only chooses among the posts
STEP = 0.1  # falls to nothing over the passes
FIRST_SQUARE = 1e-5  # what Adagrad starts from: rare n-grams must move too
BATCH = 256
SHRINKAGE = 1e-6
READ = 160  # characters of a post; long ones would teach that a text is always long enough
PIECES = 12_000  # short pieces of posts
PIECE_WEIGHT = 0.5
LIST_POSTS = 1200  # a language, made of frequent words
LIST_WEIGHT = 0.3
LIST_WORDS = 20_000
LIST_LANGUAGES = ("de", "es", "fr", "id", "it", "nl", "pl", "pt", "tr", "vi")
#: Nats that make up for how few posts of a language there are beside the English, which it is mixed with.
MIXED_BONUS = {"hi-Latn": 2.0, "tl": 1.0}
SURE = 0.9  # from which an unlabelled post is taken for what the first fit says
CORPUS = Path(__file__).parent / "corpus" / "parallel.tsv"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of posts: how many of a language are used at most, and the column that says which language."""

    path: str
    limit: int = 10**9
    column: str = "lang"
    renamed: tuple[tuple[str, str], ...] = ()
    is_open: bool = False  # its texts are under an open licence, or ours


SOURCES = (
    Source("composed/train.tsv", is_open=True),
    Source("complaint_triage/train.tsv"),
    Source("umsab/train.tsv", renamed=(("hi", "hi-Latn"),)),
    Source("lid_twitter_uva/train.tsv", column="label"),
    Source("tweeteval_sentiment/train_semeval2013_2016.tsv", 2500),
    Source("airline_us/train.tsv", 1000),
    Source("multi_id_smsa/train.tsv", 2500, is_open=True),
    Source("real_shopee_id_googleplay/reviews.tsv"),
    Source("multi_ms_malaya/train.tsv", 3000),
    Source("vi_shopee/reviews_with_stars.tsv", 2500),
)
#: A third of these posts is plain English (American tweets of 2012 among them): the first fit sorts them out.
DOUBTFUL = ("umsab/train.tsv", "hi-Latn")
#: Reviews in Tagalog and English that nobody has sorted.
UNSORTED = ("real_shopee_ph_googleplay/reviews.tsv", ("tl", "en"))


@dataclass(frozen=True, slots=True)
class Part:
    """Texts as rows of n-gram counts, their languages as columns of the model, and how much each row counts."""

    rows: csr_matrix
    languages: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __getitem__(self, chosen: NDArray) -> "Part":
        return Part(self.rows[chosen], self.languages[chosen], self.weights[chosen])


def join(parts: Sequence[Part]) -> Part:
    return Part(
        vstack([part.rows for part in parts]).tocsr(),
        np.concatenate([part.languages for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def read_posts(folder: Path, *, open_only: bool = False) -> dict[tuple[str, str], list[str]]:
    """Posts by source and language, each once, in an order fixed by the seed."""
    posts: dict[tuple[str, str], list[str]] = {}
    chosen = [source for source in SOURCES if source.is_open or not open_only]
    sources = [(folder / source.path, source) for source in chosen] + [(CORPUS, Source(CORPUS.name))]
    for path, source in sources:
        if not path.exists():
            print(f"{source.path}: not there, left out", flush=True)
            continue
        for row in read_rows(path):
            language = dict(source.renamed).get(row[source.column], row[source.column])
            if language in LATIN:
                posts.setdefault((source.path, language), []).append(row["text"])
    limits = {source.path: source.limit for source in SOURCES}
    for key, texts in posts.items():
        texts[:] = dict.fromkeys(text[:READ] for text in texts)
        random.Random(SEED).shuffle(texts)
        del texts[limits.get(key[0], 10**9) :]
    return posts


def count_letters(texts: Sequence[str]) -> csr_matrix:
    """N-gram counts of each text, made as the identifier reads it."""
    parts = []
    for start in range(0, len(texts), 2000):
        some = texts[start : start + 2000]
        points, owners = read_scripts(some).words_of(np.arange(len(some)), LATIN_SCRIPT)
        found = character_hashes(points, owners, SIZES)
        buckets = np.concatenate([hashes & np.uint32((1 << BITS) - 1) for hashes, _ in found]).astype(np.int64)
        rows = np.concatenate([owner for _, owner in found])
        ones = np.ones(len(rows), dtype=np.float32)
        parts.append(csr_matrix((ones, (rows, buckets)), shape=(len(some), 1 << BITS)))
    return vstack(parts).tocsr()


def part_of(texts: Sequence[str], languages: Sequence[str] | NDArray, weight: float = 1.0) -> Part:
    columns = np.array([LATIN.index(language) for language in languages])
    part = Part(count_letters(texts), columns, np.full(len(texts), weight, dtype=np.float32))
    return part[np.asarray(part.rows.sum(axis=1)).ravel() > 0]


def cut_pieces(texts: Sequence[str], languages: Sequence[str]) -> tuple[list[str], list[str]]:
    """Runs of one to four words from posts drawn by chance."""
    chance = random.Random(SEED)
    pieces = []
    drawn = chance.choices(range(len(texts)), k=PIECES)
    for place in drawn:
        words = texts[place].split()
        size = chance.randint(1, 4)
        start = chance.randint(0, max(0, len(words) - size))
        pieces.append(" ".join(words[start : start + size]))
    return pieces, [languages[place] for place in drawn]


def list_posts(folder: Path, language: str) -> list[str]:
    """Bags of one to eight words, drawn by their frequency (damped, or the commonest would be all)."""
    path = folder / "lexicon" / "frequency" / f"{language}.txt"
    if not path.exists():
        print(f"{path.relative_to(folder)}: not there, left out", flush=True)
        return []
    pairs = [line.rsplit(" ", 1) for line in path.read_text(encoding="utf-8").splitlines()[:LIST_WORDS]]
    shares = np.array([float(count) ** 0.6 for _, count in pairs])
    chance = np.random.default_rng(SEED)
    ends = np.cumsum(chance.integers(1, 9, LIST_POSTS))
    drawn = [pairs[place][0] for place in chance.choice(len(pairs), ends[-1], p=shares / shares.sum())]
    return [" ".join(drawn[start:end]) for start, end in pairwise([0, *ends.tolist()])]


def probabilities(rows: csr_matrix, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = rows @ weights
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def regress(part: Part, passes: int) -> NDArray[np.float32]:
    """Multinomial logistic regression by Adagrad; only the buckets that a batch holds are touched."""
    chance = np.random.default_rng(SEED)
    weights = np.zeros((1 << BITS, len(LATIN)), dtype=np.float32)
    squares = np.full_like(weights, FIRST_SQUARE)
    answers = np.eye(len(LATIN), dtype=np.float32)[part.languages]
    places = np.zeros(1 << BITS, dtype=np.int32)
    for done in range(passes):
        step = STEP * (1 - done / passes)
        order = chance.permutation(len(part.languages))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows = part.rows[batch]
            used = np.flatnonzero(np.bincount(rows.indices, minlength=1 << BITS))
            places[used] = np.arange(len(used))
            packed = csr_matrix((rows.data, places[rows.indices], rows.indptr), shape=(len(batch), len(used)))
            missed = (probabilities(packed, weights[used]) - answers[batch]) * part.weights[batch, None]
            slope = packed.T @ missed / len(batch) + SHRINKAGE * weights[used]
            squares[used] += slope * slope
            weights[used] -= step * slope / np.sqrt(squares[used])
    return weights


def sure_posts(folder: Path, weights: NDArray[np.float32]) -> list[Part]:
    """Unsorted posts that the fit so far is sure of."""
    path, languages = UNSORTED
    if not (folder / path).exists():
        return []
    rows = count_letters(list(dict.fromkeys(row["text"] for row in read_rows(folder / path))))
    found = probabilities(rows, weights)
    parts = []
    for language in languages:
        chosen = rows[found[:, LATIN.index(language)] > SURE]
        column = np.full(chosen.shape[0], LATIN.index(language))
        parts.append(Part(chosen, column, np.full(len(column), PIECE_WEIGHT, dtype=np.float32)))
        print(f"{language}: {len(column)} unsorted posts added", flush=True)
    return parts


def likely_posts(doubtful: Sequence[str], weights: NDArray[np.float32]) -> Part:
    """The doubtful posts that are rather in their language than in English."""
    language = DOUBTFUL[1]
    part = part_of(doubtful, [language] * len(doubtful))
    scores = part.rows @ weights
    chosen = part[scores[:, LATIN.index(language)] > scores[:, LATIN.index("en")]]
    print(f"{language}: {len(chosen.languages)} of {len(doubtful)} doubtful posts are in it", flush=True)
    return chosen


def fit(folder: Path, posts: dict[tuple[str, str], list[str]], *, open_only: bool = False) -> NDArray[np.float32]:
    """Fits twice: the second time with those doubtful and unsorted posts of which the first fit is sure."""
    pairs = [(text, key[1]) for key, texts in posts.items() if key != DOUBTFUL for text in texts]
    texts, languages = [text for text, _ in pairs], [language for _, language in pairs]
    listed = [(text, language) for language in LIST_LANGUAGES for text in list_posts(folder, language)]
    parts = [part_of(texts, languages)]
    if listed:
        parts.append(part_of([text for text, _ in listed], [language for _, language in listed], LIST_WEIGHT))
    first = regress(join(parts), FIRST_PASSES)
    if DOUBTFUL in posts:
        parts.append(likely_posts(posts[DOUBTFUL], first))
    parts += [] if open_only else sure_posts(folder, first)
    parts.append(part_of(*cut_pieces(texts, languages), PIECE_WEIGHT))
    return regress(join(parts), PASSES)


def pack(weights: NDArray[np.float32]) -> dict[str, NDArray]:
    scale = np.abs(weights).max() / 127
    bias = np.array([MIXED_BONUS.get(language, 0) for language in LATIN], dtype=np.float32)
    return {"weights": np.round(weights / scale).astype(np.int8), "scale": np.float32(scale), "bias": bias}


def train_languages(data: Path, out: Path, *, open_only: bool = False) -> None:
    """Writes the weights file `out`."""
    packed = pack(fit(data, read_posts(data, open_only=open_only), open_only=open_only))
    with out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **packed)
