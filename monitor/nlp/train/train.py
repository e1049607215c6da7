"""Trains the encoder: all heads at once, labels that a set does not give masked out of the loss.

Constants stand in recipe.py, seeds are fixed. Steps: read the sets, extend the vocabulary, guess hidden words, learn
the labels, teach a network of fewer layers what this says of all posts. On two cores the short
recipe learns the labels alone. `python -m monitor.nlp.train` runs this and what comes after (export,
linear model, calibration).
"""

import copy
import random
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from torch import nn

from monitor.nlp.labels import head_slices
from monitor.nlp.normalise import fold
from monitor.nlp.train.batching import Prepared, pad
from monitor.nlp.train.corpora import HELD_OUT_SHARE, MASKED, SEED, Example, read_training_set, read_unlabelled
from monitor.nlp.train.extend import new_rows
from monitor.nlp.train.lexicon import choose_pieces, drop_unused
from monitor.nlp.train.network import (
    SHIPPED,
    WHOLE,
    MentionNetwork,
    extend_embeddings,
    faster,
    load_base,
    load_weights,
    store_weights,
    thin,
    why_not_thinned,
)
from monitor.nlp.train.plan import Plan, hold_base_embeddings, hold_teaching
from monitor.nlp.train.prune import MOST_LETTERS, MOST_PIECES, prune, read_word_lists
from monitor.nlp.train.recipe import (
    AVERAGING,
    BASE,
    FULL,
    FURTHER,
    HEAD_WEIGHTS,
    LABEL_SMOOTHING,
    SHORT,
    SIMILARITY_WEIGHT,
    SOFT_WEIGHT,
    SYNC_STEPS,
    WARM_UP_STEPS,
    WEIGHT_DECAY,
    Recipe,
    Thinning,
)
from monitor.nlp.train.warm_up import warm_up
from monitor.nlp.train.workers import average_workers, share_of, worker
from monitor.nlp.vocabulary import OWN_TOKENIZER, VOCABULARY, build_tokenizer, open_tokenizer

_BETWEEN_SEEDS = 100  # those between belong to the later steps


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def loss_of(network: MentionNetwork, batch: list[Prepared], plan: Plan) -> torch.Tensor:
    with faster(plan.device):
        columns, embedding = network(*pad([post.ids for post in batch], plan.device))
    columns, embedding = columns.float(), embedding.float()
    labels = torch.tensor([post.labels for post in batch]).to(plan.device, non_blocking=True)
    taught = [row for row, post in enumerate(batch) if post.taught >= 0]
    soft, said = None, columns
    if taught:
        said = columns[torch.tensor(taught).to(plan.device)]
        soft = plan.taught[torch.tensor([batch[row].taught for row in taught]).to(plan.device)].float()
    total = columns.new_zeros(())
    for position, (head, part) in enumerate(head_slices().items()):
        loss = nn.functional.cross_entropy(
            columns[:, part], labels[:, position],
            ignore_index=MASKED, label_smoothing=LABEL_SMOOTHING, reduction="sum",
        )  # fmt: skip
        if soft is not None:
            loss = loss + SOFT_WEIGHT * nn.functional.cross_entropy(said[:, part], soft[:, part], reduction="sum")
        total = total + HEAD_WEIGHTS[head] * loss
    near = [row for row, post in enumerate(batch) if post.target >= 0]
    if near:
        wanted = plan.targets[torch.tensor([batch[row].target for row in near]).to(plan.device)]
        likeness = nn.functional.cosine_similarity(embedding[torch.tensor(near).to(plan.device)], wanted)
        total = total + SIMILARITY_WEIGHT * (1 - likeness).sum()
    return total / len(batch)


def fine_tune(
    network: MentionNetwork, plan: Plan, passes: list[list[list[Prepared]]], out: Path | None = None, minutes: float = 0
) -> dict[str, torch.Tensor]:
    """Trains all layers; returns the averaged weights, and saves them in `out`.

    With several workers (torchrun) each takes its share of the batches, and their weights are averaged every few steps:
    on busy cores that is faster than threads, which wait for each other at every operation. With `minutes` the learning
    rate declines with the clock, so that a run on a machine of unknown load still ends as it should.
    """
    rank, workers = worker()
    passes = [share_of(groups, rank, workers) for groups in passes]
    total = sum(map(len, passes))
    optimizer = make_optimizer(network, plan)
    average = weights_of(network)
    started, gone = time.monotonic(), 0.0
    network.train()
    for step, batch in enumerate((batch for groups in passes for batch in groups), start=1):
        for group in optimizer.param_groups:
            group["lr"] = plan.recipe.learning_rate * min(step / WARM_UP_STEPS, max(0.02, 1 - gone))
        loss = loss_of(network, batch, plan)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step % SYNC_STEPS == 0:
            spent = (time.monotonic() - started) / 60
            share = spent / minutes if minutes else step / total
            gone = average_workers(network, workers, share)
            update_average(average, network, min(AVERAGING, step / (SYNC_STEPS + step)))
            if step % (20 * SYNC_STEPS) == 0:
                say(f"step {step}/{total} loss {loss.item():.3f} after {spent:.1f} minutes, {gone:.0%} done")
            if gone >= 1:
                break
    save(network, average, out)
    return average


