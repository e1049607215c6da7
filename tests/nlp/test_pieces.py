"""Words of scripts without spaces: no reason is a bare letter, a vowel sign or a bit of an ending."""

import pytest

from monitor.nlp.engine import load_engine
from monitor.nlp.pieces import join_pieces


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ("注文|し|た|商品|が|届|かない|し", "注文した 商品 届かないし"),
        ("や|め|る|使え|ま|す|か", "使えます"),
        ("わな|返事|が|な|い|ない", "返事 ない"),
        ("タ|ン|ス|エ|ン|ト|リ|ー|の|ー", "タンスエントリー"),
        ("ク|ー|ポ|ン|の|ケ|ア|・|サ|ポ|ー|ト", "クーポン ケア サポート"),
        ("収到|假|货", "収到 假 货"),
        ("แก|ะ|กล|่|อ|ง", "แกะ กล่อง"),
        ("เด|ื|อ|น|เ|พ|ื|่|อ|น", "เดือน เพื่อน"),
        ("เดอ|ร|์|ท|ำ", "เดอร์ ทำ"),
        ("ย|้|า|ย|ไป", "ย้าย ไป"),
        ("ຍ|ັ|ງ|ບ|ໍ|່|ໄ|ດ|້", "ຍັງ ບໍ່ ໄດ້"),
        ("ပ|စ|္|စ|ည|်|း|ပ|ျ|က|်", "စ္စည်း ပျက်"),
        ("ម|ិ|ន|ទ|ា|ន|់", "មិន ទាន់"),
        ("དཀའ|་|ང|ལ|་", "དཀའ ངལ"),
        ("|ไม่|", "ไม่"),
        ("", ""),
    ],
)
def test_pieces_are_put_together_until_none_is_a_fragment(pieces: str, words: str) -> None:
    assert join_pieces(pieces.split("|")) == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("لَمْ يَصِلْ طَلَبِي، خِدْمَة سَيِّئَة", ["لَمْ", "يَصِلْ", "طَلَبِي", "خِدْمَة", "سَيِّئَة"]),
        ("הַזְמָנָה לא־הגיעה", ["הַזְמָנָה", "לא", "הגיעה"]),
        ("می‌خواهم نمی‌شود", ["می‌خواهم", "نمی‌شود"]),
        ("मेरा ऑर्डर नहीं आया।", ["मेरा", "ऑर्डर", "नहीं", "आया"]),
        ("@lumora客服https://t.co/a배송 늦", ["客服", "배송", "늦"]),
    ],
)
def test_marks_belong_to_the_word_and_handles_and_addresses_are_none(text: str, words: list[str]) -> None:
    found = load_engine().words(text)
    assert [word for word in found if word in words] == words
    assert "".join(found) == "".join(words)
