"""Heads that learn from verdicts: what is better on posts aside is kept, what is not is left."""

from typing import Any

import numpy as np
import pytest

from monitor.nlp.labels import HEADS, INTENTS, TOPICS
from monitor.nlp.learning import FEWEST_CHECKED, FEWEST_VERDICTS, LearnedWeights, Lesson, learn
from monitor.nlp.refitting import Table, fit, logarithms, with_bias

THRESHOLDS = {"complaint": 0.4, "needs_reply": 0.4, "escalate": 0.3}
CHANCE = np.random.default_rng(5)
KINDS = CHANCE.normal(size=(4, 384)).astype(np.float32)
DELIVERY, SERVICE = TOPICS.index("delivery"), TOPICS.index("service")


def scores(**sure: int) -> dict[str, np.ndarray]:
    """Every head sure of its first label, but for those named."""
    found = {}
    for head, labels in HEADS.items():
        row = np.full(len(labels), 0.2 / (len(labels) - 1), dtype=np.float32)
        row[sure.get(head, 0)] = 0.8
        found[head] = row
    return found


def near(kind: int) -> np.ndarray:
    return KINDS[kind] + CHANCE.normal(size=384).astype(np.float32) * 0.6


def lesson(key: int, kind: int, said: int, truth: int | None = None, head: str = "topic", **more: Any) -> Lesson:
    return Lesson(key, near(kind), scores(**{head: said}), {} if truth is None else {head: truth}, **more)


def of_two_kinds(corrected: int = 90, others: int = 800, **more: Any) -> list[Lesson]:
    """Posts of kind 0 are read as delivery and are about the service; those of kind 1 are rightly read as delivery."""
    wrong = [lesson(key, 0, DELIVERY, SERVICE, **more) for key in range(corrected)]
    return wrong + [lesson(10_000 + key, 1, DELIVERY, **more) for key in range(others)]


def read_so(weights: LearnedWeights, asked: list[Lesson], head: str) -> np.ndarray:
    said = {head: np.stack([one.scores[head] for one in asked]) for head in HEADS}
    return weights.apply(said, np.stack([one.embedding for one in asked]))[head]


def test_a_mistake_that_people_keep_mending_is_learned_and_nothing_else_changes():
    weights, report = learn(of_two_kinds(), THRESHOLDS)
    told = report["topic"]
    assert told.is_promoted and told.right_before == 0
    assert told.right_after >= 0.9 * told.held_out_verdicts and told.changed == 0
    asked = [lesson(1, 0, DELIVERY), lesson(2, 1, DELIVERY)]
    read = weights.apply(
        {head: np.stack([one.scores[head] for one in asked]) for head in HEADS},
        np.stack([one.embedding for one in asked]),
    )
    assert read["topic"].argmax(1).tolist() == [SERVICE, DELIVERY]
    assert np.allclose(read["topic"].sum(1), 1, atol=1e-5)
    assert (read["complaint"] == scores()["complaint"]).all()


def test_verdicts_without_a_pattern_teach_nothing():
    chance = np.random.default_rng(3)
    random = [lesson(key, key % 4, DELIVERY, int(chance.integers(len(TOPICS)))) for key in range(120)]
    weights, report = learn(random + [lesson(5000 + key, key % 4, DELIVERY) for key in range(800)], THRESHOLDS)
    assert report["topic"].lacks == "" and not report["topic"].is_promoted and not weights.heads


def test_corrections_in_one_direction_do_not_turn_the_whole_head():
    """People only ever correct what was flagged: the uncorrected posts keep the rest as it was read."""
    wrong = [lesson(key, 0, 1, 0, head="complaint") for key in range(90)]
    right = [lesson(10_000 + key, 1 + key % 3, 1, head="complaint") for key in range(800)]
    weights, report = learn(wrong + right, THRESHOLDS)
    assert report["complaint"].is_promoted
    asked = np.stack([one.embedding for one in right])
    before = {head: np.stack([one.scores[head] for one in right]) for head in HEADS}
    still = weights.apply(before, asked)["complaint"][:, 1] >= THRESHOLDS["complaint"]
    assert still.mean() > 0.98


