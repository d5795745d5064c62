"""Predicts the mean rating + what the user adds + what the item adds, shrunken means found by turns.

Koren, Bell and Volinsky 2009 (doi 10.1109/MC.2009.263), equation 3; the shrinkage is that of
`ganrs_jax.statistics.learnability`.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.interface import Fitted, Recommender, Score, Scored, Split, Task, scored_by_rating
from ganrs_jax.statistics.learnability import fit_biases
from ganrs_jax.training.loop import Report


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[Settings], report: Report
) -> Fitted:
    lanes = []
    for split in splits:
        mean = split.train_rating.mean(dtype=np.float64)
        shape = task.num_users, task.num_items
        user, item = fit_biases(split.train_user, split.train_item, split.train_rating - mean, shape)
        lanes.append({"user": user + mean, "item": item})
    return Fitted({k: jnp.asarray(np.stack([x[k] for x in lanes]), jnp.float32) for k in lanes[0]}, _score(task))


@functools.lru_cache
def _score(task: Task) -> Score:
    def score(state: dict[str, jax.Array], user: jax.Array, item: jax.Array) -> Scored:
        return scored_by_rating(state["user"][user] + state["item"][item], task)

    return score


RECOMMENDER = Recommender(Settings, _fit)
