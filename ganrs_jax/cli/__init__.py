"""What the experiments share: flags, runs, progress, processes."""