def test_a_mistake_that_cannot_be_told_from_the_rest_is_not_learned():
    """Half of a kind is corrected to "no", the other half was right: nothing in the text tells them apart."""
    alike = [lesson(key, 0, 1, 0, head="complaint") for key in range(90)]
    alike += [lesson(10_000 + key, 0, 1, head="complaint") for key in range(180)]
    others = [lesson(20_000 + key, 1, 0, head="complaint") for key in range(700)]
    _, report = learn(alike + others, THRESHOLDS)
    assert report["complaint"].lacks == "" and not report["complaint"].is_promoted


def test_a_few_verdicts_are_too_few():
    weights, report = learn(of_two_kinds(FEWEST_VERDICTS - 1, 100), THRESHOLDS)
    assert report == {} and not weights.heads
    assert learn([], THRESHOLDS) == (weights, {})


def test_the_same_posts_are_aside_every_time():
    assert [lesson(key, 0, 0).is_held_out for key in range(50)] == [lesson(key, 1, 2).is_held_out for key in range(50)]
    share = np.mean([lesson(key, 0, 0).is_held_out for key in range(2000)])
    assert share == pytest.approx(0.3, abs=0.04)


def test_weights_come_back_from_storage_as_they_were():
    weights, _ = learn(of_two_kinds(platform="facebook"), THRESHOLDS)
    back = LearnedWeights.from_bytes(weights.to_bytes())
    assert set(back.heads) == {"topic"} and back.platforms == {"topic": frozenset({"facebook"})}
    assert np.abs(back.heads["topic"] - weights.heads["topic"]).max() < 0.01


AGENTS = 0  # the kind of posts of which something is learned


def learned_once() -> LearnedWeights:
    weights, report = learn(of_two_kinds(), THRESHOLDS)
    assert report["topic"].is_promoted
    return weights


def test_a_head_in_use_stays_when_only_another_one_is_learned() -> None:
    active = learned_once()
    wrong = [lesson(key, 2, 1, 0, head="complaint") for key in range(90)]
    right = [lesson(10_000 + key, 3, 1, head="complaint") for key in range(800)]
    weights, report = learn(wrong + right, THRESHOLDS, active)
    assert report["complaint"].is_promoted and "topic" not in report
    assert set(weights.heads) == {"topic", "complaint"}
    assert (weights.heads["topic"] == active.heads["topic"]).all()


def test_a_new_head_must_beat_the_one_in_use_and_not_the_shipped_one() -> None:
    """The same corrections again: better than the shipped head, and not than what they have already taught."""
    active = learned_once()
    weights, report = learn(of_two_kinds(), THRESHOLDS, active)
    told = report["topic"]
    assert not told.is_promoted and not told.is_dropped
    assert told.right_before >= 0.9 * told.held_out_verdicts
    assert (weights.heads["topic"] == active.heads["topic"]).all()


def test_a_new_head_that_beats_the_one_in_use_replaces_it() -> None:
    active = learned_once()
    more = [lesson(20_000 + key, 2, DELIVERY, SERVICE) for key in range(90)]
    weights, report = learn(of_two_kinds() + more, THRESHOLDS, active)
    told = report["topic"]
    assert told.is_promoted and told.right_after > told.right_before > 0
    assert (weights.heads["topic"] != active.heads["topic"]).any()


def test_what_is_read_rightly_since_it_was_learned_is_not_unlearned() -> None:
    """Since the first version posts of this kind are read rightly, so nobody corrects them any more: in the next fit
    they stand for what is right, and not for what the shipped head said of them."""
    active = learned_once()
    uncorrected = [lesson(30_000 + key, AGENTS, DELIVERY) for key in range(300)]
    more = [lesson(20_000 + key, 2, DELIVERY, SERVICE) for key in range(90)]
    weights, report = learn(of_two_kinds() + more + uncorrected, THRESHOLDS, active)
    assert report["topic"].is_promoted
    asked = uncorrected[:50]
    read = weights.apply(
        {head: np.stack([one.scores[head] for one in asked]) for head in HEADS},
        np.stack([one.embedding for one in asked]),
    )
    assert (read["topic"].argmax(1) == SERVICE).mean() > 0.9


