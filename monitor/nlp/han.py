"""Tells Chinese in either spelling and Japanese with little or no kana apart, by characters and a few words.

Which characters Japanese writes, and which shapes only it has, is read from the standards behind Python's codecs.
"""

import re
from functools import lru_cache
from itertools import product
from typing import Final

# The commonest characters that only one of the two Chinese spellings has.
_TRADITIONAL: Final = frozenset(
    "們這個來麼嗎會沒說為對還過樣時現點謝讓著給別話裡見兒該聽媽發當經覺愛從後問間錯誰種訴無進長幫歡應請認車實"
    "動關電殺機國親帶爾東兩錢學記離題許稱邊辦結總體變場確於難剛計處談氣備幾準將試戰門羅員樂報隊證與遠醫夠須興"
    "槍師決識傷號貝產內聲亞萬軍達選擔運買單續簡飛擊寶條絕護瘋蘭繼寫緊論張況卻統議壞盡視險煩靜聯業隨裝麗維歲賽"
    "鐘禮調務並數傳輕線轉趕係閉風願倫惡夢腦據滿參終監復講奧組戲節責討賣爭語術腳費團塊圖區喬亂納傑臉絲權劃連顧"
    "義麥頓負資斷"
)
_SIMPLIFIED: Final = frozenset(
    "还个没买错间东点说时价机发过给务觉货电样质装实评较书开头着别问满无当动欢经两员内网设题裤总应适费递态车门"
    "换华声热国级气显坏号钱楼图关鲜带长够标选订难键贵读烂视统观盘携卖与虽条连处强宝赞写调线试码优馆议语细预续"
    "论卫运钟净择业数区远饭户厅却极赠节营万联乐张决复层达红严响讲驱补戏温骗铃贴双习畅静验识顺频轻专礼随际赖广"
    "转劲赶恶历维顾紧笔导纸盖断载怀闻终围灯丰触绍园页闷误灵损输虑乱销惯责领异负录积签压惊齐谓启属询阅弹词杂络"
    "坚义档济饮测厂扫败资纹银稳帐项状拥锁荣墙"
)
#: Words that Chinese does not have, of characters that it has.
_JAPANESE_WORDS: Final = re.compile(
    "返金|返品|返送|注文|荷物|送料|無料|手数料|未着|到着(?![急火装凉涼])|残念|予定|偽物|画像|在庫|相違|至急|早急|受取|問合|"
    "不具合|激安|格安|品切|素敵|初期不良|二重|再配|不在票|申込|取扱|見積|割引|手配|受付|株式|会員|登録|番号"
)
_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_HAN: Final = re.compile("[\u3400-\u9fff]")
_OF: Final = "の"  # Chinese brands write it for the look of it


def name_han(text: str, hint: str, *, may_be_japanese: bool) -> str:
    """ "ja", "zh" or "zh-Hant" for a text of Han characters. A hint of Japanese is only believed where it may be."""
    japanese, chinese = _weigh(text)
    if japanese > chinese + (hint in ("zh", "zh-Hant")) or (hint == "ja" and may_be_japanese and not chinese):
        return "ja"
    traditional = sum(letter in _TRADITIONAL for letter in text)
    simplified = sum(letter in _SIMPLIFIED for letter in text)
    if traditional == simplified:
        return "zh-Hant" if hint == "zh-Hant" else "zh"
    return "zh-Hant" if traditional > simplified else "zh"


def _weigh(text: str) -> tuple[float, int]:
    """What speaks for Japanese (its kana, shapes, words, both spellings of Chinese in one text) and for Chinese
    (characters that are not among the three thousand common ones of Japanese)."""
    letters = _HAN.findall(text)
    shapes = _japanese_characters()
    kinds = [shapes.get(letter, "") for letter in letters]
    kana = sum(0.5 if letter == _OF else 1 for letter in _KANA.findall(text))
    mixed = min(kinds.count("simplified"), kinds.count("traditional"))
    return kana + kinds.count("own") + mixed + len(_JAPANESE_WORDS.findall(text)), kinds.count("")


@lru_cache(maxsize=1)
def _japanese_characters() -> dict[str, str]:
    """The characters of JIS X 0208, level 1: "own" where neither GB 2312 nor Big5 has them, "simplified" where only
    the first, "traditional" where only the second has, "shared" where both have."""
    names = {(False, False): "own", (True, False): "simplified", (False, True): "traditional", (True, True): "shared"}
    found = {}
    for row, cell in product(range(0xB0, 0xD0), range(0xA1, 0xFF)):
        character = bytes((row, cell)).decode("euc_jp", "ignore")
        if character:
            found[character] = names[_is_in(character, "gb2312"), _is_in(character, "big5")]
    return found


def _is_in(character: str, encoding: str) -> bool:
    return bool(character.encode(encoding, "ignore"))
