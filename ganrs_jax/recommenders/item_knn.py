"""Item-based nearest neighbours: an item by how alike it is to those that a user has, by who rated both.

B. Sarwar, G. Karypis, J. Konstan, J. Riedl: Item-based Collaborative Filtering Recommendation Algorithms. WWW 2001
(doi 10.1145/371920.372071), cosine similarity, on who rated what.
"""

from collections.abc import Sequence

from ganrs_jax.recommenders.hyperparameters import NeighboursConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Split, Task
from ganrs_jax.recommenders.who_rated_what import fit_item_weights
from ganrs_jax.statistics.item_weights import neighbour_weights
from ganrs_jax.training.loop import Report


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[NeighboursConfig], report: Report
) -> Fitted:
    neighbours = min(configs[0].neighbours, task.num_items)
    return fit_item_weights(splits, task, lambda counts_IxI: neighbour_weights(counts_IxI, neighbours))


RECOMMENDER = Recommender(NeighboursConfig, _fit)
