"""EASE: each item by all others in one ridge regression, in closed form.

H. Steck: Embarrassingly Shallow Autoencoders for Sparse Data. WWW 2019 (doi 10.1145/3308558.3313710), equation 8.
"""

from collections.abc import Sequence

from ganrs_jax.recommenders.hyperparameters import EaseConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Split, Task
from ganrs_jax.recommenders.who_rated_what import fit_item_weights
from ganrs_jax.statistics.item_weights import ease_weights
from ganrs_jax.training.loop import Report


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[EaseConfig], report: Report
) -> Fitted:
    return fit_item_weights(splits, task, lambda counts_IxI: ease_weights(counts_IxI, configs[0].penalty))


RECOMMENDER = Recommender(EaseConfig, _fit)
