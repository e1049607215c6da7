"""Chinese and Japanese in Han characters alone; the posts by language are in test_shared_scripts.py."""

import pytest

from monitor.nlp.language import identify_language


@pytest.mark.parametrize("text", ["配送遅い。最悪", "商品未到着。返金希望", "電話対応最悪", "在庫切れ", "配送の件"])
def test_japanese_with_one_kana_or_none_is_japanese(text):
    assert identify_language(text) == "ja"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("鲜の味奶茶很好喝", "zh"),  # a brand's letter
        ("等到着急死了，还没发货", "zh"),  # holds 到着
        ("关注文章很久了", "zh"),  # holds 注文
        ("退款", "zh"),
        ("還沒收到退款，請處理", "zh-Hant"),
    ],
)
def test_chinese_stays_chinese(text, language):
    assert identify_language(text) == language


def test_a_hint_of_japanese_is_believed_of_a_few_shared_characters_only():
    assert identify_language("品質最低", "ja") == "ja"
    assert identify_language("质量很差", "ja") == "zh"


def test_a_hint_of_chinese_weighs_as_much_as_one_sign_of_japanese():
    assert identify_language("返品希望", "zh-TW") == "zh-Hant"
    assert identify_language("配送遅延、最悪", "zh") == "ja"