def test_a_head_that_has_become_worse_than_the_shipped_one_goes() -> None:
    """People turn: what was once corrected to "service" is now corrected back, without a pattern that could be learned
    better than by not changing anything."""
    active = learned_once()
    back = [lesson(key, AGENTS, DELIVERY, DELIVERY) for key in range(120)]
    others = [lesson(10_000 + key, 1, DELIVERY) for key in range(800)]
    weights, report = learn(back + others, THRESHOLDS, active)
    told = report["topic"]
    assert told.is_promoted or told.is_dropped
    assert told.right_before < told.right_after
    asked = [one for one in back if one.is_held_out]
    read = weights.apply(
        {head: np.stack([one.scores[head] for one in asked]) for head in HEADS},
        np.stack([one.embedding for one in asked]),
    )
    assert (read["topic"].argmax(1) == DELIVERY).mean() > 0.9


def test_the_shipped_head_takes_the_place_of_one_that_it_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    active = learned_once()
    bad = {head: weights * 3 for head, weights in active.heads.items()}
    # A fit that comes to nothing better: only the shipped head is left to compare with.
    monkeypatch.setattr("monitor.nlp.learning.fit", lambda table, penalty: bad["topic"])
    back = [lesson(key, AGENTS, DELIVERY, DELIVERY) for key in range(120)]
    others = [lesson(10_000 + key, 1, DELIVERY) for key in range(800)]
    weights, report = learn(back + others, THRESHOLDS, LearnedWeights(bad))
    assert report["topic"].is_dropped and not report["topic"].is_promoted
    assert weights.heads == {}


def test_what_is_held_out_does_not_depend_on_what_stands_beside_it() -> None:
    """Or a version would be judged on posts that the one before was fitted on."""
    posts = of_two_kinds(60, 40)
    aside = {one.key for one in posts if one.is_held_out}
    assert aside == {one.key for one in reversed(posts + of_two_kinds(10, 5)) if one.is_held_out}
    assert 0 < len(aside) < len(posts)


@pytest.mark.parametrize(("verdicts", "others"), [(20, 0), (20, 5), (22, 8)])
def test_a_handful_of_posts_aside_proves_nothing(verdicts: int, others: int) -> None:
    """Three gains of three are a coin that fell thrice alike: the head would have read no complaint any more."""
    chance = np.random.default_rng(2)
    wrong = [Lesson(key, chance.normal(size=384), scores(complaint=1), {"complaint": 0}) for key in range(verdicts)]
    rest = [Lesson(5000 + key, chance.normal(size=384), scores(complaint=key % 2), {}) for key in range(others)]
    weights, report = learn(wrong + rest, THRESHOLDS)
    assert not weights.heads and report["complaint"].lacks == "uncorrected"


def test_both_kinds_of_posts_have_to_be_aside_in_number() -> None:
    assert learn(of_two_kinds(90, FEWEST_CHECKED), THRESHOLDS)[1]["topic"].lacks == "uncorrected"
    assert learn(of_two_kinds(30, 800), THRESHOLDS)[1]["topic"].lacks == "verdicts"


def test_what_nobody_corrected_weighs_as_many_posts_as_it_stands_for() -> None:
    """Five hundred were corrected; a hundred thousand of the same kind were not, of which two hundred and forty are
    in the lessons."""
    wrong = [lesson(key, 0, 1, 0, head="complaint") for key in range(300)]
    alike = [lesson(10_000 + key, 0, 1, head="complaint", weight=500.0) for key in range(150)]
    others = [lesson(20_000 + key, 1, 0, head="complaint", weight=500.0) for key in range(800)]
    weights, report = learn(wrong + alike + others, THRESHOLDS)
    told = report["complaint"]
    assert told.lacks == "" and not told.is_promoted
    assert (read_so(weights, alike, "complaint")[:, 1] >= THRESHOLDS["complaint"]).all()


def test_what_can_be_told_from_everything_else_is_learned_beside_a_million_posts() -> None:
    told = learn(of_two_kinds(weight=500.0), THRESHOLDS)[1]["topic"]
    assert told.is_promoted and told.right_after >= 0.9 * told.held_out_verdicts
    assert (told.changed, told.changed_posts, told.changed_share) == (0, 0, 0)


