"""Stage 2: networks, objectives and adversarial training on dense samples."""
