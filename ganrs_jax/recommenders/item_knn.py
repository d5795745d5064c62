"""Item-based nearest neighbours: an item by how alike it is to those that a user has, by who rated both.

B. Sarwar, G. Karypis, J. Konstan, J. Riedl: Item-based Collaborative Filtering Recommendation Algorithms. WWW 2001
(doi 10.1145/371920.372071), cosine similarity, on who rated what.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from ganrs_jax.recommenders.hyperparameters import NeighboursConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Split, Task
from ganrs_jax.recommenders.who_rated_what import fit_item_weights
from ganrs_jax.training.loop import Report


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[NeighboursConfig], report: Report
) -> Fitted:
    neighbours = min(configs[0].neighbours, task.num_items)
    return fit_item_weights(splits, task, lambda counts_IxI: neighbour_weights(counts_IxI, neighbours))


@functools.partial(jax.jit, static_argnums=1)
def neighbour_weights(counts_IxI: jax.Array, neighbours: int) -> jax.Array:
    """Cosines of the columns of who rated what, for each item (column) with its nearest others alone."""
    length = jnp.sqrt(jnp.maximum(jnp.diagonal(counts_IxI), 1.0))
    cosine_IxI = counts_IxI / (length[:, None] * length[None]) * (1 - jnp.eye(len(counts_IxI)))
    nearest, which = jax.lax.top_k(cosine_IxI, neighbours)
    return jnp.zeros_like(cosine_IxI).at[which, jnp.arange(len(cosine_IxI))[:, None]].set(nearest)


RECOMMENDER = Recommender(NeighboursConfig, _fit)
