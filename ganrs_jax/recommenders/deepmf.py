"""DeepMF: a rating is the dot product of a user's and an item's vector, no biases, squared error.

Bobadilla et al., arXiv 2303.01297, section 3; the first stage of the published generators.
"""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp

from ganrs_jax.recommenders.hyperparameters import NEURAL_FLOATS, DeepMFConfig
from ganrs_jax.recommenders.interface import Task, scored_by_rating
from ganrs_jax.recommenders.layers import embedding_table
from ganrs_jax.recommenders.training import Network, neural
from ganrs_jax.training.lanes import Floats


class DeepMF(nn.Module):
    """Embeddings of users and items, `size` numbers each, and their dot product."""

    num_users: int
    num_items: int
    size: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array, floats: Mapping[str, jax.Array], *, train: bool) -> jax.Array:
        """Ids int32 that broadcast to a shape S; returns ratings in stars, float32 S."""
        of_user = embedding_table(self.num_users, self.size, "user")(user)
        return jnp.sum(of_user * embedding_table(self.num_items, self.size, "item")(item), -1)


def squared_error(outputs: jax.Array, rating_B: jax.Array, task: Task, floats: Floats) -> jax.Array:
    """Of predicted ratings [B], in squared stars."""
    return jnp.square(rating_B - outputs)


RECOMMENDER = neural(
    Network(
        module=lambda task, config: DeepMF(task.num_users, task.num_items, config.embedding_size),
        loss=squared_error,
        scored=lambda module, params, user, item, task: scored_by_rating(
            module.apply(params, user, item, {}, train=False), task
        ),
    ),
    DeepMFConfig,
    NEURAL_FLOATS,
)
