"""Floor 8: stored analyses, corrections, embeddings."""
