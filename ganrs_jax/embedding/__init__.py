"""Stage 1: vectors of users and items."""
