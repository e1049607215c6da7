"""Floor 5: people, brands, markets, channels, budgets and switches."""
