"""Where a training run keeps what it has done, so that it can be stopped at any moment."""

import dataclasses
import hashlib
import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import jax
from absl import flags

from ganrs_jax.cli.processes import check_agreed
from ganrs_jax.cli.runner import say, versions
from ganrs_jax.data.ratings import Ratings, digest
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import Config
from ganrs_jax.training.devices import is_first
from ganrs_jax.training.lanes import lane_groups
from ganrs_jax.training.stages import Stages

FLAGS = flags.FLAGS


def define_unfinished() -> None:
    """--checkpoint_seconds."""
    flags.DEFINE_float("checkpoint_seconds", 30.0, "Least time between two checkpoints of training; inf = none.")


def check_unfinished() -> None:
    """Raises InputError for a time that cannot be."""
    if not FLAGS.checkpoint_seconds >= 0:
        raise InputError(f"--checkpoint_seconds={FLAGS.checkpoint_seconds:g}; accepted: 0 or more, or inf")


def unfinished(workdir: Path, ratings: Ratings, seeds: Sequence[int], configs: Sequence[Config]) -> Stages:
    """What an earlier run of the same recipe, seeds, settings, source and versions has done; others' is dropped.

    Raises:
      InputError: if this process of a group has not the same of these as process 0.
    """
    place, mark = workdir / ".unfinished", _fingerprint(ratings, seeds, configs)
    keeps = FLAGS.checkpoint_seconds != math.inf
    check_agreed(f"{mark}{keeps:d}".encode(), "source")
    folder = place / mark
    for other in place.glob("*") if is_first() else ():
        if other != folder:
            say(f"{other}: left by an unfinished run of other settings; dropped")
            shutil.rmtree(other, ignore_errors=True)
    if is_first() and keeps and folder.exists():
        say(f"goes on from {folder}")
    return Stages(folder if keeps else None, FLAGS.checkpoint_seconds)


def _fingerprint(ratings: Ratings, seeds: Sequence[int], configs: Sequence[Config]) -> str:
    run = {
        "recipe": FLAGS.recipe,
        "seeds": list(seeds),
        "configs": [dataclasses.asdict(config) for config in configs],
        "source": digest(ratings),
        "versions": versions(),
        "platform": jax.default_backend(),
        "lanes": [mine.stop for mine in lane_groups(len(seeds))],  # how cores share them
    }
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:16]
