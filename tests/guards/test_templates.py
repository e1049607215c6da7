"""What no template may do: inline code or style, marking text as safe, opening the web without a guard."""

import re
from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
TEMPLATES = sorted(ROOT.rglob("templates/**/*.html"))
FORBIDDEN = {
    "an inline style": r"\sstyle=",
    "an inline handler": r"\son[a-z]+=",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "text marked as safe": r"\|\s*safe\b|autoescape off|safeseq",
    "a foreign file": r"(?:src|href)=\"(?:https?:)?//",
    "htmx that needs eval": r"hx-on|hx-vals=\"js:|hx-trigger=\"[^\"]*\[",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_opens_a_door(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    for what, pattern in FORBIDDEN.items():
        assert not re.search(pattern, text), f"{template.name} holds {what}"


def test_every_form_that_writes_carries_the_token() -> None:
    for template in TEMPLATES:
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(encoding="utf-8"), re.DOTALL):
            assert "{% csrf_token %}" in form, template.name


def test_every_link_to_an_address_from_outside_is_checked() -> None:
    for template in TEMPLATES:
        for link in re.findall(r"<a [^>]*target=\"_blank\"[^>]*>", template.read_text(encoding="utf-8")):
            assert 'rel="noopener noreferrer nofollow"' in link, template.name
            assert "web_address" in link or 'href="{{ link }}"' in link, template.name


def test_nothing_marks_text_as_safe() -> None:
    marking = re.compile(r"\bmark_safe\b|SafeString\(|\|safe\b")
    for source in ROOT.rglob("*.py"):
        assert not marking.search(source.read_text(encoding="utf-8")), source.relative_to(ROOT)
