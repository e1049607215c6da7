"""Languages of short posts, with the platform's hint as a prior."""

import pytest

from monitor.nlp.language import UNKNOWN, identify_language, identify_languages


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
    ["", "   ", "😀😀😀", "https://example.com/un/jour", "12345 67", "@ana @lumora", "!!! ???", "\x00", "\ud800"],
)
def test_a_post_without_words_has_no_language(text):
    assert identify_language(text) == UNKNOWN


def test_the_hint_decides_where_the_text_does_not():
    assert identify_language("ok", "pt") == "pt"
    assert identify_language("配送遅延", "ja") == "ja"


def test_a_wrong_hint_does_not_overrule_a_clear_text():
    assert identify_language("Where is my parcel? It was due last week", "de") == "en"
    assert identify_language("我的包裹在哪里？", "en") == "zh"


def test_hints_are_read_as_platforms_write_them():
    assert identify_language("oke", "in") == "id"
    assert identify_language("accha", "hi") == "hi-Latn"


def test_a_hint_that_says_nothing_is_ignored():
    assert identify_language("😀", "qme") == UNKNOWN


def test_answers_keep_the_order_of_the_posts():
    texts = ["我的包裹在哪里？", "", "Wo bleibt mein Paket? Ich warte", "Привет, где заказ"]
    assert identify_languages(texts) == ["zh", UNKNOWN, "de", "ru"]
