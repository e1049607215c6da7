"""Heads that other models replace, in the engine: its answers, thresholds, reasons, version and errors."""

from pathlib import Path

import numpy as np
import pytest

from monitor.nlp.engine import Engine, PostInput, load_engine
from monitor.nlp.hub import replacements
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.preparing import prepare
from monitor.nlp.hub.settings import Wish
from monitor.nlp.labels import HEADS
from tests.support.tiny_classifier import FEELINGS, make_classifier


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_HOME", str(tmp_path / "home"))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_classifier(tmp_path / "tiny")


def sentiment_of(model: object) -> Wish:
    return Wish("sentiment", str(model))


def softmax_of(*words: str) -> np.ndarray:
    total = np.sum([FEELINGS[word] for word in words], axis=0)
    return np.exp(total) / np.exp(total).sum()


@pytest.fixture(scope="module")
def plain() -> Engine:
    return Engine()


def engine_with(*wishes: Wish) -> Engine:
    return Engine(threads=1, wishes={wish.head: wish for wish in wishes})


def test_a_replaced_head_answers_and_the_others_stay(tiny: Path, plain: Engine) -> None:
    posts = [PostInput("My parcel never came. Lovely thanks!"), PostInput("@lumora awful, where is my refund?")]
    own, foreign = plain.analyze(posts), engine_with(sentiment_of(tiny)).analyze(posts)
    assert [analysis.sentiment for analysis in foreign] == ["positive", "negative"]
    np.testing.assert_allclose(
        list(foreign[0].sentiment_scores.values()), softmax_of("parcel", "lovely", "thanks"), atol=1e-3
    )
    for before, after in zip(own, foreign, strict=True):
        assert (after.complaint_score, after.topic_scores) == (before.complaint_score, before.topic_scores)


def test_a_replaced_verdict_is_yes_from_a_half_and_gives_no_words_of_ours(tmp_path: Path) -> None:
    words = {"refund": (0.0, 0.2), "thanks": (0.2, 0.0)}
    model = make_classifier(tmp_path / "m", words, ("not_complaint", "complaint"))
    engine = engine_with(Wish("complaint", str(model)))
    angry, pleased = engine.analyze([PostInput("Refund me, worst service ever"), PostInput("thanks")])
    assert engine.thresholds["complaint"] == 0.5
    assert (angry.complaint, pleased.complaint) == (True, False)
    assert angry.severity >= 1 and angry.complaint_score == pytest.approx(0.55, abs=0.01)
    assert "words.complaint" not in {reason.code for reason in angry.reasons}


def test_the_version_names_what_is_replaced(tiny: Path, plain: Engine) -> None:
    assert engine_with(sentiment_of(tiny)).version.startswith(f"{plain.version}~sentiment:")
    every = [Wish(head, "owner/a") for head in HEADS]
    for wishes in (every, *([wish] for wish in every), every[:2]):
        assert len(engine_with(*wishes).version) <= 48  # what is stored of a version


def test_a_wrong_setting_is_told_by_the_analysis_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    monkeypatch.setattr(replacements, "prepare", lambda model: tries.append(model) or prepare(model))
    engine = engine_with(sentiment_of("/no/such/folder"))
    assert "~sentiment:" in engine.version
    for _ in range(3):
        with pytest.raises(HubModelError, match="There is no folder"):
            engine.analyze([PostInput("Hello")])
    assert len(tries) == 1  # not again for every post of a batch
    monkeypatch.setattr(replacements, "_SECONDS_BETWEEN_TRIES", 0.0)
    with pytest.raises(HubModelError):
        engine.load()
    assert len(tries) == 2


def test_the_engine_of_a_process_obeys_the_settings(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_HEAD_SENTIMENT", str(tiny))
    load_engine.cache_clear()
    try:
        assert load_engine().analyze([PostInput("awful")])[0].sentiment == "negative"
        assert "~sentiment:" in load_engine().version
    finally:
        load_engine.cache_clear()
