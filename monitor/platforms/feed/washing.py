"""From the bytes of a feed to XML that a library may read: one encoding, no entities, no depth, no endless fields.

feedparser is built for feeds of good will. Some of what it does takes time with the square of a field's length or of a
list's, so what is dangerous and of no use to us does not reach it. `wash` is linear and touches no network.
"""

import codecs
import re
from html.entities import name2codepoint
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from monitor.platforms.errors import MalformedPayloadError

MOST_ENTRIES = 2_000
# A feed that cannot be mended is read by guessing, which is slow: only where it is short.
MOST_GUESSED = 64 * 1024
_MOST_ELEMENTS = 100_000
_DEEPEST = 200
_LONGEST_FIELD = 300
_LONGEST_ATTRIBUTE = 2_000
# Codecs of the web. Python knows others, and some of them take hours.
_CODECS = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii latin-1 cp1250 cp1251 cp1252 cp1253 cp1254"
    " cp1255 cp1256 cp1257 cp1258 cp874 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9"
    " iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u mac-roman shift_jis cp932 euc_jp"
    " iso2022_jp gb2312 gbk gb18030 big5 cp950 euc_kr cp949 tis-620"
)
_ENCODINGS = frozenset(_CODECS.split())
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "latin-1": "cp1252", "iso8859-1": "cp1252", "ascii": "cp1252"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_BEGINNINGS = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPENING = re.compile(r"\s*(<!--|<\?|<!)")
_ROOT = re.compile(r"<[A-Za-z_]")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,9});")
_LOOSE_AMPERSAND = re.compile(r"&(?![A-Za-z][A-Za-z0-9]{0,30};|#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};)")
_LOOSE_BRACKET = re.compile(r"<(?![A-Za-z_/!?])")
_LONG_RUN = re.compile(r"[A-Za-z0-9_.+/=-]{200,}")
_KEPT_NAMES = {"amp", "lt", "gt", "quot"}

# Parts of a feed that we do not read, by the name without its prefix.
_UNREAD = frozenset(
    {"category", "keywords", "tags", "subject", "textinput", "cloud", "skiphours", "skipdays", "chapters"}
)
_UNREAD |= {"managingeditor", "webmaster", "contributor", "owner", "coverage", "relation", "stylesheet", "restriction"}
_UNREAD |= {"line", "polygon", "box", "point", "where", "valid", "validity"}
_SHORT = frozenset({"author", "creator", "publisher", "name", "email", "pubdate", "published", "updated", "date"})
_SHORT |= {
    "modified",
    "created",
    "issued",
    "expirationdate",
    "duration",
    "language",
    "rights",
    "copyright",
    "generator",
}
_CONTENT = frozenset({"content", "encoded", "description", "summary", "title", "subtitle", "body", "div"})
_KNOWN_PREFIXES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "media": "http://search.yahoo.com/mrss/",
    "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
    "im": "http://itunes.apple.com/rss",
    "thr": "http://purl.org/syndication/thread/1.0",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "at": "http://purl.org/atompub/tombstones/1.0",
}


def wash(body: bytes, content_type: str = "") -> tuple[bytes, list[tuple[str, str]]]:
    """UTF-8 XML, and what the feed says was deleted: (id, when) of each tombstone (RFC 6721).

    A feed with small faults is mended. Raises MalformedPayloadError for what is no XML beyond mending, and for what
    nobody writes in good faith: entities of its own, endless depth.
    """
    text = _without_prologue(_decode(body, content_type))
    mended = _mended(text)
    for attempt in (text, mended):
        washer = _Washer()
        try:
            return washer.run(attempt), washer.deleted
        except expat.ExpatError:
            continue
    if len(mended) > MOST_GUESSED:
        raise MalformedPayloadError("the feed is broken XML and too long to be guessed at")
    return _LONG_RUN.sub("", mended).encode("utf-8"), []


def _decode(body: bytes, content_type: str) -> str:
    """A byte order mark beats everything; bytes that are UTF-8 are UTF-8, whatever the server or the feed declares."""
    for mark, encoding in (*_MARKS, *_BEGINNINGS):
        if body.startswith(mark):
            text = body.decode(encoding, "replace").removeprefix("\ufeff")
            return _NO_CHARACTER.sub("", text)
    declared = _DECLARED.search(body[:1_000])
    served = _CHARSET.search(content_type[:500])
    wanted = [declared[1].decode("ascii") if declared else "", served[1] if served else ""]
    names = [name for name in map(_codec, wanted) if name]
    if not any(name.startswith("iso2022") for name in names):
        names.insert(0, "utf-8")
    for name in names:
        try:
            return _NO_CHARACTER.sub("", body.decode(name))
        except UnicodeDecodeError:
            continue
    old = next((name for name in names if not name.startswith("utf")), "cp1252")
    return _NO_CHARACTER.sub("", body.decode(old, "replace"))


def _codec(name: str) -> str:
    """Python's name of an encoding that we read; "" for others."""
    try:
        found = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    known = found if found in _ENCODINGS or found == "iso8859-1" else ""
    return _SUPERSETS.get(known, known)


