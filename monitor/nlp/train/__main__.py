"""Trains everything that ships: `python -m monitor.nlp.train --data DIR [--out DIR] [--base NAME] [--only STEP ...]`.

Steps: encoder (fine-tuning), export (int8 ONNX), linear (side model), calibration; and, only where it is named,
languages: a desk reads the identifier that ships, whatever its other weights. On a busy machine start two workers of
one thread: `torchrun --nproc-per-node 2 -m monitor.nlp.train --threads 1 ...`.
"""

import argparse
import sys
from pathlib import Path

from monitor.nlp.train.calibrate import calibrate
from monitor.nlp.train.corpora import DEVELOPMENT, TASK_CORPORA, why_unreadable
from monitor.nlp.train.export import check_int8, export
from monitor.nlp.train.languages import train_languages
from monitor.nlp.train.linear import train_linear
from monitor.nlp.train.network import SHIPPED
from monitor.nlp.train.ranges import fix_ranges, texts_to_measure
from monitor.nlp.train.recipe import BASE, FULL, FURTHER, SHORT, THINNED
from monitor.nlp.train.train import train

RECIPES = {"short": SHORT, "full": FULL, "further": FURTHER, "thinned": THINNED}
STEPS = ("encoder", "export", "linear", "calibration")
FURTHER_STEPS = ("languages",)


def named_folder(name: str) -> Path:
    return Path(name).expanduser()  # make leaves ~ as it is


def without_labels(folder: Path) -> str:
    """A sentence on a folder that holds no set of the task, or "" for one that does."""
    task = [corpus.path for corpus in TASK_CORPORA]
    if any((folder / path).exists() for path in task):
        return ""
    return f"{folder} holds neither {' nor '.join(task)}"


def what_is_missing(folder: Path, recipe: str | None, former: Path | None, *, open_only: bool = False) -> str:
    """Why hours of training would end in nothing, or "" where they need not."""
    if (said := without_labels(folder)) and not open_only:
        return (
            f"{said}: name the folder of the labelled sets (DATA=, --data), or train on those alone that ship with us "
            "(OPEN_ONLY=1, --open-only)."
        )
    for corpus in (*TASK_CORPORA, DEVELOPMENT):
        if problem := why_unreadable(folder / corpus.path):
            return problem
    if recipe == "further" and former is None:
        return "The recipe `further` goes on from a former run: name its folder of checkpoints (FORMER=, --former)."
    if former is not None and not (former / SHIPPED).exists():
        return f"{former} holds no {SHIPPED}: name the folder of checkpoints of a former run (FORMER=, --former)."
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.nlp.train", description=__doc__)
    parser.add_argument("--data", type=named_folder, required=True, help="folder of the labelled sets")
    parser.add_argument("--out", type=named_folder, default=Path("build/model"), help="folder for what ships")
    parser.add_argument(
        "--checkpoints", type=named_folder, default=Path("build/training"), help="folder for checkpoints"
    )
    parser.add_argument("--base", default=BASE, help="a Hugging Face encoder, by name or path")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=STEPS + FURTHER_STEPS,
        default=STEPS,
        help="steps to run (default: all but languages)",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--minutes",
        type=float,
        default=0,
        help="time for tuning and for thinning (default: all passes)",
    )
    parser.add_argument("--former", type=named_folder, help="checkpoints of a former run to go on from")
    parser.add_argument("--recipe", choices=RECIPES, help="default: further with --former, else full on a GPU or short")
    parser.add_argument("--open-only", action="store_true", help="only sets whose texts are under an open licence")
    parser.add_argument("--version", default="", help="name of the weights, stored with every analysis")
    options = parser.parse_args()
    if problem := what_is_missing(options.data, options.recipe, options.former, open_only=options.open_only):
        parser.error(problem)
    if said := without_labels(options.data):
        print(f"{said}: the sets that ship with us teach without them.", file=sys.stderr, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    if "encoder" in options.only and not train(
        options.data,
        options.checkpoints,
        base=options.base,
        threads=options.threads,
        minutes=options.minutes,
        open_only=options.open_only,
        recipe=RECIPES.get(options.recipe),
        former=options.former,
    ):
        return  # another worker goes on
    if "export" in options.only:
        export(options.checkpoints, options.out, options.base)
        fixed = fix_ranges(options.out, texts_to_measure(options.data, open_only=options.open_only))
        print(f"{fixed} ranges fixed", file=sys.stderr, flush=True)
        check_int8(options.data, options.checkpoints, options.out, open_only=options.open_only)
    if "linear" in options.only:
        train_linear(options.data, options.out / "linear.npz", options.open_only)
    if "languages" in options.only:
        train_languages(options.data, options.out / "languages.npz", open_only=options.open_only)
    if "calibration" in options.only:
        calibrate(options.data, options.out, options.version, options.open_only)


if __name__ == "__main__":
    main()
