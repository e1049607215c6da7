"""Languages of short posts, with the platform's hint as a prior.

`other_languages.tsv` are posts of our own in twelve languages that the model does not know, and gibberish.
"""

import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import monitor.nlp
from monitor.nlp.bench import language_work
from monitor.nlp.language import LATIN, UNKNOWN, LanguageModel, identify_language, identify_languages
from monitor.nlp.language_hints import read_hint
from monitor.nlp.scripts import LATIN_SCRIPT, read_scripts
from monitor.nlp.train.corpora import read_rows

OTHERS = list(read_rows(Path(__file__).parent / "other_languages.tsv"))
OWN_CORPUS = Path(monitor.nlp.__file__).parent / "train" / "corpus"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel? It was due last week", "en"),
        ("¿Dónde está mi pedido? Llevo una semana esperando", "es"),
        ("Où est mon colis ? Je l'attends depuis une semaine", "fr"),
        ("Wo bleibt mein Paket? Ich warte seit einer Woche", "de"),
        ("Dov'è il mio pacco? Lo aspetto da una settimana", "it"),
        ("Cadê minha encomenda? Estou esperando há uma semana", "pt"),
        ("Waar blijft mijn pakket? Ik wacht al een week", "nl"),
        ("Gdzie jest moja paczka? Czekam już tydzień", "pl"),
        ("Kargom nerede? Bir haftadır bekliyorum", "tr"),
        ("Paket saya di mana? Sudah seminggu menunggu", "id"),
        ("Đơn hàng của tôi đâu? Tôi đợi cả tuần rồi", "vi"),
        ("我的包裹在哪里？已经等了一个星期了", "zh"),
        ("我的包裹在哪裡？已經等了一個星期了", "zh-Hant"),
        ("荷物はどこですか？一週間待っています", "ja"),
        ("제 택배 어디 있어요? 일주일째 기다려요", "ko"),
        ("พัสดุของฉันอยู่ไหน รอมาหนึ่งสัปดาห์แล้ว", "th"),
        ("أين طردي؟ أنتظر منذ أسبوع", "ar"),
        ("मेरा पार्सल कहाँ है? एक हफ्ते से इंतज़ार है", "hi"),
        ("bhai mera order kab aayega, ek hafte se wait kar raha hoon", "hi-Latn"),
        ("Где моя посылка? Жду уже неделю", "ru"),
        ("Де моя посилка? Чекаю вже тиждень, її немає", "uk"),
        ("Πού είναι το δέμα μου;", "el"),
        ("איפה החבילה שלי?", "he"),
        ("আমার পার্সেল কোথায়?", "bn"),
    ],
)
def test_it_names_the_language_of_a_post(text, language):
    assert identify_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n",
        "\x00",
        "\ud800",
        "!!! ???",
        "…",
        "😀😀😀",
        "👍🏽🇧🇷❤️",
        "🈚🆗",
        "ಠ_ಠ",
        "¯\\_(ツ)_/¯",
        ":-D :P",
        "xD",
        "XDDDD",
        "12345 67",
        "٣٤٥",
        "3kg",
        "$8.95",
        "10:30am",
        "1st",
        "+49 170 1234567",
        "AB123456789DE",
        "½ ² ℃ ™",
        "https://example.com/un/jour",
        "http",
        "http/URL",
        "www.lumora.example",
        "bit.ly/abcdefg",
        "lumora.com",
        "(https://example.com/where/is/my/parcel)",
        "ana.lopez@lumora.com",
        "@ana @lumora",
        "@ana: @lumora!",
        "RT @ana: https://example.com/la/casa",
        "__order__ __email__",
        "&amp; &lt;3",
        "@ana 😀 https://example.com/x 12",
    ],  # fmt: skip
)
def test_a_post_without_words_has_no_language(text):
    assert identify_language(text) == UNKNOWN


def test_the_hint_decides_where_the_text_does_not():
    assert identify_language("ok", "pt") == "pt"
    assert identify_language("配送遅延", "ja") == "ja"


def test_a_wrong_hint_does_not_overrule_a_clear_text():
    assert identify_language("Where is my parcel? It was due last week", "de") == "en"
    assert identify_language("我的包裹在哪里？", "en") == "zh"


def test_a_hint_tells_languages_of_one_script_apart():
    assert identify_language("Къде е моята пратка", "bg") == "bg"
    assert identify_language("کجاست", "fa") == "fa"
    assert identify_language("配送", "zh-TW") == "zh-Hant"


def test_letters_of_one_language_alone_count_more_than_a_hint_of_the_common_one():
    assert identify_language("Де моя посилка? Її немає", "ru") == "uk"
    assert identify_language("بسته من کجاست؟ پس چرا نمی‌رسد", "ar") == "fa"
    assert identify_language("我的包裹还没到，已经一个星期了", "zh-TW") == "zh"


def test_a_hint_of_another_script_is_not_believed():
    assert identify_language("Где моя посылка? Жду уже неделю", "ar") == "ru"
    assert identify_language("Where is my parcel? It was due last week", "th") == "en"


