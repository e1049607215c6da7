"""Floor 9: facts, rules, decisions, priority."""
