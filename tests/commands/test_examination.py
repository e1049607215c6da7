"""The doctor tells of what a brand has stored and what is not used for it."""

from pathlib import Path
from typing import Any

import pytest

from monitor.commands.examination import _examine_brands, _examine_model, _examine_replaced_heads
from monitor.commands.findings import BAD, GOOD, WARN
from monitor.nlp.engine import load_engine
from monitor.nlp.hub.preparing import prepare
from tests.support.tiny_classifier import make_classifier


def test_a_pattern_that_is_ignored_is_told_of(brand: Any) -> None:
    assert list(_examine_brands()) == []
    brand.order_patterns = ["(LM", r"LM\d{8}"]
    brand.save()
    (finding,) = _examine_brands()
    assert (finding.state, finding.subject) == (WARN, f"brand {brand.slug}")
    assert finding.says.startswith("1 of its patterns")


def test_a_folder_that_holds_no_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_MODEL", str(tmp_path))
    load_engine.cache_clear()
    try:
        (finding,) = _examine_model()
    finally:
        load_engine.cache_clear()
    assert finding.state == BAD and "is no model: model.json, calibration.json, linear.npz is not there" in finding.says


def test_a_model_that_replaces_ours_is_told_of_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_HOME", str(tmp_path / "home"))
    assert list(_examine_replaced_heads()) == []
    model = make_classifier(tmp_path / "m")
    monkeypatch.setenv("MENTIONDESK_HEAD_SENTIMENT", str(model))
    (waiting,) = _examine_replaced_heads()
    assert (waiting.state, waiting.subject) == (WARN, "model of sentiment") and "is not ready yet" in waiting.says
    prepare(str(model))
    (ready,) = _examine_replaced_heads()
    assert (ready.state, ready.says) == (GOOD, f"{model} replaces ours, and loads")
    monkeypatch.setenv("MENTIONDESK_HEAD_SENTIMENT_LABELS", "negative:bad")
    (wrong,) = _examine_replaced_heads()
    assert wrong.state == BAD and "do not match" in wrong.says
