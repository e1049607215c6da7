"""Floor 1: clients of the social platforms. Platforms do not know each other, Django or the database."""
