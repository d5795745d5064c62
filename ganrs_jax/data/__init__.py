"""Ratings as they are read, and datasets as they are made."""
