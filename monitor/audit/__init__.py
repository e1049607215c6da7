"""Floor 4: append-only acts of people and automation."""
