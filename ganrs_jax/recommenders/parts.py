"""A recommender measured on parts of its users and items apart: the cold and the warm, or groups of users."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.recommenders import get_recommender
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.fit import Trained, fit_splits
from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.interface import Scored, ScoreUsers, Split, Task
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.recommenders.ranking import Ranking, rank
from ganrs_jax.training.loop import Report, silent

_LAST = -1e30  # the score of items that are not ranked; finite, so that a model which diverged is still told

OfPart = dict[str, dict[str, list[list[float]]]]  # {convention: {metric: [S][C]}}


class Part(NamedTuple):
    """Users for whom, and items of which, lists are made and measured: bool [U] and bool [I]."""

    user: np.ndarray
    item: np.ndarray


def evaluate_parts(
    name: str,
    splits: Sequence[Split],
    task: Task,
    parts: Mapping[str, Part],
    *,
    seeds: Sequence[int],
    config: Settings,
    cutoffs: Sequence[int],
    report: Report = silent,
) -> dict[str, OfPart]:
    """Trains a recommender once per seed on all users and items, and measures each part apart.

    Args:
      splits: one a seed, all of equal sizes.
      parts: of each, the test rows of its users and items are looked for in lists of its items alone.

    Returns:
      {part: {convention: {metric: [S][C]}}}, C lengths of list.

    Raises:
      InputError: as `fit` and `rank` do; a part of which no test row is relevant.
    """
    trained = fit_splits(get_recommender(name), seeds, splits, task, config, report)
    found: dict[str, OfPart] = {part: {c: {m: [] for m in METRICS} for c in CONVENTIONS} for part in parts}
    for index in range(len(splits)):
        for part, members in parts.items():
            for convention, ranking in rank_part(trained, index, members, cutoffs).items():
                for metric, values in ranking.means().items():
                    found[part][convention][metric].append(values.tolist())
        report(f"measure {name}", index + 1, len(splits), {})
    return found


def rank_part(trained: Trained, index: int, part: Part, cutoffs: Sequence[int]) -> dict[str, Ranking]:
    """Rankings of a part by the lane of one seed, by convention; raises as `rank` does."""
    split, task = trained.splits[index], trained.task
    own = part.user[split.test_user] & part.item[split.test_item]
    return rank(
        _among(trained.score_users),
        (trained.lane(index), jnp.asarray(part.item)),
        split._replace(**{name: getattr(split, name)[own] for name in ("test_user", "test_item", "test_rating")}),
        num_users=task.num_users,
        num_items=task.num_items,
        threshold=task.threshold,
        cutoffs=cutoffs,
    ).rankings


@functools.lru_cache
def _among(score_users: ScoreUsers) -> ScoreUsers:
    """Scores by which items that are not of the part come after all others."""

    def score(state: tuple[optax.Params, jax.Array], user_B: jax.Array) -> Scored:
        scored = score_users(state[0], user_B)
        return scored._replace(score=jnp.where(state[1][None], scored.score, jnp.float32(_LAST)))

    return score
