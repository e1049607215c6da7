"""The few-shot bench: examples from one labelled file, judged on another, beside a baseline of words."""

from pathlib import Path

import numpy as np
import pytest

from monitor.commands.failures import CommandError
from monitor.commands.parser import build_parser
from monitor.nlp.few_shot import FewShotError, _with_interval, bench_few_shot, near_by_words
from tests.support.topics import GIFT_CARDS, PARKING, BagEngine


def write(path: Path, rows: list[tuple[str, str]], header: str = "text\ttopic") -> Path:
    path.write_text("\n".join([header, *(f"{text}\t{topic}" for text, topic in rows)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    pool = [(text, "cards") for text in GIFT_CARDS] + [(text, "parking") for text in PARKING] + [("hello", "thin")]
    far = [(f"the courier rang twice {number}", "other") for number in range(20)]
    judged = [(f"my gift card is my card {number % 2}", "cards") for number in range(12)]
    judged += [(f"no parking ticket here no parking {number % 2}", "parking") for number in range(12)]
    return write(tmp_path / "pool.tsv", pool), write(tmp_path / "judged.tsv", [*judged, *far])


def test_each_topic_with_rows_enough_is_told_from_the_rest(files: tuple[Path, Path]) -> None:
    figures = bench_few_shot(*files, engine=BagEngine())
    assert list(figures["topics"]) == ["cards", "parking"]
    for told in figures["topics"].values():
        assert told["rows"] == 12 and told["f1"] == 1 and told["precision"] == 1
    assert figures["mean_f1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert 0 <= figures["baseline_mean_f1"]["value"] <= 1
    assert set(figures["seconds_to_make_a_class"]) == {"first_in_a_process", "median", "slowest"}


def test_the_baseline_goes_by_words() -> None:
    found = near_by_words(GIFT_CARDS, ["my gift card is lost", "the courier rang twice", ""])
    assert found.tolist() == [True, False, False]


def test_the_interval_holds_the_value_and_is_wider_for_few_rows() -> None:
    truth = np.array(["a", "b"] * 10)
    hits = (np.arange(20) % 2 == 0) ^ (np.arange(20) % 5 == 0)
    few, many = (_with_interval([("a", np.tile(hits, n))], np.tile(truth, n)) for n in (1, 20))
    assert few["low"] < few["value"] < few["high"] and few["value"] == many["value"]
    assert many["high"] - many["low"] < few["high"] - few["low"]


@pytest.mark.parametrize(
    ("header", "said"), [("text\tkind", "columns text and topic"), ("text\ttopic", "No label has 10 examples")]
)
def test_a_file_that_cannot_be_measured_with_is_one_clear_error(tmp_path: Path, header: str, said: str) -> None:
    path = write(tmp_path / "thin.tsv", [("hello", "greeting")], header)
    with pytest.raises(FewShotError, match=said):
        bench_few_shot(path, path, engine=BagEngine())


def test_a_file_of_a_spreadsheet_and_very_long_texts_are_read(files: tuple[Path, Path], tmp_path: Path) -> None:
    examples, judged = files
    plain = bench_few_shot(examples, judged, engine=BagEngine())
    marked = tmp_path / "marked.tsv"
    lines = examples.read_text(encoding="utf-8").splitlines()
    lines += ["word " * 40_000 + "\tlong", "a tab\tinside\tcards", ""]
    marked.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    again = bench_few_shot(marked, judged, engine=BagEngine())
    assert again["topics"] == plain["topics"] and again["mean_f1"] == plain["mean_f1"]


def test_the_command_asks_for_its_files(tmp_path: Path) -> None:
    alone = build_parser().parse_args(["bench", "few-shot"])
    with pytest.raises(CommandError, match="--examples FILE and --judged FILE"):
        alone.run(alone)
    missing = build_parser().parse_args(["bench", "few-shot", "--examples", "no.tsv", "--judged", "no.tsv"])
    with pytest.raises(CommandError, match=r"no\.tsv cannot be read"):
        missing.run(missing)
