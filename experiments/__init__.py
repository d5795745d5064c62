"""Programs to launch; each one's docstring is its command."""
