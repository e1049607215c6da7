"""Stories that come with the fake platforms (YAML)."""
