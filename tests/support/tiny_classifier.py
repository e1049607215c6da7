"""A classifier that fits on a page, as `save_pretrained` would leave it: each word of a text adds to some labels.

The ONNX file is written byte by byte, so that no test needs a package for it.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
#: Word → what it adds to negative, neutral and positive.
FEELINGS = {
    "awful": (4.0, 0.0, 0.0),
    "late": (2.0, 1.0, 0.0),
    "parcel": (0.0, 2.0, 0.0),
    "lovely": (0.0, 0.0, 4.0),
    "thanks": (0.0, 0.5, 3.0),
}
FEELING_NAMES = ("negative", "neutral", "positive")
_FLOAT, _INT64 = 1, 7


def make_classifier(
    folder: Path,
    words: Mapping[str, Sequence[float]] = FEELINGS,
    names: Sequence[str] = FEELING_NAMES,
    *,
    onnx: str = "model.onnx",
    limit: int = 16,
    **config: object,
) -> Path:
    """`onnx` is where the file goes below the folder; "" writes none. `config` changes config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {
        "model_type": "bert",
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(number): name for number, name in enumerate(names)},
        "max_position_embeddings": limit,
        **config,
    }
    (folder / "config.json").write_text(json.dumps(stated))
    _write_tokenizer(folder, [*SPECIAL, *words])
    if onnx:
        width = len(next(iter(words.values())))
        table = [[0.0] * width for _ in SPECIAL] + [list(row) for row in words.values()]
        path = folder / onnx
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(onnx_model(table))
    return folder


def _write_tokenizer(folder: Path, pieces: Sequence[str]) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    stated = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(stated))


# -- The few messages of onnx.proto that a sum of rows needs ---------------------------------------


def onnx_model(table: Sequence[Sequence[float]]) -> bytes:
    """logits = mask · table[ids]: the sum of the rows of all tokens that the mask shows."""
    nodes = [
        _node("Gather", ["table", "input_ids"], "rows"),
        _node("Cast", ["attention_mask"], "mask", to=_FLOAT),
        _node("Unsqueeze", ["mask", "one"], "weights"),
        _node("MatMul", ["weights", "rows"], "sum"),
        _node("Squeeze", ["sum", "one"], "logits"),
    ]
    numbers = [number for row in table for number in row]
    constants = [
        _tensor("table", _FLOAT, (len(table), len(table[0])), struct.pack(f"<{len(numbers)}f", *numbers)),
        _tensor("one", _INT64, (1,), struct.pack("<q", 1)),
    ]
    inputs = [_value(name, _INT64, ("batch", "length")) for name in ("input_ids", "attention_mask")]
    graph = b"".join(
        [
            *(_bytes(1, node) for node in nodes),
            _bytes(2, b"tiny"),
            *(_bytes(5, constant) for constant in constants),
            *(_bytes(11, value) for value in inputs),
            _bytes(12, _value("logits", _FLOAT, ("batch", len(table[0])))),
        ]
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    named = b"".join(_bytes(1, name.encode()) for name in inputs)
    stated = b"".join(
        _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, 2)) for name, value in attributes.items()
    )
    return named + _bytes(2, output.encode()) + _bytes(4, kind.encode()) + stated


def _tensor(name: str, kind: int, shape: Sequence[int], raw: bytes) -> bytes:
    return b"".join(_number(1, size) for size in shape) + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, raw)


def _value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    sizes = [_number(1, size) if isinstance(size, int) else _bytes(2, size.encode()) for size in shape]
    tensor = _number(1, kind) + _bytes(2, b"".join(_bytes(1, size) for size in sizes))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
