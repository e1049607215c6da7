"""Pure text: cleaning, folding, search tokens, length, entities, masking, fingerprint. Knows no other room."""

from monitor.text.clean import clean, fold

__all__ = ["clean", "fold"]
