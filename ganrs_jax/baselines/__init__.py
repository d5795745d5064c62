"""Recommenders to test on a dataset, behind one interface."""
