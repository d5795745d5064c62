"""Predictions of a trained model for test rows, checked."""

import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.interface import Score, Scored, Split


def predict_test(score_pairs: Score, state: optax.Params, split: Split) -> Scored:
    """Predictions for each test row, [m].

    Raises:
      InputError: scores that are not finite.
    """
    scored = score_pairs(state, jnp.asarray(split.test_user), jnp.asarray(split.test_item))
    check_finite(np.isfinite(np.asarray(scored.score)))
    return scored


def check_finite(finite: np.ndarray) -> None:
    """Raises InputError unless every score was finite: a model that diverged has no place in a ranking."""
    if not finite.all():
        raise InputError(
            f"{np.count_nonzero(~finite)} of {finite.size} scores (or users with one) are not finite: the model "
            "diverged; train it with a smaller learning rate, or leave this seed out"
        )
