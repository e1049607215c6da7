"""Fits the linear side model with scikit-learn, on the same training part as the encoder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices
from monitor.nlp.linear import SIZES, weigh
from monitor.nlp.ngrams import Counts, count_ngrams
from monitor.nlp.train.corpora import HELD_OUT_SHARE, SEED, Example, read_training_set

BITS = 18
REAL_WEIGHT = 2.0  # of a labelled real post against a composed one
STRENGTH = {"sentiment": 2.0, "topic": 6.0}  # inverse regularisation; the heads with fewer examples take the default
DEFAULT_STRENGTH = 3.0


def features(examples: list[Example]) -> Counts:
    return count_ngrams([example.text for example in examples], bits=BITS, sizes=SIZES, has_words=True)


def rarity_of(counts: Counts) -> NDArray[np.float16]:
    """Inverse document frequency; a bucket seen once counts nothing."""
    documents = np.bincount(counts.buckets, minlength=1 << BITS)
    rarity = np.log((1 + len(counts.starts)) / (1 + documents)) + 1
    rarity[documents < 2] = 0
    return rarity.astype(np.float16)


def fit_head(matrix: csr_matrix, examples: list[Example], head: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and bias by label of one head, from the examples that have the label."""
    rows = [row for row, example in enumerate(examples) if head in example.labels]
    labels = np.array([examples[row].labels[head] for row in rows])
    model = LogisticRegression(C=STRENGTH.get(head, DEFAULT_STRENGTH), max_iter=100, tol=1e-4, solver="lbfgs")
    importance = [REAL_WEIGHT if examples[row].corpus == "complaint_triage" else 1.0 for row in rows]
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
    matrix = csr_matrix((weigh(counts, rarity), counts.buckets, counts.starts), shape=(len(examples), 1 << BITS))
    weights = np.zeros((1 << BITS, COLUMN_COUNT))
    bias = np.zeros(COLUMN_COUNT)
    for head, part in head_slices().items():
        weights[:, part], bias[part] = fit_head(matrix, examples, head)
        print(f"{head} fitted", flush=True)
    scales = np.maximum(np.abs(weights).max(0), 1e-9) / 127
    return {
        "weights": np.round(weights / scales).astype(np.int8),
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
