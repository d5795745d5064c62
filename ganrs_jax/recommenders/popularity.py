"""Ranks items by how many training rows they have: what every model must beat to have learned about users.

It predicts no rating and holds every item relevant: it knows no threshold, so that the convention that recommends only
what a model holds relevant leaves its list whole.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.interface import Fitted, Recommender, Scored, Split, Task, scored_by_rank
from ganrs_jax.training.loop import Report


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[Settings], report: Report
) -> Fitted:
    counts = [np.bincount(split.train_item, minlength=task.num_items) for split in splits]
    return Fitted(jnp.asarray(np.stack(counts), jnp.float32), popularity)


def popularity(count_I: jax.Array, user: jax.Array, item: jax.Array) -> Scored:
    """Scores by training rows an item; ids broadcast."""
    return scored_by_rank(jnp.broadcast_to(count_I[item], jnp.broadcast_shapes(user.shape, item.shape)))


RECOMMENDER = Recommender(Settings, _fit)
