"""Floor 14: web pages: parse, check the right, call one service or selector, render."""
