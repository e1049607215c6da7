"""Floor 11: articles, suggestions, guard, eligibility, the outbox of Effects."""
