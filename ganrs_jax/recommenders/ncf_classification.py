"""NCF with a softmax over the values of the scale, trained by cross-entropy; predicts the expected rating.

Its relevance and its ranking follow that expectation.
"""

import jax
import jax.numpy as jnp
import optax

from ganrs_jax.recommenders.hyperparameters import NCFConfig
from ganrs_jax.recommenders.interface import Scored, Task, scored_by_rating
from ganrs_jax.recommenders.ncf import NCF, NCF_FLOATS, ncf, outputs_of
from ganrs_jax.recommenders.training import Network, neural
from ganrs_jax.training.lanes import Floats


def cross_entropy(logits_BxL: jax.Array, rating_B: jax.Array, task: Task, floats: Floats) -> jax.Array:
    """Of the true ratings' places on the scale, [B] in nats."""
    level = jnp.rint((rating_B - task.scale.low) / task.scale.step).astype(jnp.int32)
    return optax.losses.softmax_cross_entropy_with_integer_labels(logits_BxL, level)


def _scored(module: NCF, params: optax.Params, user: jax.Array, item: jax.Array, task: Task) -> Scored:
    probability = jax.nn.softmax(outputs_of(module, params, user, item))
    return scored_by_rating(probability @ jnp.asarray(task.scale.levels), task)


RECOMMENDER = neural(
    Network(lambda task, config: ncf(task, config, len(task.scale.levels)), cross_entropy, _scored),
    NCFConfig,
    NCF_FLOATS,
)
