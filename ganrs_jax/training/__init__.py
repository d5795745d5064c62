"""The scanned training loop, its lanes, devices and checkpoints."""
