"""Measures the speed of the analysis on this machine, with its baseline in the same run.

The baseline is the fp32 graph of the same weights, run one post a call and in batches of 32 in order of arrival,
as a plain pipeline does. It is measured where its file is there (training leaves it; it is too large to ship).
The language identifier has py3langid as its baseline, where that is installed.
"""

import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from monitor.nlp.encoder import Encoder
from monitor.nlp.engine import MODEL_FOLDER, Engine, PostInput
from monitor.nlp.language import identify_languages
from monitor.nlp.normalise import normalise

_ROUNDS: Final = 3
_POSTS: Final = Path(__file__).parent / "bench_posts.txt"


def read_posts(count: int) -> list[str]:
    """Posts of the shipped sample, repeated as often as needed."""
    lines = _POSTS.read_text(encoding="utf-8").splitlines()
    return [lines[place % len(lines)] for place in range(count)]


def posts_per_second(work: Callable[[], Any], count: int) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def bench_analysis(count: int = 1000, fp32: Path | None = None) -> dict[str, Any]:
    """Posts a second of the product and, where `fp32` or MENTIONDESK_FP32_MODEL names it, of its baseline.

    Product and baseline alternate, and the median of three rounds is given, because other work moves both.
    """
    stated = os.environ.get("MENTIONDESK_FP32_MODEL", "")
    fp32 = fp32 or (Path(stated) if stated else None)
    texts = read_posts(count)
    engine = Engine()
    engine.load()
    folded = [normalise(text) for text in texts]
    encoder = Encoder(MODEL_FOLDER, engine.threads) if (MODEL_FOLDER / "encoder.onnx").exists() else None
    baseline = Encoder(MODEL_FOLDER, 1, fp32, threads_a_batch=engine.threads) if fp32 and encoder else None
    work: dict[str, Callable[[], Any]] = {"engine": lambda: _in_batches(texts, 256, _analyzer(engine))}
    work |= language_work(texts)
    if encoder:
        work["encoder_int8"] = lambda: _in_batches(folded, 256, encoder.read)
    if baseline:
        work["fp32_one_a_call"] = lambda: _in_batches(folded[: count // 4], 1, baseline.read)
        work["fp32_batch_32"] = lambda: _in_batches(folded, 32, baseline.read_as_given)
    speeds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(_ROUNDS):
        for name, run in work.items():
            speeds[name].append(posts_per_second(run, count // 4 if name == "fp32_one_a_call" else count))
    return _summary({name: median(values) for name, values in speeds.items()}, engine, texts)


def language_work(texts: list[str]) -> dict[str, Callable[[], Any]]:
    """What identifies the languages of these texts: ours in batches, and py3langid, one a call, where it is there."""
    work: dict[str, Callable[[], Any]] = {"languages": lambda: _in_batches(texts, 256, identify_languages)}
    if find_spec("py3langid"):
        classify = import_module("py3langid").classify
        work["py3langid"] = lambda: [classify(text) for text in texts]
    for run in work.values():
        run()  # loads the weights
    return work


def _analyzer(engine: Engine) -> Callable[[list[str]], Any]:
    return lambda texts: engine.analyze([PostInput(text) for text in texts])


def _in_batches(texts: Sequence[str], size: int, run: Callable[[list[str]], Any]) -> None:
    rest = iter(texts)
    while batch := list(islice(rest, size)):
        run(batch)


def _summary(speeds: dict[str, float], engine: Engine, texts: list[str]) -> dict[str, Any]:
    product = speeds.get("encoder_int8", speeds["engine"])
    ratios = {
        f"int8_times_{name}": round(product / speed, 2) for name, speed in speeds.items() if name.startswith("fp32")
    }
    if "py3langid" in speeds:
        ratios["languages_times_py3langid"] = round(speeds["languages"] / speeds["py3langid"], 2)
    return {
        "bench": "analysis",
        "model": engine.version,
        "threads": engine.threads,
        "posts": len(texts),
        "mean_characters": round(sum(map(len, texts)) / len(texts), 1),
        "posts_per_second": {name: round(speed, 1) for name, speed in speeds.items()},
        "baseline": ratios or "not measured: name the fp32 graph in MENTIONDESK_FP32_MODEL, install py3langid",
    }
