"""Says which language a short, noisy post is in: the script first, then letter n-grams where a script is shared.

Answers are BCP 47 tags ("pt", "zh-Hant", "hi-Latn" for romanised Hindi) or UNKNOWN ("und") where nothing is written:
emoji, links, numbers, a single ambiguous word.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.ngrams import count_ngrams

UNKNOWN: Final = "und"
SIZES: Final = range(1, 5)
_MODEL = Path(__file__).parent / "model" / "languages.npz"
_READ = 600  # characters; the language of a post shows early

_NOISE = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|(?<!\w)@\w+|__\w+?__|&\w+;|\bRT\b|[\d_]+")
_REPEATED = re.compile(r"(\w)\1{2,}")
_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])+")

#: Script → first and last code points. Scripts of one language in our reach answer by themselves.
_SCRIPTS: Final = (
    ("Latin", "A-Za-z\u00aa-\u024f\u1e00-\u1eff\uff21-\uff5a"),
    ("Greek", "\u0370-\u03ff"),
    ("Cyrillic", "\u0400-\u052f"),
    ("Armenian", "\u0530-\u058f"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff"),
    ("Devanagari", "\u0900-\u097f"),
    ("Bengali", "\u0980-\u09ff"),
    ("Gurmukhi", "\u0a00-\u0a7f"),
    ("Gujarati", "\u0a80-\u0aff"),
    ("Tamil", "\u0b80-\u0bff"),
    ("Telugu", "\u0c00-\u0c7f"),
    ("Kannada", "\u0c80-\u0cff"),
    ("Malayalam", "\u0d00-\u0d7f"),
    ("Sinhala", "\u0d80-\u0dff"),
    ("Thai", "\u0e00-\u0e7f"),
    ("Lao", "\u0e80-\u0eff"),
    ("Myanmar", "\u1000-\u109f"),
    ("Georgian", "\u10a0-\u10ff"),
    ("Hangul", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"),
    ("Ethiopic", "\u1200-\u137f"),
    ("Khmer", "\u1780-\u17ff"),
    ("Kana", "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
)
_SCRIPT_OF = re.compile("|".join(f"(?P<{name}>[{span}])" for name, span in _SCRIPTS))
_ONE_LANGUAGE: Final = {
    "Greek": "el", "Armenian": "hy", "Hebrew": "he", "Bengali": "bn", "Gurmukhi": "pa", "Gujarati": "gu", "Tamil": "ta",
    "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Sinhala": "si", "Thai": "th", "Lao": "lo", "Myanmar": "my",
    "Georgian": "ka", "Hangul": "ko", "Ethiopic": "am", "Khmer": "km", "Kana": "ja",
}  # fmt: skip
#: One letter of these scripts says about as much as two or three of an alphabet.
_SCRIPT_WEIGHTS: Final = {"Han": 3, "Kana": 3, "Hangul": 2}
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
#: The languages that are written in Latin letters and told apart by n-grams; the order of the model's columns.
LATIN: Final = ("en", "de", "es", "fr", "id", "it", "ms", "nl", "pl", "pt", "tl", "tr", "vi", "hi-Latn")
_BY_LETTER: Final = {
    "Cyrillic": ((re.compile("[іїєґ]", re.I), "uk"), (re.compile("[ѓќѕџљњћђј]", re.I), "sr"), (re.compile(""), "ru")),
    "Arabic": ((re.compile("[ٹڈڑےں]"), "ur"), (re.compile("[پچژگ]"), "fa"), (re.compile(""), "ar")),
    "Devanagari": ((re.compile("ळ|आहे|नाही"), "mr"), (re.compile(""), "hi")),
}
#: What platforms say → our tags; a hint that says nothing is left out.
_HINTS: Final = {
    "in": "id",
    "iw": "he",
    "fil": "tl",
    "zh-cn": "zh",
    "zh-hans": "zh",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "ja-latn": "",
}
_HINT_BONUS: Final = 3.0  # nats: what a platform's own hint is worth
_MARGIN: Final = 0.5  # nats between the best and the second, below which a very short text is unknown
_SHORT: Final = 9  # letters


def strip_noise(text: str) -> str:
    """The words of a post alone, in lower case: without addresses, handles, numbers and symbols."""
    return " ".join(_LETTERS.findall(_REPEATED.sub(r"\1\1", _NOISE.sub(" ", text[:_READ]).lower())))


def identify_languages(texts: Sequence[str], hints: Sequence[str] = ()) -> list[str]:
    """One tag a text. `hints` are what the platform says ("" for nothing), used as a prior, never believed blindly."""
    answers: list[str] = []
    latin: list[tuple[int, str, str]] = []
    for row, text in enumerate(texts):
        words = strip_noise(text)
        hint = _clean_hint(hints[row] if hints else "")
        script = _main_script(words, hint)
        if script == "Latin":
            latin.append((row, words, hint))
        answers.append(_by_script(script, words, hint))
    if latin:
        scores = _model().score([words for _, words, _ in latin])
        for (row, words, hint), score in zip(latin, scores, strict=True):
            answers[row] = _choose(words, hint, score)
    return answers


def identify_language(text: str, hint: str = "") -> str:
    return identify_languages([text], [hint])[0]


def _clean_hint(hint: str) -> str:
    lowered = hint.strip().lower()
    return _HINTS.get(lowered, lowered.split("-")[0] if lowered != "hi-latn" else "hi-Latn")


def _main_script(words: str, hint: str) -> str:
    """The script that carries most of the text, "" for none."""
    counts = Counter(match.lastgroup or "" for match in _SCRIPT_OF.finditer(words))
    if not counts:
        return ""
    script = max(counts, key=lambda name: counts[name] * _SCRIPT_WEIGHTS.get(name, 1))
    has_kana = counts["Kana"] >= 2 or (counts["Kana"] and hint == "ja")
    is_japanese = script == "Han" and (has_kana or (hint == "ja" and counts["Han"] <= _SHORT))
    return "Kana" if is_japanese else script


def _by_script(script: str, words: str, hint: str) -> str:
    """The language where the script tells it; UNKNOWN for Latin, which the n-grams decide."""
    for pattern, language in _BY_LETTER.get(script, ()):
        if pattern.search(words):
            return language
    if script == "Han":
        traditional = sum(letter in _TRADITIONAL for letter in words)
        return "zh-Hant" if traditional > sum(letter in _SIMPLIFIED for letter in words) else "zh"
    return _ONE_LANGUAGE.get(script, UNKNOWN)


def _choose(words: str, hint: str, scores: NDArray[np.float32]) -> str:
    """The likeliest Latin-script language, or the hint (else unknown) where a few letters do not tell."""
    hint = "hi-Latn" if hint == "hi" else hint
    values = scores + np.array([_HINT_BONUS * (language == hint) for language in LATIN], dtype=np.float32)
    first, second = np.argsort(-values)[:2]
    letters = len(words.replace(" ", ""))
    if letters < _SHORT and (letters < 3 or values[first] - values[second] < _MARGIN):
        return hint if hint in LATIN else UNKNOWN
    return LATIN[first]


class LanguageModel:
    """Naive Bayes over hashed letter n-grams: log-probability by bucket and language, int8 with one scale."""

    def __init__(self, weights: NDArray[np.int8], scale: float) -> None:
        self._weights = weights
        self._scale = scale
        self._bits = int(len(weights)).bit_length() - 1

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = count_ngrams(texts, bits=self._bits, sizes=SIZES, has_words=True)
        rows = np.zeros((len(texts), self._weights.shape[1]), dtype=np.float32)
        for row, (start, stop) in enumerate(pairwise(counts.starts)):
            seen = self._weights[counts.buckets[start:stop]].astype(np.float32)
            rows[row] = np.minimum(counts.counts[start:stop], 3) @ seen
        return rows * self._scale


@lru_cache(maxsize=1)
def _model() -> LanguageModel:
    with np.load(_MODEL, allow_pickle=False) as stored:
        return LanguageModel(stored["weights"], float(stored["scale"]))
