"""Ratings that are read, and datasets that are generated."""
