"""Floor 0: what is true of any text, with no knowledge of posts, brands or platforms."""
