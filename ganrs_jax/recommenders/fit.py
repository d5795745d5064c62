"""Splits, trains and reads a recommender: seeds as lanes, scores by blocks of users."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.data.ratings import Ratings, split_rows
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.hyperparameters import Settings, check, check_threshold
from ganrs_jax.recommenders.interface import Recommender, Score, Scored, ScoreUsers, Split, Task
from ganrs_jax.training.lanes import check_lanes, lane
from ganrs_jax.training.loop import Report, silent

_PAIRS = 1 << 16  # scored at a time


class Trained(NamedTuple):
    """A recommender's lanes, one a seed.

    Attributes:
      task: what was learned.
      state: pytree of arrays, lanes leading.
      splits: the rows of each lane.
      score_users: of every item for users int32 [B], jitted; the same object for every lane and for every fit of the
        same networks and task, so that what calls it under jit compiles once.
      score_pairs: of users [N] and items [N] -> Scored [N], likewise.
    """

    task: Task
    state: optax.Params
    splits: tuple[Split, ...]
    score_users: ScoreUsers
    score_pairs: Score

    def lane(self, index: int) -> optax.Params:
        """One lane's state, for `score_users` and `score_pairs`."""
        return lane(self.state, index)

    def score_block(self, index: int, user_B: jax.Array | np.ndarray) -> Scored:
        """Predictions of lane `index` for each user and every item, [B, I]."""
        return self.score_users(self.lane(index), jnp.asarray(user_B, jnp.int32))

    def predict(self, index: int, user_N: jax.Array | np.ndarray, item_N: jax.Array | np.ndarray) -> Scored:
        """Predictions of lane `index` for pairs, [N]."""
        return self.score_pairs(self.lane(index), jnp.asarray(user_N, jnp.int32), jnp.asarray(item_N, jnp.int32))


def fit(
    recommender: Recommender,
    seeds: Sequence[int],
    ratings: Ratings | Sequence[Ratings],
    config: Settings,
    threshold: float,
    report: Report = silent,
) -> Trained:
    """Trains a recommender once a seed, all seeds at once.

    Args:
      seeds: L seeds; each draws its own random split of the rows, start, batches and noise.
      ratings: one dataset, or several of one size and scale, which the seeds take in turn.
      config: the settings of all lanes, or a sequence of one a lane; these may differ in `recommender.lane_floats`.
      threshold: ratings of so many stars or more are relevant.

    Raises:
      InputError: a setting, seed or threshold that cannot be, too few rows to split, no relevant rating, datasets of
        different sizes.
      TrainingDivergedError: if every lane diverges.
    """
    datasets = [ratings] if isinstance(ratings, Ratings) else list(ratings)
    configs = list(config) if isinstance(config, Sequence) else [config] * len(seeds)
    check_lanes(seeds, configs, recommender.lane_floats)
    for one in datasets:
        check_threshold(threshold, one)
    sizes = sorted({(d.num_users, d.num_items, d.num_ratings) for d in datasets})
    if len(sizes) > 1:
        shown = " and ".join(f"{u} users, {i} items, {n} ratings" for u, i, n in (sizes[0], sizes[-1]))
        raise InputError(f"datasets of {shown}; accepted: datasets of one size")
    task = Task(datasets[0].num_users, datasets[0].num_items, datasets[0].scale, float(threshold))
    check(configs[0])
    splits = [split(datasets[i % len(datasets)], configs[0].train_share, seed) for i, seed in enumerate(seeds)]
    return fit_splits(recommender, seeds, splits, task, config, report)


def fit_splits(
    recommender: Recommender,
    seeds: Sequence[int],
    splits: Sequence[Split],
    task: Task,
    config: Settings,
    report: Report = silent,
) -> Trained:
    """`fit` on splits that are made already, one a seed, all of equal sizes; raises as it does."""
    configs = list(config) if isinstance(config, Sequence) else [config] * len(seeds)
    check_lanes(seeds, configs, recommender.lane_floats)
    for one in configs:
        check(one)
    fitted = recommender.fit(tuple(seeds), tuple(splits), task, configs, report)
    return Trained(task, fitted.state, tuple(splits), *_programs(fitted.score, task.num_items))


def split(ratings: Ratings, train_share: float, seed: int) -> Split:
    """A random split of the rows, the same for every recommender with the same seed and share.

    Raises:
      InputError: if either part would be empty.
    """
    train, test = split_rows(ratings.num_ratings, train_share, seed)
    columns = ratings.user, ratings.item, ratings.rating
    return Split(*(x[train] for x in columns), *(x[test] for x in columns))


@functools.lru_cache
def _programs(score: Score, num_items: int) -> tuple[ScoreUsers, Score]:
    """Scores of all items of some users, and of some pairs, jitted once however many are fitted."""

    def of_users(state: optax.Params, user_B: jax.Array) -> Scored:
        return score(state, user_B[:, None], jnp.arange(num_items)[None])

    def of_pairs(state: optax.Params, user_N: jax.Array, item_N: jax.Array) -> Scored:
        return jax.lax.map(lambda pair: score(state, *pair), (user_N, item_N), batch_size=_PAIRS)

    return jax.jit(of_users), jax.jit(of_pairs)