def test_hints_are_read_as_platforms_write_them():
    assert identify_language("oke", "in") == "id"
    assert identify_language("accha", "hi") == "hi-Latn"


def test_a_hint_that_says_nothing_is_ignored():
    assert identify_language("😀", "qme") == UNKNOWN


@pytest.mark.parametrize("hint", ["ja", "jpn", "ara", "rus"])
def test_a_code_of_three_letters_is_the_same_hint_as_one_of_two(hint):
    assert identify_language("ok", hint) == UNKNOWN
    assert identify_language("سلام", "fas") == identify_language("سلام", "fa") == "fa"


@pytest.mark.parametrize(
    "noise",
    [
        "@ana " * 200,
        "https://lumora.example/?fbclid=" + "a1B" * 1500 + " ",
        "@ana\nhttps://lumora.example/un/jour " * 60,
    ],
)
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Dónde está mi pedido? Llevo una semana esperando", "es"),
        ("Де моя посилка? Її немає", "uk"),
        ("发货太慢", "zh"),
    ],
)
def test_handles_and_addresses_do_not_fill_what_is_read(noise, text, language):
    assert identify_language(noise + text) == language


def test_answers_keep_the_order_of_the_posts():
    texts = ["我的包裹在哪里？", "", "Wo bleibt mein Paket? Ich warte", "Привет, где заказ"]
    assert identify_languages(texts) == ["zh", UNKNOWN, "de", "ru"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hola @ana, mira https://example.com/x :D", " hola mira "),
        ("soooooo goooood hahahahaha banana", " soo good hahah banana "),
        ("rock&amp;roll he/she 3pm AB12345678", " rock roll he she "),
        ("RT @ana: __order__ ok", " ok "),
        ("ＨＥＬＬＯ 𝓗𝓮𝓵𝓵𝓸", " hello hello "),
        ("你好hello世界", " hello "),
        ("İYİ", " iyi "),
    ],
)
def test_only_words_are_read(text, words):
    points, owners = read_scripts([text]).words_of(np.array([0]), LATIN_SCRIPT)
    assert "".join(map(chr, points)) == words
    assert not owners.any()


def test_words_stay_with_their_post():
    reading = read_scripts(["uno dos", "😀", "три", "four"])
    points, owners = reading.words_of(np.array([0, 3]), LATIN_SCRIPT)
    assert ["".join(map(chr, points[owners == row])) for row in (0, 1)] == [" uno dos ", " four "]


def test_composed_and_decomposed_accents_read_the_same():
    text = "Đơn hàng của tôi đâu rồi"
    assert identify_language(unicodedata.normalize("NFD", text)) == identify_language(text) == "vi"


def test_a_post_is_answered_alike_alone_and_in_a_batch():
    texts = [
        "Wo bleibt mein Paket?",
        "ok",
        "Cadê minha encomenda?",
        "",
        "bhai mera order kab aayega",
        "荷物はどこですか",
    ]
    assert identify_languages(texts * 3) == [identify_language(text) for text in texts] * 3


def test_most_posts_in_a_language_that_the_model_does_not_know_are_in_no_other():
    found = identify_languages([row["text"] for row in OTHERS])
    right = [language in (UNKNOWN, row["lang"]) for language, row in zip(found, OTHERS, strict=True)]
    assert np.mean(right) >= 0.9


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Xiaomi Redmi Note не работает", "", "ru"),
        ("Xiaomi Redmi Note не работает", "ru", "ru"),
        ("Nintendo Switch OLED לא עובד", "he", "he"),
        ("Nintendo Switch OLED δεν ανοίγει", "", "el"),
        ("iPhone 15 Pro Max 256GB Natural Titanium 届かない", "", "ja"),
        ("Galaxy S24 Ultra 512GB 배송 안 와요", "ko", "ko"),
        ("MacBook Pro Max 坏了", "zh", "zh"),
        ("Samsung Galaxy Buds Pro เสีย", "", "th"),
        ("#Lumora #CustomerService #fail 最悪", "", "ja"),
        ("PlayStation Store refund التطبيق لا يعمل", "ar", "ar"),
    ],
)
def test_names_of_products_do_not_outvote_the_words_beside_them(text, hint, language):
    assert identify_language(text, hint) == language


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("I bought this in the shop on улица", ""),
        ("where is my order from 北京 please tell me", "de"),
        ("The new album by Ω is out, and I love it", "el"),
    ],
)
def test_a_foreign_name_in_a_sentence_does_not_outvote_it(text, hint):
    assert identify_language(text, hint) == "en"


@pytest.mark.parametrize("language", ["sv", "nb", "hu", "cs", "ro", "hr"])
def test_letters_that_only_others_have_are_evidence(language):
    assert {identify_language(row["text"]) for row in OTHERS if row["lang"] == language} == {UNKNOWN}


def test_gibberish_is_in_no_language():
    texts = [row["text"] for row in OTHERS if row["lang"] == UNKNOWN]
    assert len(texts) == 8
    assert set(identify_languages(texts)) == {UNKNOWN}
    assert identify_language("qzxv wkjq zzqw pfft", "es") == UNKNOWN


