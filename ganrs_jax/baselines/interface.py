"""What every baseline gives: of each user and item a score, a rating, a verdict."""

from typing import NamedTuple

import jax
import numpy as np


class Scored(NamedTuple):
    """What a model says of users and items, each [..., I], or [N] for pairs.

    Attributes:
      score: to rank by, higher is better.
      rating: predicted, in stars; NaN where the model predicts none.
      relevant: bool, whether the model holds the item relevant at the threshold.
      reliability: of the rating, 0 to 1; NaN where the model tells none.
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
