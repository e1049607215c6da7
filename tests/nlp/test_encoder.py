"""Windows and batches: every token is read once at least, work is capped, budgets hold."""

import unicodedata

import numpy as np
import pytest

from monitor.nlp.encoder import (
    FINE_WINDOW,
    LONG,
    OVERLAP,
    TOKENS_A_BATCH,
    WINDOW,
    Encoder,
    cut_tokens,
    default_threads,
    plan_batches,
    shorten,
)
from monitor.nlp.engine import MODEL_FOLDER
from monitor.nlp.linear import cut_characters
from monitor.nlp.vocabulary import build_tokenizer
from monitor.nlp.windows import MOST_WINDOWS, cut_windows


@pytest.mark.parametrize("run", ["荷物が届きません", "ﾊﾟｿｺﾝｶﾞ壊ﾚﾀ", "ยังไม่ได้รับน้ำ", "包裹🥺没到"])
def test_the_pieces_of_a_run_put_together_are_the_run(run):
    pieces = Encoder(MODEL_FOLDER, threads=1).pieces(run)
    assert "".join(pieces) == run and len(pieces) > 1


def test_a_short_post_is_one_window():
    assert cut_windows(list(range(WINDOW)), WINDOW, OVERLAP) == [list(range(WINDOW))]


@pytest.mark.parametrize("length", [WINDOW + 1, LONG, LONG + 1, 1200, 3000, 4000])
def test_windows_cover_every_token_of_a_long_post(length):
    windows = cut_tokens(list(range(length)))
    assert {token for window in windows for token in window} == set(range(length))
    assert {len(window) for window in windows} == {WINDOW if length <= LONG else FINE_WINDOW}


@pytest.mark.parametrize("length", [WINDOW + 1, 900, 1200, 3000])
def test_coarse_windows_cover_as_much(length):
    windows = cut_windows(list(range(length)), WINDOW, OVERLAP)
    assert {token for window in windows for token in window} == set(range(length))


@pytest.mark.parametrize("length", [701, 1401, 4800, 12_000, 16_000])
def test_parts_cover_every_character_of_a_long_post(length):
    text = "".join(map(chr, range(0x100, 0x100 + length)))
    assert set().union(*cut_characters(text)) == set(text)


def test_work_on_a_huge_post_is_capped_and_spread_evenly_with_both_ends():
    for windows in (cut_tokens(list(range(100_000))), cut_windows(list(range(100_000)), WINDOW, OVERLAP)):
        assert len(windows) == MOST_WINDOWS
        assert windows[0][0] == 0
        assert windows[-1][-1] == 99_999
        gaps = np.diff([window[0] for window in windows])
        assert gaps.max() < 1.1 * gaps.min() + WINDOW
    assert len(cut_characters("a" * 100_000)) == MOST_WINDOWS


def test_of_a_huge_post_pieces_of_every_part_are_tokenised():
    text = "".join(f"{number:05d} " for number in range(16_667))  # 100 kB
    short = shorten(text)
    assert len(short) < 24_100
    assert short.startswith("00000 00001")
    assert short.endswith("16665 16666 ")
    numbers = [int(word) for word in short.split() if len(word) == 5]
    assert np.diff(numbers).max() < 250  # 1.5 kB of 100 are passed over at once
    assert shorten("a" * 24_000) == "a" * 24_000


def test_the_windows_of_a_post_of_100_kb_are_capped():
    windows, owners = Encoder(MODEL_FOLDER, 1)._windows(["parcel is late again " * 5000, "ok"])
    assert owners == [0] * MOST_WINDOWS + [1]
    assert max(map(len, windows)) == FINE_WINDOW + 2


def test_batches_hold_every_row_once_within_the_budget():
    lengths = [5, 400, 12, 900, 7, 7, 33, 112, 112, 64]
    batches = plan_batches(lengths)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(
        len(batch) * max(lengths[row] for row in batch) <= TOKENS_A_BATCH or len(batch) == 1 for batch in batches
    )


def test_batches_that_are_read_beside_each_other_come_back_in_the_order_of_the_posts():
    texts = [f"parcel {number} is late " * (1 + 37 * number % 5) for number in range(60)]
    beside = Encoder(MODEL_FOLDER, 3).read(texts)
    alone = Encoder(MODEL_FOLDER, 1)
    for row in (0, 1, 17, 59):
        own = alone.read([texts[row]])
        likeness = beside.embeddings @ own.embeddings[0] / np.linalg.norm(beside.embeddings, axis=1)
        assert likeness.argmax() == row
        assert np.allclose(beside.columns[row], own.columns[0], atol=0.5)  # int8 rounds by what is in the batch


def test_pieces_inside_an_unspaced_run_share_the_row_of_their_start():
    tokenizer = build_tokenizer(["[UNK]", "包裹", "没", "到", "late"])
    assert tokenizer.encode("没到包裹 late", add_special_tokens=False).ids == [2, 3, 1, 4]


def test_a_letter_that_no_piece_has_hides_only_itself():
    tokenizer = build_tokenizer(["[UNK]", "包裹", "包", "裹", "没", "到", "late"])
    assert tokenizer.encode("没到鱻包裹", add_special_tokens=False).ids == [4, 5, 0, 1]


def test_a_run_without_spaces_is_read_however_long_it_is():
    letters = [chr(letter) for letter in range(0x1100, 0x1200)]
    tokenizer = build_tokenizer(["[UNK]", "包裹", "包", "裹", *letters, *(f"##{letter}" for letter in letters)])
    for run in ("包裹" * 100, unicodedata.normalize("NFD", "아직도안왔어요환불해주세요" * 9)):
        ids = tokenizer.encode(run, add_special_tokens=False).ids
        assert 0 not in ids and len(ids) >= 100, run[:4]


def test_a_wrong_number_of_threads_is_told_and_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTIONDESK_INFERENCE_THREADS", "many")
    with pytest.raises(ValueError, match="must be a whole number above 0"):
        default_threads()
    monkeypatch.setenv("MENTIONDESK_INFERENCE_THREADS", "1")
    assert default_threads() == 1


def test_what_is_said_of_a_post_does_not_depend_on_the_posts_read_with_it():
    """By ranges of the batch at hand, a loud neighbour moved every score a little."""
    posts = ["Where is my parcel?", "退款三周了还没到", "REFUND NOW!!! " * 40, "merci beaucoup", "🔥" * 90]
    encoder = Encoder(MODEL_FOLDER, threads=1)
    together, alone = encoder.read(posts), [encoder.read([post]) for post in posts]
    assert np.allclose(together.columns, np.concatenate([own.columns for own in alone]), atol=1e-4)
    assert np.allclose(together.embeddings, np.concatenate([own.embeddings for own in alone]), atol=1e-4)
