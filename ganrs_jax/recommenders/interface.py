"""What every recommender takes and predicts: from a split and a task, scores, ratings and relevance of items."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.data.ratings import Scale


class Scored(NamedTuple):
    """Predictions of a model for users and items, each [..., I], or [N] for pairs.

    Attributes:
      score: to rank by, higher is better.
      rating: predicted, in stars; NaN where the model predicts none.
      relevant: bool, whether the model predicts that the item is relevant at the threshold.
      reliability: of the rating, 0 to 1; NaN where the model gives none.
    """

    score: jax.Array
    rating: jax.Array
    relevant: jax.Array
    reliability: jax.Array


class Split(NamedTuple):
    """Rows of one seed to train on [n] and to test with [m]: ids int32, ratings float32 in stars."""

    train_user: np.ndarray
    train_item: np.ndarray
    train_rating: np.ndarray
    test_user: np.ndarray
    test_item: np.ndarray
    test_rating: np.ndarray


class Task(NamedTuple):
    """What is to be predicted; hashable, so that one compiled program serves every call of the same task.

    Attributes:
      scale: the values a rating may take.
      threshold: a rating of so many stars or more is relevant.
    """

    num_users: int
    num_items: int
    scale: Scale
    threshold: float


Score = Callable[[optax.Params, jax.Array, jax.Array], Scored]  # (a lane's state, users, items) -> Scored
ScoreUsers = Callable[[optax.Params, jax.Array], Scored]  # (a lane's state, users [B]) -> Scored [B, I]


class Fitted(NamedTuple):
    """Trained lanes of one recommender.

    Attributes:
      state: pytree of arrays, lanes leading.
      score: (one lane's state, users, items) -> Scored, of the shape that the two arrays of ids broadcast to. A pure
        function, the same object for every fit of the same networks and task.
    """

    state: optax.Params
    score: Score


class Recommender(NamedTuple):
    """A model to recommend with.

    Attributes:
      config: the frozen dataclass of its settings.
      fit: (seeds [L], splits [L], task, configs [L], report) -> Fitted; splits are of equal sizes.
      lane_floats: fields of the settings that lanes of one `fit` may differ in.
    """

    config: type
    fit: Callable[..., Fitted]
    lane_floats: tuple[str, ...] = ()


def scored_by_rating(rating: jax.Array, task: Task, reliability: jax.Array | None = None) -> Scored:
    """Ranks by the predicted rating [...], relevant from the threshold on; reliability NaN where none is given."""
    reliability = jnp.full_like(rating, jnp.nan) if reliability is None else reliability
    return Scored(rating, rating, rating >= task.threshold, reliability)


def scored_by_rank(score: jax.Array) -> Scored:
    """Ranks by scores [...] that are no ratings, and holds every item relevant."""
    unknown = jnp.full_like(score, jnp.nan)
    return Scored(score, unknown, jnp.ones_like(score, bool), unknown)
