"""Floor 10: cases, links, notes, incidents, hand-offs."""
