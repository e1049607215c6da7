"""The two forms of a text that the models read."""

import pytest

from monitor.nlp.normalise import fold, normalise, simplify


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("@LumoraHelp where is it?", "@care where is it?"),
        ("@lumora_support @anna look", "@care @user look"),
        ("write to anna@support.example", "write to anna@support.example"),
        ("see https://t.co/abc NOW", "see http now"),
        ("HTTPS://SHOP.COM/ITEM broke, awww.so sad", "http broke, awww.so sad"),
        ("https://t.co/abc荷物が届きません。", "http 荷物が届きません。"),
        ("你好@Apple客服你们 @LumoraHelp退款", "你好 @user 客服你们 @care 退款"),
        ("@京东客服 快递，@กล้วย", "@user 快递,@user้วย"),
        ("order 1234567890", "order 000"),
        ("sooooo late", "sooo late"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("café Ünïted", "cafe united"),
        ("", ""),
    ],
)
def test_it_keeps_what_was_said_and_drops_who_was_named(written: str, read: str) -> None:
    assert normalise(written) == read


def test_simplified_texts_keep_every_mark_and_syllable_and_fold_to_what_is_normalised() -> None:
    for written, read in (
        ("@LumoraHelp RÉPONSE à ma réclamation​", "@care réponse à ma réclamation"),
        ("배송이 너무 늦어요", "배송이 너무 늦어요"),
        ("İade ĞÜZEL", "i̇ade ğüzel"),
        ("ｶﾞﾁｬ", "ガチャ"),
        ("إِرْجَاع", "إِرْجَاع"),
    ):
        assert simplify(written) == read
        assert fold(simplify(written)) == normalise(written)
        assert simplify(simplify(written)) == simplify(written)
    assert normalise("@LumoraHelp RÉPONSE") == "@care reponse"


def test_it_keeps_marks_that_carry_the_word() -> None:
    assert normalise("नहीं") == "नहीं"
    assert normalise("น้ำ") != normalise("นำ")
