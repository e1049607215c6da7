"""Floor 7: journal, authors, conversations, posts, sightings, change log."""