def _without_prologue(text: str) -> str:
    """From the root element on. Raises MalformedPayloadError where a feed brings entities along."""
    at = 0
    while (opened := _OPENING.match(text, at)) is not None:
        kind, closing = opened[1], {"<!--": "-->", "<?": "?>", "<!": ">"}[opened[1]]
        end = text.find(closing, opened.end())
        if end < 0:
            raise MalformedPayloadError("this is no XML")
        if kind == "<!" and "[" in text[opened.end() : end]:
            raise MalformedPayloadError("the feed declares entities of its own, which no feed needs")
        at = end + len(closing)
    root = _ROOT.search(text, at)
    if root is None:
        raise MalformedPayloadError("this is no XML")
    return _NAMED.sub(_character, text[root.start() :])


def _character(named: re.Match[str]) -> str:
    """&eacute; and the like are HTML's, not XML's."""
    name = named[1]
    return named[0] if name in _KEPT_NAMES or name not in name2codepoint else chr(name2codepoint[name])


def _mended(text: str) -> str:
    """The two commonest faults: an & and a < that stand for themselves."""
    return _LOOSE_BRACKET.sub("&lt;", _LOOSE_AMPERSAND.sub("&amp;", text))


def _bare(name: str) -> str:
    return name.rpartition(":")[2].lower()


class _Watched:
    """An element that is open: its name as we write it ("" for not at all), and how much more of its text is kept."""

    __slots__ = ("left", "written")

    def __init__(self, written: str, left: int) -> None:
        self.written, self.left = written, left


class _Washer:
    """Reads XML once and writes it again without what is not wanted."""

    def __init__(self) -> None:
        self.deleted: list[tuple[str, str]] = []
        self._pieces: list[str] = []
        self._open: list[_Watched] = []
        self._prefixes: set[str] = {"xml"}
        self._skipped_at = 0
        self._content_at = 0
        self._elements = self._entries = 0

    def run(self, text: str) -> bytes:
        """Raises expat.ExpatError, MalformedPayloadError."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(text.encode("utf-8"), True)
        return "".join(self._pieces).encode("utf-8")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        depth = len(self._open) + 1
        if self._elements > _MOST_ELEMENTS or depth > _DEEPEST:
            raise MalformedPayloadError("the feed has more or deeper elements than any feed needs")
        bare = _bare(name)
        # Inside of what people wrote such names are no fields; there only their text counts.
        is_text_only = bool(self._content_at) and bare in _UNREAD | _SHORT
        written = "" if is_text_only else self._name(name, attributes)
        self._open.append(_Watched(written, _LONGEST_FIELD if bare in _SHORT else -1))
        if not self._skipped_at and not self._content_at and self._is_unwanted(bare, attributes):
            self._skipped_at = depth
        if self._skipped_at:
            return
        if not self._content_at and bare in _CONTENT:
            self._content_at = depth
        if written:
            self._pieces.append(f"<{written}{self._attributes(attributes, is_root=depth == 1)}>")

    def _name(self, name: str, attributes: dict[str, str]) -> str:
        """The name, without a prefix that nobody has declared."""
        self._prefixes |= {key[6:] for key in attributes if key.startswith("xmlns:")}
        prefix, colon, _local = name.partition(":")
        if not colon or prefix in self._prefixes or prefix in _KNOWN_PREFIXES:
            return name
        return name.replace(":", "_")

    def _is_unwanted(self, bare: str, attributes: dict[str, str]) -> bool:
        if bare in ("item", "entry"):
            self._entries += 1
            return self._entries > MOST_ENTRIES
        if bare == "deleted-entry":
            if len(self.deleted) < MOST_ENTRIES:
                self.deleted.append((attributes.get("ref", "")[:_LONGEST_ATTRIBUTE], attributes.get("when", "")[:64]))
            return True
        return bare in _UNREAD

    def _attributes(self, attributes: dict[str, str], *, is_root: bool) -> str:
        declared = {key for key in attributes if key.startswith("xmlns")}
        if is_root:
            missing = {f"xmlns:{prefix}": uri for prefix, uri in _KNOWN_PREFIXES.items()}
            attributes = {**{key: uri for key, uri in missing.items() if key not in declared}, **attributes}
        kept = (
            (key, value)
            for key, value in attributes.items()
            if len(value) <= _LONGEST_ATTRIBUTE and (":" not in key or self._is_declared(key))
        )
        return "".join(f" {key}={quoteattr(value)}" for key, value in kept)

    def _is_declared(self, key: str) -> bool:
        prefix = key.partition(":")[0]
        return prefix == "xmlns" or prefix in self._prefixes or prefix in _KNOWN_PREFIXES

    def _end(self, _name: str) -> None:
        depth = len(self._open)
        closed = self._open.pop()
        if not self._skipped_at and closed.written:
            self._pieces.append(f"</{closed.written}>")
        if self._skipped_at == depth:
            self._skipped_at = 0
        if self._content_at == depth:
            self._content_at = 0

    def _characters(self, text: str) -> None:
        if self._skipped_at or not self._open:
            return
        element = self._open[-1]
        if element.left >= 0 and not self._content_at:
            text = text[: element.left]
            element.left -= len(text)
        self._pieces.append(escape(text))
