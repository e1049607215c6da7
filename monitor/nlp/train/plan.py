"""The posts of every pass of a training, and what is said of them: by the base encoder, or by teachers."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from torch import nn

from monitor.nlp.labels import HEADS, head_slices
from monitor.nlp.train.batching import Prepared, batches, encode, pad
from monitor.nlp.train.corpora import MASKED, SEED, Example
from monitor.nlp.train.lexicon import gloss, read_dictionaries
from monitor.nlp.train.mixing import mix
from monitor.nlp.train.network import MentionNetwork, faster, load_base, prefix_of
from monitor.nlp.train.recipe import GLOSSED_SHARE, GLOSSED_WORDS, MIXED, REPEATED, Recipe
from monitor.nlp.train.workers import gather, worker


def read_at_once(device: torch.device) -> int:
    """Posts of like length, where nothing is learnt."""
    return 1024 if device.type == "cuda" else 256


class Plan:
    """Makes the posts of each pass: tokenised, English ones glossed in part, with what others say of them."""

    def __init__(self, data: Path, task: list[Example], other: list[Example], pool: list[Example], tokenizer: Tokenizer,
                 recipe: Recipe, device: torch.device) -> None:  # fmt: skip
        self.task = [example for example in task if not example.is_held_out]
        self.other = [example for example in other if not example.is_held_out]
        self.pool = pool
        self.mixed = mix(self.other, MIXED, SEED) if recipe.thinning else []
        self.tokenizer = tokenizer
        self.recipe = recipe
        self.device = device
        self.dictionaries = list(read_dictionaries(data).values())
        self.targets = torch.zeros(0)  # where the base encoder, or the teacher of a thinned network, places posts
        self.taught = torch.zeros(0)  # what teachers, or the network before, said of every label
        everything = [*self.task, *self.other, *self.pool, *self.mixed]
        ids = encode(self.tokenizer, [example.text for example in everything], recipe.longest)
        self.prepared = {
            id(example): Prepared(own, [example.labels.get(head, MASKED) for head in HEADS])
            for example, own in zip(everything, ids, strict=True)
        }

    def of(self, examples: Sequence[Example]) -> list[Prepared]:
        return [self.prepared[id(example)] for example in examples]

    def glossed(self, chance: random.Random) -> list[Prepared]:
        """The task's posts, some of the English ones with foreign words."""
        posts = self.of(self.task)
        if not self.dictionaries:
            return posts
        chosen = [
            place for place, example in enumerate(self.task)
            if example.language == "en" and chance.random() < GLOSSED_SHARE
        ]  # fmt: skip
        texts = [gloss(self.task[at].text, chance.choice(self.dictionaries), GLOSSED_WORDS, chance) for at in chosen]
        for place, ids in zip(chosen, encode(self.tokenizer, texts, self.recipe.longest), strict=True):
            old = posts[place]
            posts[place] = Prepared(ids, old.labels, old.target, old.taught)
        return posts

    def passes(self, shares: tuple[float, ...], seed: int, *, with_pool: bool = False) -> list[list[list[Prepared]]]:
        """Batches by pass, `with_pool` with posts that have no labels, too. What one pass leaves of the other sets, the
        next one begins with."""
        chance = random.Random(seed)
        others = [example for example in self.other for _ in range(REPEATED.get(example.corpus, 1))]
        others += [*self.pool, *self.mixed] if with_pool else []
        random.Random(seed).shuffle(others)
        found, start = [], 0
        for share in shares:
            size = round(share * len(others))
            chunk = [others[(start + at) % len(others)] for at in range(size)]
            start += size
            found.append(batches(self.glossed(chance) + self.of(chunk), chance, self.recipe.batch_tokens))
        return found


def hold_base_embeddings(plan: Plan, base: str) -> None:
    """Where the base encoder places posts, kept as targets (distillation of its sense of similarity), also for the same
    posts in other languages. The mean of those drawn by chance is taken out of each: in some bases all texts lie in one
    corner."""
    encoder, tokenizer = load_base(base)
    wordpiece = isinstance(tokenizer.model, WordPiece)  # those bases know English alone
    known = [example for example in [*plan.task, *plan.pool, *plan.other] if example.language == "en" or not wordpiece]
    drawn = random.Random(SEED).sample(known, min(plan.recipe.similarity_posts, len(known)))
    drawn_ids = {id(example) for example in drawn}
    texts = {id(example): (example, example.text) for example in drawn}
    texts |= {id(example): (example, example.english) for example in plan.task if example.english}
    chosen = sorted(texts.values(), key=lambda pair: len(pair[1]))
    network = MentionNetwork(encoder, encoder.config.hidden_size).to(plan.device).eval()
    ids = encode(tokenizer, [prefix_of(base) + text for _, text in chosen], plan.recipe.longest)
    rank, workers = worker()
    size = read_at_once(plan.device)
    starts = range(size * rank, len(chosen), size * workers)
    with torch.no_grad(), faster(plan.device):
        own = {at: network.place(network.read(*pad(ids[at : at + size], plan.device))[1]) for at in starts}
    places = nn.functional.normalize(gather(own).float(), dim=1)
    plan.targets = places - places[[id(example) in drawn_ids for example, _ in chosen]].mean(0)
    for row, (example, _) in enumerate(chosen):
        plan.prepared[id(example)].target = row


def probabilities(columns: torch.Tensor) -> torch.Tensor:
    """The columns of each head as probabilities."""
    return torch.cat([columns[:, part].softmax(1) for part in head_slices().values()], dim=1)


def hold_teaching(
    plan: Plan,
    networks: Sequence[MentionNetwork],
    posts: Iterable[Prepared],
    *,
    only_right: bool = False,
    embedding: bool = False,
) -> None:
    """What the networks say of these posts in the mean, labelled or not, kept as probabilities; with `only_right`, of
    those alone of which they say nothing that their labels deny. With `embedding`, where the first one places them
    becomes their target."""
    ordered = sorted(posts, key=lambda post: len(post.ids))
    rank, workers = worker()
    said, places = {}, {}
    for network in networks:
        network.eval()
    size = read_at_once(plan.device)
    for start in range(size * rank, len(ordered), size * workers):
        read = pad([post.ids for post in ordered[start : start + size]], plan.device)
        with torch.no_grad(), faster(plan.device):
            answers = [network(*read) for network in networks]
        said[start] = torch.stack([probabilities(columns.float()) for columns, _ in answers]).mean(0).half()
        places[start] = answers[0][1].float()
    plan.taught = gather(said)
    right = is_right(plan.taught, ordered).tolist() if only_right else [True] * len(ordered)
    for row, post in enumerate(ordered):
        post.taught = row if right[row] else -1
    if embedding:
        plan.targets = gather(places)
        for row, post in enumerate(ordered):
            post.target = row


def is_right(columns: torch.Tensor, posts: list[Prepared]) -> torch.Tensor:
    """Whether the likeliest label of every head, by its columns or probabilities, is the post's own, if it has one."""
    labels = torch.tensor([post.labels for post in posts], device=columns.device)
    likeliest = torch.stack([columns[:, part].argmax(1) for part in head_slices().values()], dim=1)
    return ((labels == MASKED) | (labels == likeliest)).all(1)
