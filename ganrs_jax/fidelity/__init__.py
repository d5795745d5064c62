"""How close a synthetic dataset is to its source, and what it gives away of it."""
