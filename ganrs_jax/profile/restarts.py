"""Training that starts again from another key where it collapsed or diverged."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganrs_jax.profile.gan import PARTS, Part, TwoPartSpec, fit_two_part
from ganrs_jax.training.checkpointer import Kept
from ganrs_jax.training.lanes import lane
from ganrs_jax.training.loop import Report, TrainingDivergedError

_COLLAPSED = 0.4  # sliced Wasserstein distance over which a part has learned nothing
_ATTEMPTS = 3  # each from other keys


def fit_with_restarts(
    seeds: tuple[int, ...], spec: TwoPartSpec, vectors: Any, floats: Any, report: Report, kept: Kept
) -> tuple[list[dict[str, Part]], list[int]]:
    """Trains a lane a seed, as `fit_two_part` does; one that collapsed or diverged starts again from another key.

    Returns:
      The state of each lane, the best of its attempts, and how often it was started again.

    Raises:
      TrainingDivergedError: if a lane diverges at every attempt.
    """
    lanes: list[Any] = [None] * len(seeds)
    attempts = [0] * len(seeds)
    for attempt in range(_ATTEMPTS):
        again = [i for i, state in enumerate(lanes) if state is None or _distance(state) > _COLLAPSED]
        if not again:
            break
        mine = {name: value[np.array(again)] for name, value in floats.items()}
        try:
            state = fit_two_part(
                tuple(seeds[i] for i in again), spec, vectors, floats=mine, attempt=attempt, report=report, kept=kept
            )
        except TrainingDivergedError:
            if attempt == _ATTEMPTS - 1 and None in lanes:
                raise
            continue
        for place, index in enumerate(again):
            attempts[index] = attempt
            if lanes[index] is None or _distance(lane(state, place)) < _distance(lanes[index]):
                lanes[index] = lane(state, place)
    return lanes, attempts


def _distance(state: Mapping[str, Part]) -> float:
    worst = max(float(state[part].distance) for part in PARTS)
    return worst if np.isfinite(worst) else np.inf
