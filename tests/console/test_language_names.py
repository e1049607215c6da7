"""Languages have names, each its own, in the reader's language."""

import pytest
from django.utils import translation

from monitor.console.labels import LANGUAGES, language_name
from monitor.nlp.language import _ONE_LANGUAGE, LATIN
from monitor.nlp.shared_scripts import SHARED, languages_of

ANSWERS = sorted({*LATIN, *_ONE_LANGUAGE.values(), *(tag for script in SHARED for tag in languages_of(script))})


@pytest.mark.parametrize("code", [*ANSWERS, "zh", "zh-Hant", "yue", "ku", "pt-BR"])
def test_every_language_that_posts_are_found_to_be_in_has_a_name(code: str) -> None:
    assert language_name(code).lower() != code.lower() and language_name(code)[0].isupper()


def test_no_two_of_them_are_called_the_same() -> None:
    assert len({language_name(code) for code in ANSWERS}) == len(ANSWERS)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("hi", "Hindi"),
        ("hi-Latn", "Hindi (Latin script)"),
        ("ps-Latn", "Pashto (Latin script)"),
        ("tl", "Tagalog"),
        ("fil", "Tagalog"),
        ("zh-Hant", "Traditional Chinese"),
        ("", "Unknown language"),
        ("und", "Unknown language"),
        ("xx", "xx"),
    ],
)
def test_a_language_is_called_by_its_name_and_its_script_where_that_is_not_its_own(code: str, name: str) -> None:
    assert language_name(code) == name


def test_names_of_our_own_only_fill_what_is_missing() -> None:
    """Django's are translated into many languages."""
    with translation.override("de"):
        assert language_name("th") == "Thailändisch"
    assert not {"en", "th", "zh-hans", "my"} & LANGUAGES.keys()
