"""Fits calibration.json on the held-out part of the training sets, chooses the thresholds, writes model.json."""

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from monitor.nlp.calibration import GROUPS, Calibration, language_group
from monitor.nlp.encoder import Encoder
from monitor.nlp.labels import HEADS, TOPIC_SET_VERSION, head_slices
from monitor.nlp.linear import LinearModel
from monitor.nlp.normalise import fold
from monitor.nlp.train.corpora import DEVELOPMENT, HELD_OUT_SHARE, SEED, Example, read_corpus, read_training_set

BIAS_PENALTY = 0.05
ENOUGH_REAL = 500
#: Yes/no head → how much more recall counts than precision (the F-beta that the threshold maximises).
THRESHOLD_BETA = {"complaint": 1.0, "needs_reply": 1.0, "escalate": 1.5}


def fit_head(
    encoder: NDArray | None, linear: NDArray, labels: NDArray, importance: NDArray | None = None
) -> dict[str, object]:
    """Two weights and a bias a label that minimise the log-loss on held-out posts, each counted as `importance`."""
    parts = [torch.tensor(part) for part in (encoder if encoder is not None else np.zeros_like(linear), linear)]
    weights = torch.tensor([0.7, 0.4], requires_grad=True)
    bias = torch.zeros(linear.shape[1], requires_grad=True)
    target = torch.tensor(labels)
    counted = torch.tensor(importance if importance is not None else np.ones(len(labels)), dtype=torch.float32)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        raw = parts[0] * weights[0] + parts[1] * weights[1] + bias
        surprise = (torch.nn.functional.cross_entropy(raw, target, reduction="none") * counted).sum() / counted.sum()
        loss = surprise + BIAS_PENALTY * (bias**2).mean() + 1e-3 * (weights**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return {
        "encoder": round(weights[0].item(), 4) if encoder is not None else 0.0,
        "linear": round(weights[1].item(), 4),
        "bias": [round(value, 4) for value in bias.tolist()],
    }


def fit_groups(
    examples: list[Example], encoder: NDArray | None, linear: NDArray
) -> dict[str, dict[str, dict[str, object]]]:
    groups: dict[str, dict[str, dict[str, object]]] = {}
    for group in GROUPS:
        groups[group] = {}
        for head, part in head_slices().items():
            rows = [r for r, e in enumerate(examples) if head in e.labels and language_group(e.language) == group]
            labels = np.array([examples[row].labels[head] for row in rows])
            own = encoder[rows][:, part] if encoder is not None else None
            # Eastern reviews are good or bad: the few neutral posts there are not made to count more.
            is_balanced = head == "sentiment" and group != "east"
            importance = importance_of([examples[row] for row in rows], labels) if is_balanced else None
            groups[group][head] = fit_head(own, linear[rows][:, part], labels, importance)
    return groups


def importance_of(examples: list[Example], labels: NDArray) -> NDArray:
    """Sentiment is judged by its mean recall, so each label counts alike, however rare; and so that the general sets,
    which are larger, do not drown the task, both sides count alike too."""
    is_task = np.array(["complaint" in example.labels for example in examples])
    importance = np.ones(len(labels))
    for side in (is_task, ~is_task):
        for label in np.unique(labels[side]):
            rows = side & (labels == label)
            importance[rows] = 1 / rows.sum()
    return importance / importance.mean()


def deciding_rows(examples: list[Example]) -> list[int]:
    """The posts on which thresholds are chosen: a fair sample of real ones, if there are enough, else the task."""
    task = [row for row, example in enumerate(examples) if THRESHOLD_BETA.keys() <= example.labels.keys()]
    real = [row for row in task if examples[row].corpus == DEVELOPMENT.name and not examples[row].is_doubtful]
    return real if len(real) >= ENOUGH_REAL else task


def best_threshold(scores: NDArray, truth: NDArray, beta: float) -> float:
    """The middle of the range of thresholds whose F-beta is within half a point of the best: it moves least."""
    steps = np.linspace(0.1, 0.9, 161)
    values = []
    for step in steps:
        said = scores >= step
        hit = float((said & truth).sum())
        values.append((1 + beta**2) * hit / max(1.0, beta**2 * truth.sum() + said.sum()))
    near = steps[np.array(values) >= max(values) - 0.005]
    return round(float(np.median(near)), 3)


def expected_calibration_error(scores: NDArray, truth: NDArray, bins: int = 10) -> float:
    """Mean distance of stated probability and observed share over ten bins, weighted by their size."""
    places = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [
        abs(scores[places == b].mean() - truth[places == b].mean()) * (places == b).mean()
        for b in range(bins)
        if (places == b).any()
    ]
    return round(float(sum(gaps)), 4)


def cross_fitted_errors(examples: list[Example], encoder: NDArray | None, linear: NDArray) -> dict[str, float]:
    """The calibration error of each head on the task's posts: each half is judged as the other half was fitted. Of
    yes/no heads that of "yes", of the others that of the likeliest label."""
    half = np.array([zlib.crc32(example.text.encode("utf-8", "surrogatepass")) % 2 for example in examples])
    stated: dict[str, list[NDArray]] = {head: [] for head in HEADS}
    right: dict[str, list[NDArray]] = {head: [] for head in HEADS}
    for side in (0, 1):
        learnt, judged = np.flatnonzero(half != side), np.flatnonzero(half == side)
        own = [examples[row] for row in learnt]
        groups = fit_groups(own, encoder[learnt] if encoder is not None else None, linear[learnt])
        scores = Calibration.read({"groups": groups, "thresholds": {}}).probabilities(
            encoder[judged] if encoder is not None else None, linear[judged], [examples[row].language for row in judged]
        )
        for head in HEADS:
            at = [n for n, row in enumerate(judged) if {head, "complaint"} <= examples[row].labels.keys()]
            labels = np.array([examples[judged[n]].labels[head] for n in at])
            said = scores[head][at]
            likeliest = np.ones(len(at), int) if said.shape[1] == 2 else said.argmax(1)
            stated[head].append(said[np.arange(len(at)), likeliest])
            right[head].append(labels == likeliest)
    return {
        head: expected_calibration_error(np.concatenate(stated[head]), np.concatenate(right[head])) for head in HEADS
    }


def name_of_weights(model: Path) -> str:
    """By what they hold: weights that were made anew have another version, by which stored posts are read again."""
    held = hashlib.sha256()
    for name in ("encoder.onnx", "linear.npz", "calibration.json"):
        held.update((model / name).read_bytes() if (model / name).exists() else b"")
    return f"own-{held.hexdigest()[:8]}"


def calibrate(data: Path, model: Path, version: str = "", open_only: bool = False) -> None:
    """Writes calibration.json and model.json beside the weights in `model`."""
    task, other = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    judged = [example for example in task if example.is_held_out]
    general = [example for example in other if example.is_held_out and "sentiment" in example.labels]
    development = [] if open_only else read_corpus(data, DEVELOPMENT, seed=SEED)
    fitted = judged + general
    examples = fitted + development
    texts = [example.text for example in examples]
    linear = LinearModel.load(model / "linear.npz").score(list(map(fold, texts)))
    has_encoder = (model / "encoder.onnx").exists()
    encoder = Encoder(model, threads=2).read(texts).columns if has_encoder else None
    groups = fit_groups(fitted, encoder[: len(fitted)] if encoder is not None else None, linear[: len(fitted)])
    file = model / "calibration.json"
    file.write_text(json.dumps({"groups": groups, "thresholds": dict.fromkeys(THRESHOLD_BETA, 0.5)}), encoding="utf-8")
    scores = Calibration.load(file).probabilities(encoder, linear, [example.language for example in examples])
    rows = deciding_rows(examples)
    thresholds = {}
    for head, beta in THRESHOLD_BETA.items():
        truth = np.array([examples[row].labels[head] == 1 for row in rows])
        thresholds[head] = best_threshold(scores[head][rows, 1], truth, beta)
    errors = cross_fitted_errors(fitted, encoder, linear)
    file.write_text(json.dumps({"groups": groups, "thresholds": thresholds}, indent=1) + "\n", encoding="utf-8")
    about = {
        "version": version or name_of_weights(model),
        "topic_set": TOPIC_SET_VERSION,
        "heads": {head: list(labels) for head, labels in HEADS.items()},
        "held_out_posts": len(judged),
        "calibration_error": errors,
    }
    (model / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"thresholds": thresholds, "calibration_error": errors}))
