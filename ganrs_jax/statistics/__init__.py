"""Statistics of a dataset that recipes calibrate on and evaluation reports."""
