"""Comparisons of recommenders on real and synthetic data: claims, significance."""
