"""Floor 6: notices to people."""