def save(network: MentionNetwork, weights: dict[str, torch.Tensor], run: Path | None, name: str = SHIPPED) -> None:
    if run is not None and worker()[0] == 0:
        store_weights(weights, network.joined_after, run / name)


def make_optimizer(network: MentionNetwork, plan: Plan) -> torch.optim.Optimizer:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.recipe.learning_rate, fused=True)


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


def make_room(run: Path, former: Path | None) -> None:
    """What another run left in the folder goes, or its tokeniser and its networks would be taken for those of this one.
    Those of the run that is gone on with come in their place."""
    if worker()[0] or (former and former.samefile(run)):
        return
    for name in (VOCABULARY, OWN_TOKENIZER, WHOLE, SHIPPED):
        (run / name).unlink(missing_ok=True)
        if former and name != SHIPPED and (former / name).exists():
            shutil.copy(former / name, run / name)


def extend_vocabulary(
    data: Path, run: Path, encoder: nn.Module, tokenizer: Tokenizer, texts: dict[str, list[str]]
) -> Tokenizer:
    """The tokeniser of an English base with the pieces of other languages, whose vectors the encoder gets. That of a
    multilingual one is cut down to what posts use, or stays as it is."""
    if not isinstance(tokenizer.model, WordPiece):
        vectors = encoder.get_input_embeddings().weight.data
        if isinstance(tokenizer.model, Unigram) and len(vectors) > MOST_PIECES + MOST_LETTERS:
            tokenizer, kept, rows = prune(tokenizer, vectors, texts, read_word_lists(data))
            say(f"vocabulary: {len(kept)} pieces, {len(rows)} new letters")
            extend_embeddings(encoder, kept, rows)
        if worker()[0] == 0:
            tokenizer.save(str(run / OWN_TOKENIZER), pretty=False)
        return tokenizer
    texts = {language: [fold(text) for text in group] for language, group in texts.items()}
    old_pieces = [tokenizer.id_to_token(row) or "" for row in range(tokenizer.get_vocab_size())]
    spoken = [piece for piece in old_pieces if not piece.startswith("[unused")]
    chosen = choose_pieces(data, texts, spoken)
    used = set(drop_unused(spoken, chosen, [text for group in texts.values() for text in group]))
    kept = [row for row, piece in enumerate(old_pieces) if piece in used]
    rows, translated = new_rows(data, chosen, tokenizer, encoder.get_input_embeddings().weight.data)
    say(f"vocabulary: {len(kept)} pieces, {len(chosen)} new, {translated} of them from dictionaries")
    extend_embeddings(encoder, kept, rows)
    pieces = [old_pieces[row] for row in kept] + list(chosen)
    if worker()[0] == 0:
        (run / VOCABULARY).write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return build_tokenizer(pieces)


def guess_hidden_words(network: MentionNetwork, plan: Plan) -> None:
    """The warm-up, over all texts but those of the published complaint set, by whose folds the encoder is judged."""
    texts = [example for example in [*plan.task, *plan.other, *plan.pool] if example.corpus != "complaints_acl2019"]
    warm_up(network, plan.of(texts), plan.targets, plan.tokenizer, plan.recipe, plan.device, SEED)


def learn_labels(network: MentionNetwork, plan: Plan, run: Path, minutes: float) -> list[MentionNetwork]:
    """As many networks as the recipe wants, from the same weights and with another order of the posts each; they share
    the minutes. The first one, saved in `run`, is the given one."""
    networks = [network, *(copy.deepcopy(network) for _ in range(plan.recipe.teachers - 1))]
    for number, own in enumerate(networks):
        passes = plan.passes(plan.recipe.other_shares, SEED + _BETWEEN_SEEDS * number)
        own.load_state_dict(fine_tune(own, plan, passes, None if number else run, minutes / len(networks)))
    return networks


def weights_of(network: MentionNetwork) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def go_on(network: MentionNetwork, plan: Plan, run: Path, minutes: float) -> dict[str, torch.Tensor]:
    """Learns what labels were added since a former run, holding what its network said rightly of the task's posts, and
    saves the mix of its weights before and after."""
    before = weights_of(network)
    hold_teaching(plan, [network], plan.of(plan.task), only_right=True)
    after = fine_tune(network, plan, plan.passes(plan.recipe.other_shares, SEED), run, minutes=minutes)
    mixed = {name: after[name].lerp(before[name], plan.recipe.kept_weight) for name in before}
    save(network, mixed, run)
    return mixed


