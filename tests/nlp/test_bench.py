"""The bench of the analysis has a baseline in any installation, and says what it could not measure."""

from types import SimpleNamespace

import pytest

from monitor.__main__ import main
from monitor.nlp.bench import BenchError, bench_analysis, posts_per_second, read_posts, summarise
from monitor.nlp.engine import MODEL_FOLDER


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    monkeypatch.delenv("MENTIONDESK_FP32_MODEL", raising=False)


def test_without_anything_beside_the_package_there_is_a_baseline_of_the_same_run():
    figures = bench_analysis(count=8)
    baseline = figures["baseline"]
    assert {"encoder_int8_times_int8_one_a_call", "encoder_int8_times_int8_batch_32"} <= set(baseline)
    assert {"engine", "encoder_int8", "languages"} <= set(figures["posts_per_second"])
    assert "MENTIONDESK_FP32_MODEL" in figures["not_measured"]["fp32"]
    assert "train.speed" in figures["not_measured"]["transformers"]
    assert ("py3langid" in figures["not_measured"]) != ("languages_times_py3langid" in baseline)


def test_the_baseline_says_how_many_times_as_fast_the_product_is():
    speeds = {"engine": 50.0, "encoder_int8": 100.0, "languages": 900.0, "int8_one_a_call": 40.0, "py3langid": 300.0}
    figures = summarise(speeds, SimpleNamespace(version="v", threads=2), ["abc", "d"])
    assert figures["baseline"] == {"encoder_int8_times_int8_one_a_call": 2.5, "languages_times_py3langid": 3.0}
    assert set(figures["not_measured"]) == {"fp32", "transformers"}


def test_a_graph_that_is_named_is_a_baseline_too(monkeypatch):
    # Any graph of this model will do to see that it is read; the fp32 one does not ship.
    monkeypatch.setenv("MENTIONDESK_FP32_MODEL", str(MODEL_FOLDER / "encoder.onnx"))
    figures = bench_analysis(count=4)
    assert figures["baseline"]["encoder_int8_times_fp32_one_a_call"] > 0
    assert figures["baseline"]["encoder_int8_times_fp32_batch_32"] > 0
    assert "fp32" not in figures["not_measured"]


def test_a_named_graph_that_is_not_there_is_one_clear_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MENTIONDESK_HOME", str(tmp_path))
    monkeypatch.setenv("MENTIONDESK_FP32_MODEL", str(tmp_path / "nope.onnx"))
    assert main(["bench", "analysis"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"There is no file {tmp_path / 'nope.onnx'}, which MENTIONDESK_FP32_MODEL names" in told.err
    assert len(told.err.splitlines()) == 1


def test_a_file_that_is_no_graph_of_this_model_is_told(tmp_path):
    path = tmp_path / "fp32.onnx"
    path.write_text("not a graph")
    with pytest.raises(BenchError, match="is not the fp32 graph of this model"):
        bench_analysis(count=4, fp32=path)


def test_posts_are_repeated_as_often_as_needed():
    assert len(read_posts(1000)) == 1000
    assert posts_per_second(lambda: None, 10) > 0
