"""How much faster the shipped engine is than `transformers.pipeline` on the weights that it came from.

`python -m monitor.nlp.train.speed --checkpoints DIR [--model DIR]`: both alternate in one run, on the same posts and
cores; the pipeline classifies with one head (it knows no more), the engine answers everything. Where the engine's
network is thinned, the pipeline runs the whole one that it was taught by (no pipeline joins tokens). The checkpoints
are those that `make train` leaves.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForSequenceClassification,
    Pipeline,
    PreTrainedTokenizerFast,
    TextClassificationPipeline,
)

from monitor.nlp.bench import posts_per_second, read_posts
from monitor.nlp.encoder import Encoder
from monitor.nlp.engine import MODEL_FOLDER, Engine, PostInput
from monitor.nlp.labels import HEADS
from monitor.nlp.normalise import simplify
from monitor.nlp.train.export import load_trained
from monitor.nlp.train.network import SHIPPED, WHOLE
from monitor.nlp.train.recipe import BASE
from monitor.nlp.vocabulary import END, PAD, START, UNKNOWN, id_of, open_tokenizer, spell

ROUNDS = 3
POSTS = 1_000
LONGEST = 512


def pipeline_of(run: Path, base: str) -> Pipeline:
    """A text classifier of transformers with the encoder of a run; its head for sentiment is as large as a real one."""
    encoder = load_trained(run, base, WHOLE if (run / WHOLE).exists() else SHIPPED).encoder
    config = encoder.config
    config.num_labels = len(HEADS["sentiment"])
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")
    model.base_model.load_state_dict(encoder.state_dict(), strict=False)
    backend = open_tokenizer(run)
    ids = [id_of(backend, piece) for piece in (PAD, UNKNOWN, START, END)]
    pad, unknown, start, end = (backend.id_to_token(one) for one in ids)
    ends = [(start, ids[2]), (end, ids[3])]
    backend.post_processor = TemplateProcessing(single=f"{start} $A {end}", special_tokens=ends)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=pad, unk_token=unknown, cls_token=start, sep_token=end,
        model_max_length=LONGEST,
    )  # fmt: skip
    return TextClassificationPipeline(model=model.eval(), tokenizer=tokenizer, device="cpu")


def measure(run: Path, model: Path, base: str, threads: int) -> dict[str, Any]:
    """Posts a second of each way, the median of rounds that alternate, and the ratios."""
    torch.set_num_threads(threads)
    texts = read_posts(POSTS)
    simplified = [simplify(text) for text in texts]
    spelt = list(spell(open_tokenizer(run), simplified))
    few = spelt[: POSTS // 5]
    engine, encoder, pipeline = Engine(model, threads), Encoder(model, threads), pipeline_of(run, base)
    work: dict[str, tuple[int, Callable[[], Any]]] = {
        "engine": (POSTS, lambda: engine.analyze([PostInput(text) for text in texts])),
        "encoder_int8": (POSTS, lambda: encoder.read(simplified)),
        "pipeline_one_a_call": (len(few), lambda: [pipeline(text, truncation=True) for text in few]),
        "pipeline_batch_32": (POSTS, lambda: pipeline(spelt, batch_size=32, truncation=True)),
    }
    engine.load()
    speeds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, (count, do) in work.items():
            speeds[name].append(posts_per_second(do, count))
    middle = {name: median(values) for name, values in speeds.items()}
    ratios = {
        f"{ours}_times_{theirs}": round(middle[ours] / middle[theirs], 2)
        for ours in ("encoder_int8", "engine")
        for theirs in ("pipeline_one_a_call", "pipeline_batch_32")
    }
    return {
        "threads": threads,
        "model": engine.version,
        "posts_per_second": {name: round(speed, 1) for name, speed in middle.items()},
        "ratios": ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.nlp.train.speed", description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=Path("build/training"), help="folder of the run")
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER, help="folder of what ships")
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if not any((options.checkpoints / name).exists() for name in (WHOLE, SHIPPED)):
        parser.error(f"there are no checkpoints in {options.checkpoints}: `make train DATA=folder` leaves them there")
    print(json.dumps(measure(options.checkpoints, options.model, options.base, options.threads)))


if __name__ == "__main__":
    main()