def thin_out(
    teachers: Sequence[MentionNetwork],
    plan: Plan,
    run: Path,
    thinning: Thinning,
    minutes: float,
    begun: Path | None = None,
) -> None:
    """Saves a network of fewer layers that has learnt the labels, and what the teachers say of the posts of its passes
    where no label denies it. The first of them, whose layers it has, is kept beside it. `begun` are the weights of one
    that has learnt so before."""
    network = teachers[0]
    save(network, weights_of(network), run, WHOLE)
    plan.recipe = replace(plan.recipe, learning_rate=thinning.learning_rate)
    plan_passes = partial(plan.passes, thinning.shares, SEED + 2, with_pool=True)
    needed = {id(post) for groups in plan_passes() for group in groups for post in group}
    posts = [post for post in plan.prepared.values() if id(post) in needed]
    asked = {id(post): post for post in [*posts, *plan.of(plan.task)]}  # glossed posts take the answers of their own
    hold_teaching(plan, teachers, asked.values(), only_right=True, embedding=True)
    say(f"{len(asked)} posts asked about")
    kept, joined_after = thinning.of(network.encoder.config.num_hidden_layers)
    smaller = load_weights(network, begun) if begun else thin(network, kept, joined_after)
    smaller = smaller.to(plan.device)
    fine_tune(smaller, plan, plan_passes(), run, minutes=minutes)


def train(
    data: Path,
    run: Path,
    *,
    base: str = BASE,
    threads: int = 2,
    minutes: float = 0,
    open_only: bool = False,
    recipe: Recipe | None = None,
    former: Path | None = None,
) -> bool:
    """Trains into the folder `run`: averaged.pt and its vocabulary. True for the worker that saved them.

    `former` is the folder of a run to go on from, when labels have been added (see `go_on`), or to thin; one that was
    thinned is taught on by its whole network.
    Raises SystemExit for a recipe that only thins, where there is no whole network or it cannot be thinned.
    """
    run.mkdir(parents=True, exist_ok=True)
    rank, workers = worker()
    device = best_device()
    recipe = recipe or (FURTHER if former else FULL if device.type == "cuda" else SHORT)
    if recipe.thinning and not (former or recipe.other_shares):
        raise SystemExit("Thinning begins with a whole network: name its run (FORMER=, --former).")
    torch.manual_seed(SEED + rank)
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high")
    if workers > 1:
        torch.distributed.init_process_group("gloo")
    network, plan = prepare(data, run, base, recipe, device, former, open_only=open_only)
    begun = None
    if former:
        has_whole = recipe.thinning is not None and (former / WHOLE).exists()
        network = load_weights(network, former / (WHOLE if has_whole else SHIPPED)).to(device)
        if recipe.thinning and network.joined_after:
            raise SystemExit(f"The network of {former} is thinned already, and the whole one is not there.")
        begun = former / SHIPPED if has_whole and not recipe.other_shares else None
    obstacle = why_not_thinned(network, recipe.thinning) if recipe.thinning else ""
    if obstacle and not recipe.other_shares:
        raise SystemExit(f"This network cannot be thinned: {obstacle}.")
    if obstacle:
        say(f"the network will not be thinned: {obstacle}")
    if recipe.masked_passes and not former:
        guess_hidden_words(network, plan)
    if obstacle or not recipe.thinning:
        plan.recipe = replace(recipe, teachers=1)  # nobody would listen to the others
    teachers = [network]
    if recipe.other_shares and former:
        network.load_state_dict(go_on(network, plan, run, minutes))
    elif recipe.other_shares:
        teachers = learn_labels(network, plan, run, minutes)
    if recipe.thinning and not obstacle:
        thin_out(teachers, plan, run, recipe.thinning, minutes, begun)
    return rank == 0


def prepare(
    data: Path, run: Path, base: str, recipe: Recipe, device: torch.device, former: Path | None, *, open_only: bool
) -> tuple[MentionNetwork, Plan]:
    """The network before its first step, and the plan with everything that it will read. The vocabulary of a `former`
    run is kept."""
    encoder, tokenizer = load_base(base)
    if former and (former / VOCABULARY).exists() != isinstance(tokenizer.model, WordPiece):
        raise SystemExit(f"The run in {former} comes from another base: name the one of that run (BASE=, --base).")
    task, other = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    random.Random(SEED).shuffle(other)
    reads_all = recipe.masked_passes or recipe.thinning
    pool = read_unlabelled(data, task + other) if reads_all and not open_only else []
    say(f"{len(task)} task examples, {len(other)} others, {len(pool)} without labels")
    make_room(run, former)
    if former:
        own = open_tokenizer(former)
    else:
        own = extend_vocabulary(data, run, encoder, tokenizer, group_by_language(task + other + pool))
    if device.type == "cuda":
        encoder.set_attn_implementation("sdpa")  # the plain one is for export
    plan = Plan(data, task, other, pool, own, recipe, device)
    if recipe.similarity_posts:
        hold_base_embeddings(plan, base)
    say(f"{len(plan.targets)} base embeddings kept")
    return MentionNetwork(encoder, encoder.config.hidden_size).to(device), plan
