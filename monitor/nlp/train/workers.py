"""Several training workers of one thread each (torchrun), whose weights are averaged as they go."""

import os
from typing import TypeVar

import torch
from torch import nn

Batch = TypeVar("Batch")


def worker() -> tuple[int, int]:
    """The number of this worker and how many there are (set by torchrun; one alone without it)."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def share_of(groups: list[Batch], rank: int, workers: int) -> list[Batch]:
    """Every worker gets equally many batches."""
    return groups[rank : len(groups) // workers * workers : workers]


def gather(own: dict[int, torch.Tensor]) -> torch.Tensor:
    """The rows that all workers have made, each under its place, in the order of the places."""
    _, workers = worker()
    parts = [own] * workers
    if workers > 1:
        torch.distributed.all_gather_object(parts, own)
    together = {place: rows for part in parts for place, rows in part.items()}
    return torch.cat([together[place] for place in sorted(together)])


def average_workers(network: nn.Module, workers: int, gone: float) -> float:
    """Brings the workers' weights together; returns the part of the run that is gone, on which all agree."""
    if workers == 1:
        return gone
    agreed = torch.tensor([gone])
    for values in (agreed, *(parameter.data for parameter in network.parameters())):
        torch.distributed.all_reduce(values)
        values /= workers
    return float(agreed)
