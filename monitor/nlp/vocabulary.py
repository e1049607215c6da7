"""The tokeniser of an encoder: its own, as `tokenizer.json` (so the one that ships), or WordPiece over `vocabulary.txt`
(one piece a line, line number = id), which an English base gets.

The library `tokenizers` is used alone: importing `transformers` would cost seconds at every start.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from monitor.nlp.normalise import fold

VOCABULARY, OWN_TOKENIZER = "vocabulary.txt", "tokenizer.json"
PAD, UNKNOWN, START, END, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
#: What tokenisers of the RoBERTa family call them. The vocabulary of MPNet has both, and its texts begin with these.
_ALSO = {PAD: "<pad>", UNKNOWN: "<unk>", START: "<s>", END: "</s>", MASK: "<mask>"}
CONTINUED = "##"

# Scripts written without spaces between words: a piece at the start of a run and inside it share one row.
_UNSPACED = "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_SIGNS = "\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f\U0001f000-\U0001faff"
_JAMO = "\u1100-\u11ff"  # the letters that Hangul is read in; a phrase of it without spaces is long
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_MAXIMUM_WORD = 64
_CONTROL = re.compile(r"<(/?s|pad|unk|mask)>")


def id_of(tokenizer: Tokenizer, piece: str) -> int:
    """The id of a piece that the vocabulary must have, by its other name first. Raises KeyError where it has not."""
    found = tokenizer.token_to_id(_ALSO[piece]) if piece in _ALSO else None
    if found is None:
        found = tokenizer.token_to_id(piece)
    if found is None:
        raise KeyError(piece)
    return int(found)


def read_pieces(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokeniser of a model's or a run's folder."""
    if not (folder / OWN_TOKENIZER).exists():
        return build_tokenizer(read_pieces(folder / VOCABULARY))
    tokenizer = Tokenizer.from_file(str(folder / OWN_TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def spell(tokenizer: Tokenizer, texts: Sequence[str]) -> Sequence[str]:
    """Simplified texts as this tokeniser knows them: our own vocabulary spells without marks (see normalise.py), others
    take "<mask>" for a piece of theirs, which nobody who writes it means."""
    if isinstance(tokenizer.model, models.WordPiece):
        return list(map(fold, texts))
    return [_CONTROL.sub(r"< \1 >", text) if "<" in text else text for text in texts]


def build_tokenizer(pieces: Iterable[str]) -> Tokenizer:
    """A tokeniser over normalised text (see normalise.py) that adds no special tokens by itself."""
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    for piece, row in list(vocabulary.items()):
        if _IS_UNSPACED.match(piece):
            vocabulary.setdefault(CONTINUED + piece, row)
    model = models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=_MAXIMUM_WORD)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Split(_parting(vocabulary), behavior="isolated")]
    )
    return tokenizer


def _parting(vocabulary: Iterable[str]) -> Regex:
    """Emoji and symbols stand alone; runs of an unspaced script are parted from their neighbours, and cut at letters
    that no piece has and where they grow too long. Uncut, such a letter would make one unknown piece of its whole run.
    """
    known = sorted({letter for piece in vocabulary for letter in piece if _IS_UNSPACED.match(letter)})
    run = f"[{''.join(known)}]{{1,{_MAXIMUM_WORD}}}|" if known else ""
    return Regex(f"{run}[{_UNSPACED}]|[{_SIGNS}]|[{_JAMO}]{{{_MAXIMUM_WORD}}}")
