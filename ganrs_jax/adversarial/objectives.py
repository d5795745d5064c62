"""What critic and generator minimise: pure losses of the critic as a function and two batches."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import optax

from ganrs_jax.adversarial.layers import batch_mean

Scores = Callable[[jax.Array], jax.Array]  # samples [B, S] -> scores [B]


class Objective(NamedTuple):
    """Losses (scores, real [B, S], fake [B, S]) -> scalar; `clipped`: critic weights stay within +-clip."""

    critic_loss: Callable[[Scores, jax.Array, jax.Array], jax.Array]
    generator_loss: Callable[[Scores, jax.Array, jax.Array], jax.Array]
    clipped: bool = False


def _bce_critic(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return 0.5 * (_cross_entropy(scores(real), 1.0) + _cross_entropy(scores(fake), 0.0))


def _bce_generator(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return _cross_entropy(scores(fake), 1.0)


def _wasserstein_critic(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return batch_mean(scores(fake)) - batch_mean(scores(real))


def _wasserstein_generator(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return -batch_mean(scores(fake))


def _cross_entropy(logit_B: jax.Array, label: float) -> jax.Array:
    return batch_mean(optax.losses.sigmoid_binary_cross_entropy(logit_B, label))


OBJECTIVES = {
    "bce": Objective(_bce_critic, _bce_generator),  # Goodfellow et al. 2014, the non-saturating form
    "wasserstein": Objective(_wasserstein_critic, _wasserstein_generator, clipped=True),  # arXiv 1701.07875
}
