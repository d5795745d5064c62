"""What critic and generator minimise: pure losses of the critic as a function and two batches."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from ganrs_jax.networks.layers import batch_mean

Scores = Callable[[jax.Array], jax.Array]  # samples [B, S] -> scores [B]


class Objective(NamedTuple):
    """Losses (scores, real [B, S], fake [B, S]) -> scalar.

    `clipped`: critic weights stay within +-clip. `penalty`: (key, scores, real, fake) -> a term
    of the critic's loss, weighted by `gradient_penalty`.
    """

    critic_loss: Callable[[Scores, jax.Array, jax.Array], jax.Array]
    generator_loss: Callable[[Scores, jax.Array, jax.Array], jax.Array]
    clipped: bool = False
    penalty: Callable[[jax.Array, Scores, jax.Array, jax.Array], jax.Array] | None = None


def _wasserstein_critic(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return batch_mean(scores(fake)) - batch_mean(scores(real))


def _wasserstein_generator(scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    return -batch_mean(scores(fake))


def _unit_slope(key: jax.Array, scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    """How far the critic's slope between real and fake samples is from 1."""
    share = jax.random.uniform(key, (len(real), 1))
    length = jnp.sqrt(_squared_slopes(scores, share * real + (1 - share) * fake) + 1e-12)
    return jnp.mean(jnp.square(length - 1))


def _zero_slopes(key: jax.Array, scores: Scores, real: jax.Array, fake: jax.Array) -> jax.Array:
    """R1 and R2: half the critic's squared slope at real and at fake samples."""
    return jnp.mean(_squared_slopes(scores, jnp.concatenate([real, fake])))


def _squared_slopes(scores: Scores, samples: jax.Array) -> jax.Array:
    return jnp.sum(jnp.square(jax.grad(lambda x: jnp.sum(scores(x)))(samples)), -1)


def _cross_entropy(logit_B: jax.Array, label: float) -> jax.Array:
    return batch_mean(optax.losses.sigmoid_binary_cross_entropy(logit_B, label))


OBJECTIVES = {
    "bce": Objective(  # Goodfellow et al. 2014, the non-saturating form
        lambda scores, real, fake: 0.5 * (_cross_entropy(scores(real), 1.0) + _cross_entropy(scores(fake), 0.0)),
        lambda scores, real, fake: _cross_entropy(scores(fake), 1.0),
    ),
    "wasserstein": Objective(_wasserstein_critic, _wasserstein_generator, clipped=True),  # arXiv 1701.07875
    "wgan_gp": Objective(_wasserstein_critic, _wasserstein_generator, penalty=_unit_slope),  # arXiv 1704.00028
    "relativistic": Objective(  # arXiv 2501.05441
        lambda scores, real, fake: batch_mean(jax.nn.softplus(scores(fake) - scores(real))),
        lambda scores, real, fake: batch_mean(jax.nn.softplus(scores(real) - scores(fake))),
        penalty=_zero_slopes,
    ),
}
