"""NCF with one sigmoid output, the probability that an item is relevant to a user; binary cross-entropy.

It predicts no rating. An item is held relevant from a probability of one half on.
"""

import jax
import jax.numpy as jnp
import optax

from ganrs_jax.recommenders.hyperparameters import NCFConfig
from ganrs_jax.recommenders.interface import Scored, Task
from ganrs_jax.recommenders.ncf import NCF, NCF_FLOATS, ncf, outputs_of
from ganrs_jax.recommenders.training import Network, neural
from ganrs_jax.training.lanes import Floats


def _loss(logits_Bx1: jax.Array, rating_B: jax.Array, task: Task, floats: Floats) -> jax.Array:
    relevant = (rating_B >= task.threshold).astype(jnp.float32)
    return optax.losses.sigmoid_binary_cross_entropy(logits_Bx1[:, 0], relevant)


def _scored(module: NCF, params: optax.Params, user: jax.Array, item: jax.Array, task: Task) -> Scored:
    probability = jax.nn.sigmoid(outputs_of(module, params, user, item)[..., 0])
    unknown = jnp.full_like(probability, jnp.nan)
    return Scored(probability, unknown, probability >= 0.5, unknown)


RECOMMENDER = neural(Network(lambda task, config: ncf(task, config, 1), _loss, _scored), NCFConfig, NCF_FLOATS)
