"""Judges the encoder on the published complaint set by five folds: `python -m monitor.nlp.train.folds --data DIR`.

The papers mask handles and addresses, and so does `simplify`. The network learns everything but that set first; then
each fold starts from there and learns four parts of it. A TF-IDF model is judged on the same folds.
"""

import argparse
import dataclasses
import random
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_union

from monitor.nlp.labels import HEADS, head_slices
from monitor.nlp.normalise import normalise
from monitor.nlp.train.batching import Prepared, batches, encode, pad
from monitor.nlp.train.corpora import MASKED, OTHER_CORPORA, SEED, Corpus, Example, read_corpus
from monitor.nlp.train.network import MentionNetwork
from monitor.nlp.train.plan import Plan
from monitor.nlp.train.recipe import BASE, FULL, SHORT
from monitor.nlp.train.train import best_device, fine_tune, guess_hidden_words, prepare, say

SET = "complaints_acl2019"
FOLDS = 5
PASSES = 5
SEEDS = 3  # networks a fold, whose scores are added
LEARNING_RATE = 8e-5
BATCH_TOKENS = 1400


def read_once(data: Path, corpus: Corpus) -> list[Example]:
    """Each text once: a copy in another fold would have been learnt."""
    return list({normalise(example.text): example for example in read_corpus(data, corpus, seed=1)}.values())


def encoder_scores(network: MentionNetwork, plan: Plan, examples: list[Example], folds: list[NDArray]) -> NDArray:
    """Log-odds of "complaint" for every example, from networks that never learnt its fold."""
    start = {name: value.detach().clone() for name, value in network.state_dict().items()}
    plan.recipe = dataclasses.replace(plan.recipe, learning_rate=LEARNING_RATE)
    ids = encode(plan.tokenizer, [example.text for example in examples], plan.recipe.longest)
    posts = [
        Prepared(own, [example.labels.get(head, MASKED) for head in HEADS])
        for example, own in zip(examples, ids, strict=True)
    ]
    part = head_slices()["complaint"]
    scores = np.zeros(len(examples))
    for number, fold in enumerate(folds * SEEDS):
        network.load_state_dict(start)
        chance, left_out = random.Random(number), set(fold.tolist())
        learnt = [post for place, post in enumerate(posts) if place not in left_out]
        passes = [batches(learnt, chance, BATCH_TOKENS) for _ in range(PASSES)]
        network.load_state_dict(fine_tune(network, plan, passes))
        network.eval()
        with torch.no_grad():
            for at in range(0, len(fold), 128):
                rows = fold[at : at + 128]
                columns, _ = network(*pad([posts[row].ids for row in rows], plan.device))
                scores[rows] += (columns[:, part][:, 1] - columns[:, part][:, 0]).float().cpu().numpy()
    return scores


def baseline_scores(examples: list[Example], labels: NDArray, folds: list[NDArray]) -> NDArray:
    texts = [example.text for example in examples]
    scores = np.zeros(len(examples))
    for fold in folds:
        learnt = np.setdiff1d(np.arange(len(examples)), fold)
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        features = make_union(words, letters)
        model = LogisticRegression(C=8, max_iter=400)
        model.fit(features.fit_transform([texts[row] for row in learnt]), labels[learnt])
        scores[fold] = model.decision_function(features.transform([texts[row] for row in fold]))
    return scores


def interval(labels: NDArray, scores: NDArray) -> str:
    """Macro-F1 over all folds, with its 95 % bootstrap interval."""
    chance = np.random.default_rng(SEED)
    drawn = [chance.integers(0, len(labels), len(labels)) for _ in range(1000)]
    values = [f1_score(labels[rows], scores[rows] > 0, average="macro") for rows in drawn]
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{f1_score(labels, scores > 0, average='macro'):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.nlp.train.folds", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, default=Path("build/folds"), help="folder for the vocabulary")
    parser.add_argument("--baseline-only", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    corpus = next(corpus for corpus in OTHER_CORPORA if corpus.name == SET)
    if not (options.data / corpus.path).exists():
        parser.error(f"{options.data} holds no {corpus.path}: name the folder of the labelled sets (--data).")
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    examples = read_once(options.data, corpus)
    labels = np.array([example.labels["complaint"] for example in examples])
    folds = np.array_split(np.random.default_rng(FOLDS).permutation(len(examples)), FOLDS)
    baseline = baseline_scores(examples, labels, folds)
    say(f"TF-IDF {interval(labels, baseline)}")
    if options.baseline_only:
        return
    device = best_device()
    recipe = FULL if device.type == "cuda" else SHORT
    options.run.mkdir(parents=True, exist_ok=True)
    network, plan = prepare(options.data, options.run, BASE, recipe, device, former=None, open_only=False)
    plan.other = [example for example in plan.other if example.corpus != SET]
    if recipe.masked_passes:
        guess_hidden_words(network, plan)
    network.load_state_dict(fine_tune(network, plan, plan.passes(recipe.other_shares, SEED)))
    own = encoder_scores(network, plan, examples, folds)
    say(f"encoder {interval(labels, own)}; both {interval(labels, own / SEEDS + baseline)}")


if __name__ == "__main__":
    main()
