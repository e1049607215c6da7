"""Floor 14: REST and webhooks: parse, check the right, call one service or selector, render."""
