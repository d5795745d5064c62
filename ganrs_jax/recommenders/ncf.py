"""The multilayer perceptron of neural collaborative filtering, shared by three recommenders."""

from collections.abc import Mapping
from typing import cast

import flax.linen as nn
import jax
import optax

from ganrs_jax.recommenders.hyperparameters import NEURAL_FLOATS, NCFConfig
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.recommenders.layers import Dropout, Joined, dense, embedding_table

NCF_FLOATS = (*NEURAL_FLOATS, "first_dropout", "second_dropout")


class NCF(nn.Module):
    """Vectors of user and item side by side, two hidden layers with dropout, `outputs` linear units.

    He et al. 2017 (arXiv 1708.05031), section 3.3; widths 70 and 30, dropout 0.5 and 0.4 are those of the study's
    authors.
    """

    num_users: int
    num_items: int
    size: int
    hidden: tuple[int, int]
    outputs: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array, floats: Mapping[str, jax.Array], *, train: bool) -> jax.Array:
        """Ids int32 that broadcast to a shape S; returns float32 [*S, outputs]."""
        of_user = embedding_table(self.num_users, self.size, "user")(user)
        of_item = embedding_table(self.num_items, self.size, "item")(item)
        x = nn.relu(Joined(self.hidden[0], name="first")(of_user, of_item))
        x = Dropout(name="first_dropout")(x, floats["first_dropout"], train=train)
        x = nn.relu(dense(self.hidden[1], "second")(x))
        x = Dropout(name="second_dropout")(x, floats["second_dropout"], train=train)
        return cast(jax.Array, dense(self.outputs, "output")(x))


def ncf(task: Task, config: NCFConfig, outputs: int) -> NCF:
    """The network for a task."""
    return NCF(task.num_users, task.num_items, config.embedding_size, config.hidden, outputs)


def outputs_of(module: nn.Module, params: optax.Params, user: jax.Array, item: jax.Array) -> jax.Array:
    """Outputs [*S, outputs] of a trained network with no unit dropped; ids broadcast to a shape S."""
    return cast(jax.Array, module.apply(params, user, item, {"first_dropout": 0.0, "second_dropout": 0.0}, train=False))