def test_the_share_of_readings_that_change_is_told() -> None:
    """A tenth of what nobody corrected is like what was corrected; at the weight of one it changes with it."""
    alike = [lesson(20_000 + key, 0, DELIVERY) for key in range(60)]
    told = learn(of_two_kinds(300, 800) + alike, THRESHOLDS)[1]["topic"]
    assert told.is_promoted and told.changed > 0
    assert told.changed_posts == told.changed and told.changed_share == round(told.changed / told.checked, 5)


def drawn_by_chance(count: int, kind: int, truth: int) -> list[Lesson]:
    return [lesson(50_000 + 1000 * kind + key, kind, 1, truth, head="complaint", drawn=500.0) for key in range(count)]


@pytest.mark.parametrize("truth", [0, 1])
def test_a_sample_decides_instead_of_what_nobody_corrected(truth: int) -> None:
    """Posts of kind 0 are corrected to "no" where people saw them. Whether all of that kind are none, the posts that
    were drawn by chance tell, confirmed ones included."""
    wrong = [lesson(key, 0, 1, 0, head="complaint") for key in range(90)]
    alike = [lesson(10_000 + key, 0, 1, head="complaint", weight=500.0) for key in range(30)]
    others = [lesson(20_000 + key, 2, 0, head="complaint", weight=500.0) for key in range(800)]
    sample = drawn_by_chance(100, 0, truth) + drawn_by_chance(200, 1, 1)
    told = learn(wrong + alike + others + sample, THRESHOLDS)[1]["complaint"]
    assert told.by_sample and told.drawn >= 60
    assert told.is_promoted is (truth == 0)


def test_the_sample_says_nothing_of_what_it_did_not_ask() -> None:
    """A drawn post has a verdict on its topic only where that was wrong."""
    told = learn(of_two_kinds(300, 800, drawn=500.0), THRESHOLDS)[1]["topic"]
    assert told.held_out_verdicts >= 60 and (told.drawn, told.by_sample) == (0, False)


def test_copies_of_a_text_are_one_piece_of_evidence() -> None:
    """Ten texts, six copies of each, and labels by the toss of a coin: what is aside is known by heart."""
    chance = np.random.default_rng(4)
    copies = []
    for text in range(10):
        embedding, truth = chance.normal(size=384), 1 + int(chance.integers(11))
        copies += [Lesson(text * 97, embedding, scores(topic=0), {"topic": truth}) for _ in range(60)]
    others = [Lesson(50_000 + key, chance.normal(size=384), scores(topic=0), {}) for key in range(800)]
    weights, report = learn(copies + others, THRESHOLDS)
    told = report["topic"]
    assert told.held_out_verdicts in range(0, 600, 60) and told.lacks == "verdicts" and not weights.heads


def test_nobody_is_judge_of_what_his_own_words_have_taught() -> None:
    by_one = [lesson(key, 0, DELIVERY, SERVICE, voice="author 7") for key in range(90)]
    others = [lesson(10_000 + key, 1, DELIVERY) for key in range(800)]
    told = learn(by_one + others, THRESHOLDS)[1]["topic"]
    assert (told.verdicts, told.held_out_verdicts, told.lacks) == (90, 0, "verdicts")


def test_a_head_reads_the_platforms_on_which_it_was_checked() -> None:
    weights, report = learn(of_two_kinds(platform="facebook"), THRESHOLDS)
    assert report["topic"].platforms == ("facebook",)
    assert weights.on("x") is None
    read = weights.on("facebook")
    assert read is not None and set(read.heads) == {"topic"}
    assert set(LearnedWeights(weights.heads).on("x").heads) == {"topic"}  # type: ignore[union-attr]


def test_verdicts_from_a_platform_that_was_not_checked_do_not_judge() -> None:
    wrong = [lesson(key, 0, DELIVERY, SERVICE, platform="survey") for key in range(90)]
    few = [lesson(5000 + key, 1, DELIVERY, platform="survey") for key in range(10)]
    others = [lesson(10_000 + key, 1, DELIVERY, platform="facebook") for key in range(800)]
    told = learn(wrong + few + others, THRESHOLDS)[1]["topic"]
    assert (told.held_out_verdicts, told.lacks, told.platforms) == (0, "verdicts", ("facebook",))


