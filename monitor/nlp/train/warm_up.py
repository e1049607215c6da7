"""The masked-language warm-up: before it learns labels, the encoder guesses hidden words of all posts at hand.

So the layers meet the languages, the emoji and the way people write to shops (Gururangan et al., ACL 2020), and the
new pieces of the vocabulary find their places. Meanwhile the embedding is held near that of the base encoder.
"""

import random
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from monitor.nlp.train.batching import Prepared, batches, pad
from monitor.nlp.train.network import MentionNetwork, faster
from monitor.nlp.train.recipe import SIMILARITY_WEIGHT, WARM_UP_STEPS, WEIGHT_DECAY, Recipe
from monitor.nlp.vocabulary import MASK, id_of

HIDDEN_SHARE = 0.15
KEPT_SHARE, RANDOM_SHARE = 0.1, 0.1  # of the hidden words stay as they are, or become any other


class WordHead(nn.Module):
    """Guesses pieces from the encoder's states with its own embedding table."""

    def __init__(self, width: int, pieces: int) -> None:
        super().__init__()
        self.shape = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(pieces))

    def forward(self, states: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(self.shape(states), table, self.bias)


def hide(
    ids: NDArray[np.int64], mask: NDArray[np.bool_], chance: np.random.Generator, mask_id: int, pieces: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The ids with some hidden, where (in the flat order) they were, and what stood there. Ends are never hidden."""
    may = mask.copy()
    may[:, 0] = False
    may[np.arange(len(ids)), mask.sum(1) - 1] = False
    places = np.flatnonzero(may & (chance.random(ids.shape) < HIDDEN_SHARE))
    words = ids.reshape(-1)[places]
    fate = chance.random(len(places))
    shown = np.where(fate < 1 - KEPT_SHARE - RANDOM_SHARE, mask_id, words)
    shown = np.where(fate > 1 - RANDOM_SHARE, chance.integers(5, pieces, len(places)), shown)
    hidden = ids.reshape(-1).copy()
    hidden[places] = shown
    return hidden.reshape(ids.shape), places, words


def warm_up(
    network: MentionNetwork,
    posts: Sequence[Prepared],
    targets: torch.Tensor,
    tokenizer: Tokenizer,
    recipe: Recipe,
    device: torch.device,
    seed: int,
) -> float:
    """Trains the encoder of `network` in place; returns the last mean loss, in nats a hidden piece."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    table = network.encoder.get_input_embeddings().weight
    head = WordHead(table.shape[1], len(table)).to(device)
    parameters = [p for p in (*network.encoder.parameters(), *head.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.masked_learning_rate, weight_decay=WEIGHT_DECAY, fused=True)
    mask_id, started, running = id_of(tokenizer, MASK), time.monotonic(), 0.0
    passes = [batches(posts, chance, recipe.masked_batch_tokens) for _ in range(recipe.masked_passes)]
    steps = [group for groups in passes for group in groups]
    network.train()
    for step, group in enumerate(steps):
        for options in optimizer.param_groups:
            options["lr"] = recipe.masked_learning_rate * min((step + 1) / (4 * WARM_UP_STEPS), 1 - step / len(steps))
        ids, mask = pad([post.ids for post in group], torch.device("cpu"))
        hidden, places, words = hide(ids.numpy(), mask.numpy() > 0, numbers, mask_id, len(table))
        with faster(device):
            states, mean = network.read(torch.from_numpy(hidden).to(device), mask.to(device))
            guessed = head(states.reshape(-1, states.shape[-1])[torch.from_numpy(places).to(device)], table)
        loss = nn.functional.cross_entropy(guessed.float(), torch.from_numpy(words).to(device))
        near = [row for row, post in enumerate(group) if post.target >= 0]
        total = loss
        if near:
            wanted = targets[[group[row].target for row in near]]
            likeness = nn.functional.cosine_similarity(network.place(mean.float()[near]), wanted)
            total = loss + SIMILARITY_WEIGHT * (1 - likeness).sum() / len(group)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 100 == 0 or step == len(steps) - 1:
            running = loss.item()
            print(f"hidden words: step {step}/{len(steps)} loss {running:.3f} after {time.monotonic() - started:.0f} s")
    return running
