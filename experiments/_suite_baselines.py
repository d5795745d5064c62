"""Benchmark of the study's recommenders: seconds an epoch, of one model and of several seeds at once."""

import time
from typing import Any

from ganrs_jax.cli.flags import numbers, read_source
from ganrs_jax.cli.rooflines import Watch, roofline_line
from ganrs_jax.cli.runner import Progress
from ganrs_jax.cli.timing import machine
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.hyperparameters import NeuralConfig, default_threshold, published_config
from ganrs_jax.training.loop import watching

_KERAS = 2.5  # seconds an epoch of DeepMF on MovieLens 100K in batches of 32, Keras 3 on two cores


def baselines(progress: Progress) -> dict[str, Any]:
    """The second fit of each network, whose programs are compiled; --lanes seeds beside one."""
    lane_counts, ratings, cells = sorted({1, *numbers("lanes", int)}), read_source(), []
    limits, threshold = machine(), default_threshold(ratings.scale)
    rooflines: dict[str, dict[str, float]] = {}
    for name, recommender in RECOMMENDERS.items():
        if not issubclass(recommender.config, NeuralConfig):
            continue
        config = published_config(recommender.config, ratings.name)
        for lanes in lane_counts:
            marks = [time.monotonic()]
            with watching(watch := Watch()):
                for seeds in (range(lanes), range(lanes, 2 * lanes)):
                    fit(recommender, list(seeds), ratings, config, threshold, progress)
                    marks.append(time.monotonic())
            rooflines |= {f"{name}, {lanes} lanes": next(iter(watch.rooflines(limits, config.batch_size).values()))}
            first, epoch = marks[1] - marks[0], (marks[2] - marks[1]) / config.epochs
            cells.append({"model": name, "lanes": lanes, "first": first, "epoch": epoch, "model_epoch": epoch / lanes})
    deepmf = next(c for c in cells if c["model"] == "deepmf" and c["lanes"] == 1)
    header = ["model", "lanes", "first fit s", "epoch s", "epoch of a model s"]
    rows = [[c["model"], str(c["lanes"]), *(f"{c[k]:.3f}" for k in ("first", "epoch", "model_epoch"))] for c in cells]
    ratio = f"Keras takes {_KERAS:g} s for DeepMF's on MovieLens 100K: {_KERAS / deepmf['epoch']:.1f} times as long"
    found = {"ratings": ratings.num_ratings, "cells": cells, "rooflines": rooflines}
    return {**found, "table": [header, *rows], "say": f"{ratio}; {roofline_line(rooflines)}"}
