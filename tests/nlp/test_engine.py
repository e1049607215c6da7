"""The engine on its shipped weights: what it says, in which order, and that no text can break it."""

import json
import shutil
import time
from dataclasses import fields

import numpy as np
import pytest

from monitor.nlp.engine import MODEL_FOLDER, PostAnalysis, PostInput, choose_intent, load_engine
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.labels import AUDIENCES, HEADS, INTENTS, SENTIMENTS, TOPICS, head_slices
from monitor.nlp.reasons import REASON_CODES, WordWeigher

COMPLAINT = "@lumora my parcel is three weeks late and nobody answers. I want my money back, worst service ever!"
THANKS = "Thank you so much @lumora, it came today and I love it"


def analyze(*texts, **more):
    return load_engine().analyze([PostInput(text) for text in texts], **more)


def test_it_tells_a_complaint_from_thanks():
    complaint, thanks = analyze(COMPLAINT, THANKS)
    assert (complaint.complaint, complaint.sentiment, complaint.intent) == (True, "negative", "complaint")
    assert complaint.needs_reply
    assert complaint.severity >= 1
    assert (thanks.complaint, thanks.sentiment, thanks.severity) == (False, "positive", 0)
    assert not thanks.needs_reply


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("My parcel has been stuck in customs for weeks, the tracking does not move", "delivery"),
        ("The dress arrived torn, I want to return it and get a refund", "after_sales"),
        ("The app crashes every time I open it since the update", "app_website"),
        ("My coupon code does not work at checkout", "promotions"),
    ],
)
def test_it_names_the_topic(text, topic):
    assert analyze(text)[0].topic == topic


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("快递等了三个星期还没到，客服也没人理，太差了，要求退款！", "zh"),
        ("Mi paquete lleva tres semanas de retraso y nadie responde. Pésimo servicio, quiero mi dinero", "es"),
        ("Mein Paket ist seit drei Wochen überfällig und niemand antwortet. Schlechtester Service!", "de"),
    ],
)
def test_it_sees_a_complaint_in_other_languages(text, language):
    analysis = analyze(text)[0]
    assert analysis.complaint
    assert analysis.language == language


def test_answers_keep_the_order_of_the_posts():
    texts = [COMPLAINT, "ok", THANKS, "long " * 300, "退款", COMPLAINT]
    together = analyze(*texts)
    alone = [analyze(text)[0] for text in texts]
    assert [a.complaint for a in together] == [a.complaint for a in alone]
    assert [a.topic for a in together] == [a.topic for a in alone]
    assert together[0].complaint_score == pytest.approx(together[5].complaint_score, abs=0.03)


def test_every_field_is_one_of_its_labels_and_scores_are_probabilities():
    for analysis in analyze(COMPLAINT, THANKS, "", "quiero vender en su tienda"):
        assert analysis.intent in INTENTS
        assert analysis.audience in AUDIENCES
        assert analysis.severity in range(4)
        assert set(analysis.topic_scores) == set(TOPICS)
        assert set(analysis.sentiment_scores) == set(SENTIMENTS)
        assert sum(analysis.topic_scores.values()) == pytest.approx(1, abs=0.01)
        assert all(0 <= value <= 1 for value in (analysis.complaint_score, analysis.escalate_score))
        assert analysis.model == load_engine().version


