"""Floor 13: erasure, retention, deletion proof."""
