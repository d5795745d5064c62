"""The published recipes: DeepMF, GAN on dense samples, K-means (arXiv 2303.01297)."""
