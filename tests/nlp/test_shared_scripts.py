"""Languages that share a script, short posts of few words: `shared_scripts.tsv` and `short_posts.tsv` are our own, some
twenty a language, written before the words that tell them were. The language "other" stands for neither Hinglish nor
Tagalog. `near_languages.tsv` are those of neighbours that were taken for each other, written before the lists were
lengthened (but by who knew them): Ukrainian and Russian of two words, Bengali in Latin letters beside Hinglish, Swahili
beside Malay and Indonesian."""

from collections import defaultdict
from pathlib import Path

import pytest

from monitor.nlp.language import UNKNOWN, identify_language, identify_languages
from monitor.nlp.shared_scripts import languages_of, tell_apart
from monitor.nlp.train.corpora import read_rows

HERE = Path(__file__).parent


def by_language(name: str) -> dict[str, list[str]]:
    posts = defaultdict(list)
    for row in read_rows(HERE / name):
        posts[row["lang"]].append(row["text"])
    return posts


SHARED_POSTS = by_language("shared_scripts.tsv")
SHORT_POSTS = by_language("short_posts.tsv")
NEAR_POSTS = by_language("near_languages.tsv")
#: Languages that are easily another from a few words; where not told they are to be unknown rather.
HARD = {"be", "bg", "sr", "mk", "ky", "tg"}


@pytest.mark.parametrize("language", SHARED_POSTS)
def test_short_posts_are_in_their_own_language(language):
    posts = SHARED_POSTS[language]
    found = [answer.removesuffix("-Hant") for answer in identify_languages(posts)]
    assert len(posts) >= 20
    assert found.count(language) / len(posts) >= (0.75 if language in HARD else 0.9)


@pytest.mark.parametrize("language", sorted({*NEAR_POSTS} - {"ms", "id"}))
def test_neighbours_are_told_apart(language):
    found = identify_languages(NEAR_POSTS[language])
    assert len(found) == 20
    assert found.count(language) / len(found) >= 0.9


def test_malay_and_indonesian_are_neither_swahili_nor_bengali():
    assert set(identify_languages(NEAR_POSTS["ms"] + NEAR_POSTS["id"])) == {"ms", "id"}


def test_two_words_of_ukrainian_are_not_read_as_russian_nor_the_other_way():
    assert "ru" not in identify_languages(NEAR_POSTS["uk"])
    assert "uk" not in identify_languages(NEAR_POSTS["ru"])


def test_words_that_no_list_has_are_told_by_their_spelling():
    assert identify_language("Шалийнхоо хогийг ангилаарай") == "mn"
    assert identify_language("Здравко је заборавио кишобран") == "sr"


def test_few_posts_are_said_to_be_in_a_wrong_language():
    posts = [(language, text) for language, texts in SHARED_POSTS.items() for text in texts]
    found = identify_languages([text for _, text in posts])
    wrong = [
        (language, answer)
        for (language, _), answer in zip(posts, found, strict=True)
        if answer.removesuffix("-Hant") not in (language, UNKNOWN)
    ]
    assert len(wrong) / len(posts) <= 0.05


@pytest.mark.parametrize("language", sorted({*SHARED_POSTS} - {"ja", "zh"}))
def test_the_right_hint_helps_and_never_harms(language):
    posts = SHARED_POSTS[language]
    found = identify_languages(posts, [language] * len(posts))
    assert found.count(language) / len(posts) >= 0.95


@pytest.mark.parametrize("language", ["en", "hi-Latn", "tl"])
def test_a_few_words_in_latin_letters_are_in_their_own_language(language):
    found = identify_languages(SHORT_POSTS[language])
    assert found.count(language) / len(found) >= 0.9


def test_short_posts_are_no_hinglish_without_a_word_of_it():
    posts = SHORT_POSTS["en"] + SHORT_POSTS["other"]
    assert not {"hi-Latn", "tl"} & set(identify_languages(posts))


@pytest.mark.parametrize("text", ["HELLO", "Hi team", "late again", "Any update?", "fake", "check dm"])
def test_plain_english_is_answered_in_english(text):
    assert identify_language(text) == "en"
    assert identify_language(text, "en") == "en"


@pytest.mark.parametrize(
    "text",
    ["ҫӗнӗ ҫул ячӗпе саламлатӑп", "Ӏуьйре дика йойла хьан", "यदा यदा ग्लानिर्भवति भारत अभ्युत्थानम् तदात्मानं सृजाम्यहम्"],
)
def test_a_language_that_is_not_known_is_unknown_in_every_script(text):
    assert identify_language(text) == UNKNOWN


def test_a_hint_names_a_language_of_the_script_that_is_not_known():
    assert identify_language("ҫӗнӗ ҫул ячӗпе саламлатӑп", "cv") == "cv"
    assert identify_language("Где мой заказ, когда вернут деньги", "cv") == "ru"


def test_a_word_decides_between_languages_of_the_same_letters():
    assert tell_apart("Cyrillic", "где је моја поруџбина") == "sr"
    assert tell_apart("Cyrillic", "где мой заказ") == "ru"
    assert tell_apart("Cyrillic", "дзе мой заказ") == "be"


def test_a_hard_sign_is_a_vowel_in_bulgarian_and_parts_letters_in_russian():
    assert tell_apart("Cyrillic", "съезд и подъезд не тот") == "ru"
    assert tell_apart("Cyrillic", "гърция и търговия") == "bg"


def test_vowel_signs_and_strokes_do_not_hide_arabic_words():
    assert tell_apart("Arabic", "شُكْراً عـــلى الخِدْمَة") == "ar"


@pytest.mark.parametrize("script", ["Cyrillic", "Arabic", "Devanagari"])
def test_every_language_can_write_its_own_words(script):
    for language in languages_of(script).values():
        assert not [word for word in language.words if set(word) - language.letters - set("Ъъ")], language.tag
