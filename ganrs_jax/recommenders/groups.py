"""A recommender measured on groups of users apart: accuracy, and what it predicts for them."""

from collections.abc import Sequence
from typing import TypedDict

import jax
import numpy as np

from ganrs_jax.recommenders import get_recommender
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.fit import fit_splits
from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.interface import Split, Task
from ganrs_jax.recommenders.predictions import predict_test
from ganrs_jax.recommenders.ranking import rank
from ganrs_jax.training.loop import Report, silent

RANKED = tuple(f"{metric}, {convention}" for convention in CONVENTIONS for metric in ("f1", "ndcg"))
PREDICTED = ("rating", "relevant", "hit")


class OfGroups(TypedDict):
    """Statistics of a quantity over the users of G groups, of which it is known: [S seeds][G] each."""

    users: list[list[int]]
    mean: list[list[float]]
    variance: list[list[float]]


def evaluate_groups(
    name: str,
    splits: Sequence[Split],
    task: Task,
    group: np.ndarray,
    *,
    seeds: Sequence[int],
    config: Settings,
    n: int,
    report: Report = silent,
) -> dict[str, OfGroups]:
    """Trains a recommender once per seed on all users, and tells what it does for the users of each group.

    Args:
      splits: one a seed, all of equal sizes.
      group: of each user, int [U] from 0; -1 unknown.
      n: length of the lists.

    Returns:
      Of each user's F1 and NDCG by convention (`RANKED`); and of a model that predicts ratings, over a user's test
      rows (`PREDICTED`): the mean predicted rating (whose gap between groups is MAD of ratings), the share that it
      holds relevant (demographic parity), and that share of the relevant ones (equal opportunity).
    """
    trained = fit_splits(get_recommender(name), seeds, splits, task, config, report)
    of_seeds: list[dict[str, np.ndarray]] = []
    for index, split in enumerate(trained.splits):
        lane = trained.lane(index)
        rankings = rank(
            trained.score_users,
            lane,
            split,
            num_users=task.num_users,
            num_items=task.num_items,
            threshold=task.threshold,
            cutoffs=(n,),
        ).rankings
        found = {}
        for convention, ranking in rankings.items():
            for metric in ("f1", "ndcg"):
                values = np.full(task.num_users, np.nan)
                values[ranking.user] = ranking.of_users(metric, n)
                found[f"{metric}, {convention}"] = values
        scored = predict_test(trained.score_pairs, lane, split)
        if np.isfinite(rating := np.asarray(scored.rating, np.float64)).all():
            relevant = np.asarray(scored.relevant, np.float64)
            true = split.test_rating >= task.threshold
            for key, value, rows in (("rating", rating, None), ("relevant", relevant, None), ("hit", relevant, true)):
                found[key] = _of_users(split.test_user, value, rows, task.num_users)
        of_seeds.append(found)
        report(f"measure {name}", index + 1, len(splits), {})
    jax.clear_caches()
    return {key: of_groups([found[key] for found in of_seeds], group) for key in of_seeds[0]}


def of_groups(values_SxU: Sequence[np.ndarray], group: np.ndarray) -> OfGroups:
    """Numbers, means and variances over the users of each group, [S][G]; NaN of a user counts nowhere."""
    size, found = int(group.max()) + 1, OfGroups(users=[], mean=[], variance=[])
    for values in values_SxU:
        known = np.isfinite(values) & (group >= 0)
        of, value = group[known], values[known]
        number = np.bincount(of, minlength=size)
        mean = np.bincount(of, value, size) / np.maximum(number, 1)
        square = np.bincount(of, (value - mean[of]) ** 2, size)
        found["users"].append(number.tolist())
        found["mean"].append(mean.tolist())
        found["variance"].append((square / np.maximum(number - 1, 1)).tolist())
    return found


def _of_users(user: np.ndarray, value: np.ndarray, counted: np.ndarray | None, num_users: int) -> np.ndarray:
    """Mean over a user's rows that are counted, [U], NaN of none."""
    if counted is not None:
        user, value = user[counted], value[counted]
    number = np.bincount(user, minlength=num_users)
    return np.where(number > 0, np.bincount(user, value, num_users) / np.maximum(number, 1), np.nan)
