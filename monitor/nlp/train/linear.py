"""Fits the linear side model with scikit-learn, on the same training part as the encoder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, SGDClassifier

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices
from monitor.nlp.linear import SIZES, WIDE, weigh
from monitor.nlp.ngrams import Counts, count_ngrams
from monitor.nlp.normalise import fold
from monitor.nlp.train.corpora import HELD_OUT_SHARE, SEED, Example, read_training_set

BITS = 18
WIDE_BITS = 20  # of the table of sentiment
#: What a post counts by its set: real ones of the task against composed ones, tweets in eight languages against the
#: sets of one language that are many times as large.
WEIGHTS = {"complaint_triage": 2.0, "umsab": 3.0, "tweets.tsv": 3.0}
STRENGTH = {"topic": 6.0}  # inverse regularisation; the heads with fewer examples take the default
DEFAULT_STRENGTH = 3.0


def features(examples: list[Example]) -> Counts:
    return count_ngrams([fold(example.text) for example in examples], bits=WIDE_BITS, sizes=SIZES, has_words=True)


def rarity_of(counts: Counts) -> NDArray[np.float16]:
    """Inverse document frequency; a bucket seen once counts nothing."""
    documents = np.bincount(counts.buckets, minlength=1 << WIDE_BITS)
    rarity = np.log((1 + len(counts.starts)) / (1 + documents)) + 1
    rarity[documents < 2] = 0
    return rarity.astype(np.float16)


def fit_head(matrix: csr_matrix, examples: list[Example], head: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and bias by label of one head, from the examples that have the label."""
    rows = [row for row, example in enumerate(examples) if head in example.labels]
    labels = np.array([examples[row].labels[head] for row in rows])
    model = LogisticRegression(C=STRENGTH.get(head, DEFAULT_STRENGTH), max_iter=100, tol=1e-4, solver="lbfgs")
    if head == "sentiment":  # a quarter of a million posts: stochastic steps take a minute where the other takes hours
        model = SGDClassifier(loss="log_loss", alpha=5e-7, max_iter=8, tol=None, average=True, random_state=SEED)
    importance = [WEIGHTS.get(examples[row].corpus, 1.0) for row in rows]
    model.fit(matrix[rows], labels, sample_weight=importance)
    weights = np.zeros((matrix.shape[1], len(HEADS[head])))
    bias = np.full(len(HEADS[head]), -9.0)
    if len(model.classes_) == 2:
        weights[:, model.classes_] = np.hstack([-model.coef_.T / 2, model.coef_.T / 2])
        bias[model.classes_] = [-model.intercept_[0] / 2, model.intercept_[0] / 2]
    else:
        weights[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return weights, bias


def fit(examples: list[Example]) -> dict[str, NDArray]:
    counts = features(examples)
    rarity = rarity_of(counts)
    values = weigh(counts, rarity)
    wide = csr_matrix((values, counts.buckets, counts.starts), shape=(len(examples), 1 << WIDE_BITS))
    folded = csr_matrix((values, counts.buckets & ((1 << BITS) - 1), counts.starts), shape=(len(examples), 1 << BITS))
    folded.sum_duplicates()
    tables = {"weights": np.zeros((1 << BITS, COLUMN_COUNT)), "wide": np.zeros((1 << WIDE_BITS, 0))}
    bias = np.zeros(COLUMN_COUNT)
    for head, part in head_slices().items():
        if part == WIDE:
            tables["wide"], bias[part] = fit_head(wide, examples, head)
        else:
            tables["weights"][:, part], bias[part] = fit_head(folded, examples, head)
        print(f"{head} fitted", flush=True)
    largest = np.abs(tables["weights"]).max(0)
    largest[WIDE] = np.abs(tables["wide"]).max(0)
    scales = np.maximum(largest, 1e-9) / 127
    return {
        "weights": np.round(tables["weights"] / scales).astype(np.int8),
        "wide": np.round(tables["wide"] / scales[WIDE]).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": bias.astype(np.float32),
        "rarity": rarity,
    }


def train_linear(data: Path, out: Path, open_only: bool = False) -> None:
    """Writes the weights file `out`."""
    task, other = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    # The complaints of 2012 that help the encoder mislead single words: measured, minus two points.
    other = [example for example in other if "complaint" not in example.labels]
    examples = [example for example in task if not example.is_held_out] + [
        example for example in other if not example.is_held_out
    ]
    with out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **fit(examples))
