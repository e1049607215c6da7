"""Trains everything that ships: `python -m monitor.nlp.train --data DIR [--out DIR] [--base NAME] [--only STEP ...]`.

Steps: encoder (fine-tuning), export (int8 ONNX), linear (side model), languages, calibration. On a busy machine
start two workers of one thread: `torchrun --nproc-per-node 2 -m monitor.nlp.train --threads 1 ...`.
"""

import argparse
from pathlib import Path

from monitor.nlp.train.calibrate import calibrate
from monitor.nlp.train.corpora import TASK_CORPORA
from monitor.nlp.train.export import check_int8, export
from monitor.nlp.train.languages import train_languages
from monitor.nlp.train.linear import train_linear
from monitor.nlp.train.network import SHIPPED
from monitor.nlp.train.recipe import BASE, FULL, FURTHER, SHORT, THINNED
from monitor.nlp.train.train import train

RECIPES = {"short": SHORT, "full": FULL, "further": FURTHER, "thinned": THINNED}
STEPS = ("encoder", "export", "linear", "languages", "calibration")


def what_is_missing(folder: Path, recipe: str | None, former: Path | None) -> str:
    """Why hours of training would end in nothing, or "" where they need not."""
    task = [corpus.path for corpus in TASK_CORPORA]
    if not any((folder / path).exists() for path in task):
        return f"{folder} holds neither {' nor '.join(task)}: name the folder of the labelled sets (DATA=, --data)."
    if recipe == "further" and former is None:
        return "The recipe `further` goes on from a former run: name its folder of checkpoints (FORMER=, --former)."
    if former is not None and not (former / SHIPPED).exists():
        return f"{former} holds no {SHIPPED}: name the folder of checkpoints of a former run (FORMER=, --former)."
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.nlp.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--out", type=Path, default=Path("build/model"), help="folder for what ships")
    parser.add_argument("--checkpoints", type=Path, default=Path("build/training"), help="folder for checkpoints")
    parser.add_argument("--base", default=BASE, help="a Hugging Face encoder, by name or path")
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS, help="steps to run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--first-pass", type=int, default=0, help="go on from a cut run, at this pass")
    parser.add_argument(
        "--minutes",
        type=float,
        default=0,
        help="time for tuning and for thinning (default: all passes)",
    )
    parser.add_argument("--former", type=Path, help="checkpoints of a former run to go on from")
    parser.add_argument("--recipe", choices=RECIPES, help="default: further with --former, else full on a GPU or short")
    parser.add_argument("--open-only", action="store_true", help="only sets whose texts are under an open licence")
    parser.add_argument("--version", default="", help="name of the weights, stored with every analysis")
    options = parser.parse_args()
    if problem := what_is_missing(options.data, options.recipe, options.former):
        parser.error(problem)
    options.out.mkdir(parents=True, exist_ok=True)
    if "encoder" in options.only and not train(
        options.data,
        options.checkpoints,
        options.base,
        options.threads,
        options.first_pass,
        options.minutes,
        options.open_only,
        RECIPES.get(options.recipe),
        options.former,
    ):
        return  # another worker goes on
    if "export" in options.only:
        export(options.checkpoints, options.out, options.base)
        check_int8(options.data, options.checkpoints, options.out, open_only=options.open_only)
    if "linear" in options.only:
        train_linear(options.data, options.out / "linear.npz", options.open_only)
    if "languages" in options.only:
        train_languages(options.data, options.out / "languages.npz", open_only=options.open_only)
    if "calibration" in options.only:
        calibrate(options.data, options.out, options.version, options.open_only)


main()