BAD_TEXTS = {
    "empty": "",
    "spaces": " \n\t ",
    "emoji only": "😀🙏🏽👨‍👩‍👧",
    "nul": "a\x00b\x00",
    "lone surrogate": "late parcel \ud83d",
    "ten thousand a": "a" * 10_000,
    "100 kB": "my parcel is late. " * 5_300,
    "100 kB without a space": "é" * 100_000,
    "mixed scripts": "my 包裹 ist भाई गया 配送 كذا หาย 😡 заказ 택배 پست",
    "combining marks": "e" + "\u0301" * 20_000,
    "right to left controls": "\u202e\u2066abc\u2069",
    "only handles": "@a " * 20_000,
    "unassigned": "\U000e0fff\ufffe\uffff",
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_any_text_gets_an_answer_in_bounded_time(text):
    load_engine().load()
    started = time.process_time()
    analysis = analyze(text)[0]
    assert time.process_time() - started < 10
    assert analysis.intent in INTENTS
    assert np.isfinite(analysis.complaint_score)


def test_a_broken_text_does_not_change_its_neighbours():
    alone = analyze(COMPLAINT)[0]
    among = analyze(*BAD_TEXTS.values(), COMPLAINT)[-1]
    assert among.complaint and among.topic == alone.topic


def test_a_text_without_words_is_no_complaint_and_says_why():
    for analysis in analyze("", "  ", "\u200b", ".", "!!!", "...", "@lumora https://example.com/pic", "\x00"):
        said = (analysis.language, analysis.intent, analysis.complaint, analysis.needs_reply, analysis.audience)
        assert said == ("und", "chatter", False, False, "none")
        assert [reason.code for reason in analysis.reasons] == ["text.empty"]


@pytest.mark.parametrize("glue", ["https://t.co/abc123{}", "@lumora{}", "{}@lumora"])
@pytest.mark.parametrize(
    "text",
    [
        "荷物が届きません。返金してください",
        "收到的是假货，客服一直不理人，要求退款",
        "ของไม่มาส่งเลย ขอเงินคืน",
        "배송이 너무 늦어요 환불해 주세요",
    ],
)
def test_text_that_touches_a_link_or_handle_is_read_as_if_a_space_were_between(glue, text):
    glued, apart = analyze(glue.format(text), glue.replace("{}", " {} ").format(text))
    assert "text.empty" not in {reason.code for reason in (*glued.reasons, *apart.reasons)}
    assert (glued.complaint_score, glued.topic_scores) == (apart.complaint_score, apart.topic_scores)
    assert glued.reasons == apart.reasons


def test_a_question_mark_alone_wants_an_answer_and_complains_of_nothing():
    for analysis in analyze("?", "？？", "@lumora ?!", "؟؟؟", "@lumora ؟", "¿?", "՞", "⸮", "፧", "\u037e؟"):
        assert (analysis.intent, analysis.complaint, analysis.needs_reply) == ("question", False, True)


def test_emoji_and_numbers_alone_are_read():
    angry, number = analyze("😡😡😡", "884512")
    assert angry.sentiment == "negative"
    assert not any(reason.code == "text.empty" for one in (angry, number) for reason in one.reasons)


def test_no_posts_give_no_answers():
    assert analyze() == []


def test_a_complaint_after_long_praise_is_seen():
    praise = "I have been shopping here for years and always loved the colours, the prices and the friendly people. "
    text = praise * 8 + "But now my parcel never arrived, support ignores me and you refuse to refund my money!"
    assert analyze(text)[0].complaint


def test_a_complaint_is_seen_wherever_it_stands_in_very_long_praise():
    praise = "I have been shopping here for years and always loved the colours, the prices and the friendly people. "
    fraud = "Someone used my card on your site and took 300 dollars, this is fraud and nobody at support answers me. "
    texts = [praise * before + fraud + praise * (60 - before) for before in (0, 7, 13, 20, 27, 33, 40, 47, 53, 60)]
    found = [answer.complaint for answer in analyze(*texts)]
    assert sum(found) >= 6  # in windows as wide as those of shorter posts it was two or three
    assert found[0]
    assert found[-1]
    assert not analyze(praise * 60)[0].complaint


def test_reasons_name_the_words_that_decided():
    words = next(reason for reason in analyze(COMPLAINT)[0].reasons if reason.code == "words.complaint").params["words"]
    assert words
    assert all(word in COMPLAINT for word in words)


@pytest.mark.parametrize(
    ("text", "grammar"),
    [
        (COMPLAINT, {"my", "the", "from", "and", "to"}),
        (
            "Mein Paket ist seit drei Wochen nicht da und die Antwort vom Support ist eine Frechheit",
            {"mein", "die", "ist"},
        ),
        ("Mi pedido no ha llegado y los de soporte no me contestan, quiero mi dinero", {"mi", "los", "y", "me", "ha"}),
    ],
    ids=["en", "de", "es"],
)
def test_words_of_grammar_are_no_reason(text, grammar):
    words = next(reason for reason in analyze(text)[0].reasons if reason.code == "words.complaint").params["words"]
    assert words and not grammar & {word.lower() for word in words}


def test_where_only_grammar_speaks_it_is_named():
    class Pushing:
        def word_weights(self, words):
            rows = np.zeros((len(words), 40), dtype=np.float32)
            rows[:, head_slices()["complaint"].start + 1] = 1.0
            return rows

    weigher = WordWeigher(Pushing(), list)
    assert weigher.deciding_words("the of die", "complaint", "en") == ["die"]
    assert weigher.deciding_words("the of", "complaint", "en") == ["the", "of"]
    assert weigher.deciding_words("das die", "complaint", "de-AT") == ["das", "die"]


def test_without_its_words_a_complaint_is_less_of_one():
    analysis = analyze(COMPLAINT)[0]
    words = next(reason for reason in analysis.reasons if reason.code == "words.complaint").params["words"]
    without = " ".join(word for word in COMPLAINT.split() if word.strip(".,!") not in words)
    assert analyze(without)[0].complaint_score < analysis.complaint_score


def test_reasons_hold_no_numbers_of_people():
    analysis = analyze(COMPLAINT + " order 4455667788")[0]
    assert "4455667788" not in str([reason.params for reason in analysis.reasons])


def test_the_words_of_a_long_post_come_from_its_complaint():
    praise = "I love this shop, the quality is great and the colours are beautiful. My sister ordered a dress too. "
    for before in (26, 60):
        text = praise * before + "But the seller charged my card twice and kept my money, this is fraud and no refund."
        analysis = analyze(text)[0]
        assert analysis.complaint and analysis.intent not in ("praise", "chatter", "promotion"), before
        words = next(reason.params["words"] for reason in analysis.reasons if reason.code == "words.complaint")
        assert "fraud" in words and not {"love", "shop", "dress", "colours"} & set(words), (before, words)


def test_a_word_without_spaces_that_decides_is_a_word():
    text = "我在你们平台买的手机坏了客服也不回复我鱻太过分了骗子请马上退款"
    words = next(reason.params["words"] for reason in analyze(text)[0].reasons if reason.code == "words.complaint")
    assert words and max(map(len, words)) <= 4


@pytest.mark.parametrize(("severity", "said"), [(0, "praise"), (1, "praise"), (2, "question"), (3, "question")])
def test_no_intent_contradicts_the_verdict(severity, said):
    order = ("promotion", "chatter", "praise", "question", "follow_up", "complaint")
    likelier = np.array([0.3 - 0.05 * order.index(intent) for intent in INTENTS])
    assert choose_intent(likelier, severity) == (said if severity else "promotion")
    only_complaint = np.array([float(intent == "complaint") for intent in INTENTS])
    assert (choose_intent(only_complaint, severity) == "complaint") == (severity > 0)


def test_a_model_of_ones_own_is_used_where_the_setting_names_its_folder(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(MODEL_FOLDER, folder)
    about = json.loads((folder / "model.json").read_text()) | {"version": "own-12345678"}
    (folder / "model.json").write_text(json.dumps(about))
    monkeypatch.setenv("MENTIONDESK_MODEL", str(folder))
    load_engine.cache_clear()
    try:
        assert analyze(COMPLAINT)[0].model == "own-12345678"
        (folder / "linear.npz").unlink()
        load_engine.cache_clear()
        with pytest.raises(HubModelError, match=r"linear\.npz is not there. Name the folder that `make train` wrote"):
            analyze(COMPLAINT)
    finally:
        load_engine.cache_clear()


def test_every_reason_has_a_published_code():
    texts = [COMPLAINT, THANKS, "", "my seller account was suspended, I appeal", "I will sue you for fraud"]
    codes = {reason.code for analysis in analyze(*texts) for reason in analysis.reasons}
    assert codes <= set(REASON_CODES)


def test_verdicts_do_not_contradict_each_other():
    for analysis in analyze(COMPLAINT, THANKS, "when will it ship?", "meh", "never again"):
        assert (analysis.severity > 0) == analysis.complaint
        assert analysis.complaint or analysis.intent != "complaint"


def test_entities_come_with_the_brands_patterns():
    found = analyze("LM-12 is late", order_patterns=[r"LM-\d+"])[0].entities
    assert [(entity.kind, entity.value) for entity in found] == [("order_number", "LM-12")]


def test_places_of_entities_count_in_the_text_as_it_was_given():
    text = "\x00\x00 ana@example.com\ud800 or +44 20 7946 0958"
    found = [text[entity.start : entity.end] for entity in analyze(text)[0].entities]
    assert found == ["ana@example.com", "+44 20 7946 0958"]


def test_an_analysis_has_the_published_fields():
    assert [field.name for field in fields(PostAnalysis)][:14] == [
        "language", "intent", "needs_reply", "needs_reply_score", "sentiment", "sentiment_scores", "complaint",
        "complaint_score", "severity", "escalate", "escalate_score", "topic", "topic_scores", "audience",
    ]  # fmt: skip


def test_heads_cover_the_taxonomy():
    assert len(HEADS["topic"]) == 12
    assert len(HEADS["intent"]) == 6
