"""Every word that the console shows exists in both languages, and the compiled file is the one that is shipped."""

import ast
import gettext
import re
from pathlib import Path

from babel.messages import Catalog, pofile
from django.utils.translation.template import templatize

import monitor

ROOT = Path(monitor.__file__).parent
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
CALL = re.compile(r"\b(?:_|n?p?gettext(?:_lazy|_noop)?)\(")
TEXT = r"""u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""


def _catalog() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return pofile.read_po(file)


MESSAGES = [message for message in _catalog() if message.id]


def test_no_message_is_untranslated_or_guessed() -> None:
    unsaid = [message.id for message in MESSAGES if not all(_forms(message.string)) or message.fuzzy]
    assert unsaid == []


def test_the_compiled_file_says_what_the_source_says() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in MESSAGES:
        first = _forms(message.id)[0]
        if isinstance(message.id, tuple):
            said = compiled.ngettext(*message.id, 2)
        elif message.context:
            said = compiled.pgettext(message.context, first)
        else:
            said = compiled.gettext(first)
        assert said == _forms(message.string)[-1], message.id


def test_each_translation_names_the_same_places() -> None:
    for message in MESSAGES:
        ids, strings = _forms(message.id), _forms(message.string)
        assert set(PLACES.findall(ids[-1])) == set(PLACES.findall(strings[0])), message.id


def test_every_message_of_the_source_is_in_the_catalogue() -> None:
    known = {first for message in MESSAGES for first in _forms(message.id)}
    missing = {(source.name, words) for source in _sources() for words in _messages_of(source) if words not in known}
    assert missing == set()


def _forms(text: object) -> list[str]:
    return [str(form) for form in text] if isinstance(text, tuple | list) else [str(text)]


def _sources() -> list[Path]:
    rooms = (path for path in ROOT.rglob("*") if path.suffix in {".py", ".html"})
    return [path for path in rooms if not {"simulators", "migrations"} & set(path.relative_to(ROOT).parts)]


def _messages_of(source: Path) -> list[str]:
    """The first text of each gettext call (of pgettext the second), as the extractor would see it."""
    code = source.read_text(encoding="utf-8")
    if source.suffix == ".html":
        code = templatize(code, origin=str(source))
    found = []
    for call in CALL.finditer(code):
        context = f"{TEXT},\\s*" if "pgettext" in call.group() else ""
        if match := re.compile(rf"\s*{context}(?P<words>{TEXT}(?:\s*{TEXT})*)").match(code, call.end()):
            found.append(str(ast.literal_eval(f"({match['words']})")))
    return found