def test_what_is_in_use_elsewhere_is_no_reading_of_today() -> None:
    """The head in use reads Facebook alone; on feeds the shipped one is wrong still, and that can be learned."""
    active = learn(of_two_kinds(platform="facebook"), THRESHOLDS)[0]
    told = learn(of_two_kinds(platform="feed"), THRESHOLDS, active)[1]["topic"]
    assert told.right_before == 0 and told.is_promoted and told.platforms == ("feed",)


def graded(key: int, kind: int, labels: dict[str, int], *, complaint: int = 1, severity: int = 1) -> Lesson:
    return Lesson(key, near(kind), scores(complaint=complaint, severity=severity), labels)


def test_severity_is_learned_from_complaints_alone() -> None:
    """Whoever says "no complaint" says nothing of how grave complaints are."""
    none = [graded(key, 0, {"complaint": 0, "severity": 0}) for key in range(90)]
    others = [graded(10_000 + key, 1, {}) for key in range(800)]
    assert "severity" not in learn(none + others, THRESHOLDS)[1]
    grave = [graded(20_000 + key, 2, {"severity": 3}) for key in range(90)]
    weights, report = learn(none + grave + others, THRESHOLDS)
    told = report["severity"]
    assert (told.verdicts, told.right_before) == (90, 0)
    assert told.is_promoted and told.right_after >= 0.9 * told.held_out_verdicts
    assert (read_so(weights, grave, "severity")[:, 1:].argmax(1) == 2).mean() > 0.9


def test_severity_of_what_is_read_as_no_complaint_mends_nothing() -> None:
    """The product says 0 there, whatever the head says."""
    missed = [graded(key, 0, {"severity": 3}, complaint=0) for key in range(90)]
    others = [graded(10_000 + key, 1, {}, complaint=0) for key in range(800)]
    told = learn(missed + others, THRESHOLDS)[1]["severity"]
    assert told.held_out_verdicts > 0 and (told.right_before, told.right_after) == (0, 0) and not told.is_promoted


@pytest.mark.parametrize(
    ("likeliest", "read", "truth"),
    [("complaint", {"complaint": 0}, "question"), ("chatter", {"complaint": 1, "severity": 2}, "complaint")],
)
def test_an_intent_that_the_other_heads_rule_out_is_not_taken_for_said(
    likeliest: str, read: dict[str, int], truth: str
) -> None:
    """The product says the next one that they allow, and that was right: there is nothing to mend."""
    said = scores(intent=INTENTS.index(likeliest), **read)
    right = [Lesson(key, near(0), said, {"intent": INTENTS.index(truth)}) for key in range(90)]
    others = [Lesson(10_000 + key, near(1), said, {}) for key in range(800)]
    told = learn(right + others, THRESHOLDS)[1]["intent"]
    assert told.right_before == told.held_out_verdicts > 0 and not told.is_promoted


def test_heads_of_which_a_lesson_tells_nothing_are_not_presumed_right() -> None:
    told_nothing = [lesson(10_000 + key, 1, DELIVERY, unknown=frozenset({"topic"})) for key in range(800)]
    wrong = [lesson(key, 0, DELIVERY, SERVICE) for key in range(90)]
    told = learn(wrong + told_nothing, THRESHOLDS)[1]["topic"]
    assert (told.verdicts, told.checked, told.lacks) == (90, 0, "uncorrected")


def test_a_weight_of_three_is_as_good_as_three_copies() -> None:
    chance = np.random.default_rng(8)
    rows = with_bias(chance.normal(size=(60, 384)))
    shipped = logarithms(chance.dirichlet(np.ones(3), size=60))
    truth = np.eye(3, dtype=np.float32)[chance.integers(3, size=60)]
    ones, none, voices = np.ones(60, np.float32), np.zeros(60, np.float32), np.arange(60)
    once = Table(rows, shipped, truth, truth, ones > 0, np.where(voices < 20, 3, 1).astype(np.float32), none, voices)
    chosen = np.concatenate([voices, voices[:20], voices[:20]])
    thrice = Table(*(getattr(once, name)[chosen] for name in Table.__slots__))
    copied = Table(
        *(np.ones(100, np.float32) if name == "weights" else getattr(thrice, name) for name in Table.__slots__)
    )
    assert np.abs(fit(once, 4.0) - fit(copied, 4.0)).max() < 0.01
