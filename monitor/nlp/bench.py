"""Measures the speed of the analysis on this machine, with its baselines in the same run.

In any installation the baseline is the shipped weights read as a plain pipeline reads: one post a call, and batches of
32 in order of arrival, padded to the longest. Beside it, where its file is there (training leaves it; it is too large
to ship), the fp32 graph of the same weights in the same ways. The language identifier has py3langid (extra `dev`).
What is not there is named under `not_measured`. The comparison with transformers is train/speed.py.
"""

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from monitor.nlp.encoder import Encoder
from monitor.nlp.engine import MODEL_FOLDER, Engine, PostInput
from monitor.nlp.language import identify_languages
from monitor.nlp.normalise import simplify

_ROUNDS: Final = 3
_POSTS: Final = Path(__file__).parent / "bench_posts.txt"
FP32_FILE: Final = "build/training/fp32.onnx"
#: Baseline → how to have it.
_LACKING: Final = {
    "fp32": f"name the fp32 graph of these weights in MENTIONDESK_FP32_MODEL (`make train` leaves {FP32_FILE})",
    "py3langid": 'pip install "mentiondesk[dev]"',
    "transformers": "python -m monitor.nlp.train.speed, which needs the checkpoints of a training (docs/models.md)",
}

#: How many posts a piece of work reads, and the work.
Work = tuple[int, Callable[[], Any]]


def read_posts(count: int) -> list[str]:
    """Posts of the shipped sample, repeated as often as needed."""
    lines = _POSTS.read_text(encoding="utf-8").splitlines()
    return [lines[place % len(lines)] for place in range(count)]


def posts_per_second(work: Callable[[], Any], count: int) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


class BenchError(ValueError):
    """What should be measured cannot be; the message says why."""


def bench_analysis(count: int = 1000, fp32: Path | None = None) -> dict[str, Any]:
    """Posts a second of the product and of its baselines, that of `fp32` or MENTIONDESK_FP32_MODEL where one is named.

    Product and baselines alternate, and the median of three rounds is given, because other work moves all of them.
    Raises BenchError for an fp32 file that is not there or not of this model.
    """
    stated = os.environ.get("MENTIONDESK_FP32_MODEL", "")
    fp32 = fp32 or (Path(stated) if stated else None)
    texts = read_posts(count)
    engine = Engine()
    plain = {"fp32": _open_fp32(fp32, engine.threads)} if fp32 else {}
    engine.load()
    work: dict[str, Work] = {"engine": (count, lambda: _in_batches(texts, 256, _analyzer(engine)))}
    work |= {name: (count, run) for name, run in language_work(texts).items()}
    if (MODEL_FOLDER / "encoder.onnx").exists():
        plain["int8"] = Encoder(MODEL_FOLDER, 1, threads_a_batch=engine.threads)
        work |= _encoder_work(Encoder(MODEL_FOLDER, engine.threads), plain, [simplify(text) for text in texts])
    speeds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(_ROUNDS):
        for name, (posts, run) in work.items():
            speeds[name].append(posts_per_second(run, posts))
    return summarise({name: median(values) for name, values in speeds.items()}, engine, texts)


def _open_fp32(path: Path, threads: int) -> Encoder:
    """The encoder with the weights of this file, tried on one post. Raises BenchError."""
    if not path.is_file():
        raise BenchError(
            f"There is no file {path}, which MENTIONDESK_FP32_MODEL names: `make train` leaves {FP32_FILE}."
        )
    try:
        encoder = Encoder(MODEL_FOLDER, 1, path, threads_a_batch=threads)
        encoder.read([simplify(text) for text in read_posts(1)])
    except Exception as error:  # noqa: BLE001 - onnxruntime raises classes of its own
        kind = type(error).__name__
        raise BenchError(
            f"{path}, which MENTIONDESK_FP32_MODEL names, is not the fp32 graph of this model ({kind}): "
            f"`make train` leaves one in {FP32_FILE}."
        ) from error
    return encoder


def _encoder_work(product: Encoder, plain: dict[str, Encoder], texts: list[str]) -> dict[str, Work]:
    """The encoder as the product uses it, and each of `plain` read as a plain pipeline reads."""
    few = texts[: max(1, len(texts) // 4)]
    work: dict[str, Work] = {"encoder_int8": (len(texts), lambda: _in_batches(texts, 256, product.read))}
    for name, encoder in plain.items():
        work[f"{name}_one_a_call"] = (len(few), partial(_in_batches, few, 1, encoder.read))
        work[f"{name}_batch_32"] = (len(texts), partial(_in_batches, texts, 32, encoder.read_as_given))
    return work


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


def summarise(speeds: dict[str, float], engine: Engine, texts: list[str]) -> dict[str, Any]:
    """The figures as they are printed: speeds, and how many times those of the baselines they are."""
    product = speeds.get("encoder_int8", speeds["engine"])
    ratios = {
        f"encoder_int8_times_{name}": round(product / speed, 2)
        for name, speed in speeds.items()
        if name.endswith(("_one_a_call", "_batch_32"))
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
        "baseline": ratios,
        "not_measured": {
            name: why for name, why in _LACKING.items() if not any(one.startswith(name) for one in speeds)
        },
    }