def test_the_hint_names_a_language_that_the_model_does_not_know():
    rows = [row for row in OTHERS if row["lang"] != UNKNOWN]
    found = identify_languages([row["text"] for row in rows], [row["lang"].split("-")[0] for row in rows])
    right = [language == row["lang"] for language, row in zip(found, rows, strict=True)]
    assert np.mean(right) >= 0.97


def test_a_hint_of_an_unknown_language_does_not_overrule_a_clear_text():
    rows = [row for row in read_rows(OWN_CORPUS / "composed.tsv") if row["lang"] in LATIN and len(row["text"]) > 60]
    texts = [row["text"] for row in rows[:400]]
    found = identify_languages(texts, ["sv"] * len(texts))
    assert np.mean([language == row["lang"] for language, row in zip(found, rows, strict=False)]) >= 0.9


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("tack!", "sv", "sv"),
        ("gracias", "sv", "es"),
        ("ok", "ja", UNKNOWN),
        ("ok", "ru", UNKNOWN),
        ("Xperia Pro Max Ultra", "ja", UNKNOWN),
        ("gde moya posylka, zhdu uzhe nedelyu", "ru", "ru-Latn"),
        ("Amar parcel kothay?", "bn", "bn-Latn"),
        ("Gdje je moj paket?", "sr", "sr-Latn"),
    ],
)
def test_a_hint_beyond_the_fourteen_answers_for_letters_that_do_not_tell(text, hint, language):
    assert identify_language(text, hint) == language


@pytest.mark.parametrize(
    ("hint", "language"),
    [
        ("sv", "sv"), ("pt-BR", "pt"), ("en_GB", "en"), (" FI ", "fi"), ("eng", "en"), ("fil", "tl"), ("in", "id"),
        ("zh-TW", "zh-Hant"), ("zh-Hant-TW", "zh-Hant"), ("zh_Hant_HK", "zh-Hant"), ("zh-Hans-TW", "zh"),
        ("hi-Latn", "hi-Latn"), ("hi-Latn-IN", "hi-Latn"), ("ckb", "ckb"),
        ("jpn", "ja"), ("ara", "ar"), ("rus", "ru"), ("fas", "fa"), ("per", "fa"), ("zho", "zh"), ("ceb", "ceb"),
        ("und", ""), ("qme", ""), ("qht", ""), ("zxx", ""), ("art", ""), ("", ""), ("x", ""), ("english", ""),
        ("s1", ""), ("<b>", ""), ("\ud800", ""),
    ],
)  # fmt: skip
def test_only_a_hint_that_names_a_language_is_one(hint, language):
    assert read_hint(hint) == language


#: What has made expressions slow: one letter of a pair without the other, long runs, in each script with rules.
HOSTILE = {
    "a": "a", "pairs": "ab", "handles": "@", "dots": "a.b", "entities": "&", "digits": "1a", "foreign": "å",
    "Vietnamese": "ệ", "faces": "ツ ", "fancy": "\U0001d4d7", "marks": "a\u0301", "Persian": "پ", "Persian turn": "ی",
    "Arabic": "ا", "Urdu": "ک", "Cyrillic": "ж", "Greek": "ж ω", "Hebrew": "א", "Devanagari": "छ", "Nepali": "छन्",
    "Bengali": "আ", "Gurmukhi": "ਅ", "Gujarati": "અ", "Odia": "ଅ", "Tamil": "அ", "Telugu": "అ", "Kannada": "ಅ",
    "Malayalam": "അ", "Sinhala": "අ", "Thai": "ก", "Lao": "ກ", "Tibetan": "ཀ", "Myanmar": "က", "Georgian": "ა",
    "Hangul": "한", "Ethiopic": "አ", "Khmer": "ក", "kana": "あ", "Han": "们", "Armenian": "ա",
}  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("hint", ["", "fa"])
def test_a_huge_post_takes_no_longer_than_another(piece, hint):
    identify_language("warm")
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    identify_language(text, hint)
    assert time.process_time() - started < 0.5


def test_a_score_is_the_sum_of_the_weights_of_the_letters():
    weights = np.zeros((1 << 8, len(LATIN)), dtype=np.int8)
    weights[:, 3] = 2
    points, owners = read_scripts(["abc", "de"]).words_of(np.array([0, 1]), LATIN_SCRIPT)
    bias = np.zeros(len(LATIN), dtype=np.float32)
    bias[4] = 7
    scores = LanguageModel(weights, 0.5, bias).score(points, owners, 2)
    grams = [sum(max(length - size + 1, 0) for size in range(1, 6)) for length in (5, 4)]  # with a space on each side
    assert scores[:, 3].tolist() == [float(count) for count in grams]
    assert scores[:, 4].tolist() == [7, 7]
    assert not scores[:, :3].any()


def test_the_bench_measures_ours_in_any_case():
    work = language_work(["Wo bleibt mein Paket?", "Where is my parcel?"])
    assert work["languages"]() is None
    assert set(work) <= {"languages", "py3langid"}
