"""Synthetic rating datasets, made with generative adversarial networks, for testing recommender systems."""

__version__ = "0.2.0"
