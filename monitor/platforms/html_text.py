"""HTML that strangers wrote, as the text that a reader would see. Pure, linear in time, and it never fails.

Nothing of the markup survives, so nothing of it can act: the result is text and is escaped like any other text.
"""

import html
import re
from dataclasses import dataclass, field

_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:-]*)")
# What stands in these is not for readers, or is written for programs.
_UNSEEN = frozenset(
    {"script", "style", "template", "noscript", "noembed", "noframes", "iframe", "object", "svg", "math"}
)
_UNSEEN |= {"head", "title", "textarea", "select", "audio", "video", "canvas", "xmp"}
_PARAGRAPHS = frozenset({"p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre"})
_LINES = frozenset({"br", "div", "li", "tr", "dt", "dd", "hr", "section", "article", "header", "footer", "figure"})
_LINES |= {"figcaption", "aside", "main", "nav", "address", "form", "details", "summary", "center"}
_MARK = re.compile(r"[\"'>]")
_SPACES = re.compile(r"[ \t\n\r\f\v\u00a0]+")
# More digits than any character has; Python refuses to read thousands of them.
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_DEEPEST_QUOTE = 3


def text_of(markup: str) -> str:
    """Paragraphs with an empty line between them, quotations behind "> ", everything else as it would be read."""
    written = _Lines()
    at, skips_quotes = 0, True
    while (opened := markup.find("<", at)) >= 0:
        written.add(_unescape(markup[at:opened]))
        if markup.startswith("<!--", opened):
            end = markup.find("-->", opened + 4)
            if end < 0:
                return written.text()
            at = end + 3
            continue
        if markup[opened + 1 : opened + 2] in ("!", "?"):
            end = markup.find(">", opened)
            if end < 0:
                return written.text()
            at = end + 1
            continue
        name = _TAG_NAME.match(markup, opened + 1)
        if name is None:
            written.add("<")
            at = opened + 1
            continue
        end = _end_of_tag(markup, name.end()) if skips_quotes else markup.find(">", name.end())
        if end < 0 and skips_quotes:
            # A quotation mark is never closed. From here on marks count nothing, or each tag would look to the end.
            skips_quotes = False
            end = markup.find(">", name.end())
        if end < 0:
            return written.text()
        at = _after_tag(markup, name[0].lower(), end + 1, written)
    written.add(_unescape(markup[at:]))
    return written.text()


def tidy(text: str) -> str:
    """Plain text without blanks at the ends of lines and without more than one empty line in a row."""
    lines = [_SPACES.sub(" ", line).strip() for line in re.split(r"\r\n|[\n\r]", text)]
    return _joined(lines)


def _after_tag(markup: str, name: str, at: int, written: "_Lines") -> int:
    """Where reading goes on after a tag; what is not for readers is passed over."""
    bare = name.removeprefix("/")
    if name in _UNSEEN:
        if markup[at - 2 : at] == "/>":
            return at
        closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(markup, at)
        return closing.start() if closing else len(markup)
    if bare == "blockquote":
        written.quote(-1 if name[0] == "/" else 1)
    elif bare in _PARAGRAPHS:
        written.end_paragraph()
    elif bare in _LINES:
        written.end_line()
    elif bare in ("td", "th") and name[0] != "/":
        written.add(" ")
    return at


def _end_of_tag(markup: str, at: int) -> int:
    """The place of the ">" that closes a tag; -1 where it is never closed. A ">" inside quotation marks is none."""
    while (mark := _MARK.search(markup, at)) is not None:
        if mark[0] == ">":
            return mark.start()
        at = mark.end()
        # As browsers read it: a mark opens a value after "=" only.
        if markup[mark.start() - 1] in "= \t\n":
            end = markup.find(mark[0], at)
            if end < 0:
                return -1
            at = end + 1
    return -1


def _unescape(text: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def _joined(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip("> ") or (kept and kept[-1].strip("> ")):
            kept.append(line)
    while kept and not kept[-1].strip("> "):
        kept.pop()
    return "\n".join(kept)


@dataclass
class _Lines:
    """What has been read so far, line by line."""

    lines: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    depth: int = 0

    def add(self, text: str) -> None:
        self.pieces.append(text)

    def end_line(self) -> None:
        line = _SPACES.sub(" ", "".join(self.pieces)).strip()
        self.pieces.clear()
        if line:
            self.lines.append("> " * min(self.depth, _DEEPEST_QUOTE) + line)

    def end_paragraph(self) -> None:
        self.end_line()
        self.lines.append("")

    def quote(self, step: int) -> None:
        self.end_paragraph()
        self.depth = max(0, self.depth + step)

    def text(self) -> str:
        self.end_line()
        return _joined(self.lines)
