"""Fits the linear side model with scikit-learn: `python -m monitor.nlp.train.linear --data DIR --out FILE`."""

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices
from monitor.nlp.linear import SIZES, weigh
from monitor.nlp.ngrams import Counts, count_ngrams
from monitor.nlp.train.corpora import Example, read_training_set

SEED = 20261125
BITS = 17
HELD_OUT_SHARE = 0.08
STRENGTH = {"sentiment": 2.0}  # inverse regularisation; the heads with fewer examples take the default
DEFAULT_STRENGTH = 4.0


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
    model = LogisticRegression(C=STRENGTH.get(head, DEFAULT_STRENGTH), max_iter=200, tol=1e-3, solver="lbfgs")
    model.fit(matrix[rows], labels)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    task, other = read_training_set(options.data, seed=SEED, held_out_share=HELD_OUT_SHARE)
    random.Random(SEED).shuffle(other)
    examples = [example for example in task if not example.is_held_out] + other[:25000]
    with options.out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **fit(examples))


if __name__ == "__main__":
    main()
