"""NCF by classification with a branch for users and one for items; predicts <rating, reliability>.

Bobadilla et al. 2022, arXiv 2410.16838 (doi 10.9781/ijimai.2021.08.010): each side's vector passes through a perceptron
of its own, the two are joined, and a softmax gives a probability to each value of the scale. The rating is the most
probable value, the reliability its probability. Widths are not published: each branch has one hidden layer of
`hidden[0]` units, what is joined one of `hidden[1]`; without the latter, log probabilities would be sums of a user's
and an item's part, with no taste in them.

Both are ranked by: first the rating, then among equal ratings the reliability, which is the order of place on the scale
+ reliability, since the latter is over 0 and at most 1.
"""

from collections.abc import Mapping
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from ganrs_jax.recommenders.hyperparameters import NCFConfig
from ganrs_jax.recommenders.interface import Scored, Task, scored_by_rating
from ganrs_jax.recommenders.layers import Dropout, Joined, dense, embedding_table
from ganrs_jax.recommenders.ncf import NCF_FLOATS, outputs_of
from ganrs_jax.recommenders.ncf_classification import cross_entropy
from ganrs_jax.recommenders.training import Network, neural


class TwoBranchNCF(nn.Module):
    """A hidden layer with dropout for each side, one for both, `outputs` linear units."""

    num_users: int
    num_items: int
    size: int
    hidden: tuple[int, int]
    outputs: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array, floats: Mapping[str, jax.Array], *, train: bool) -> jax.Array:
        """Ids int32 that broadcast to a shape S; returns logits, float32 [*S, outputs]."""

        def branch(ids: jax.Array, count: int, name: str) -> jax.Array:
            x = nn.relu(dense(self.hidden[0], f"{name}_first")(embedding_table(count, self.size, name)(ids)))
            return Dropout(name=f"{name}_dropout")(x, floats["first_dropout"], train=train)

        of_user, of_item = branch(user, self.num_users, "user"), branch(item, self.num_items, "item")
        x = nn.relu(Joined(self.hidden[1], name="second")(of_user, of_item))
        x = Dropout(name="second_dropout")(x, floats["second_dropout"], train=train)
        return cast(jax.Array, dense(self.outputs, "output")(x))


def _scored(module: TwoBranchNCF, params: optax.Params, user: jax.Array, item: jax.Array, task: Task) -> Scored:
    probability = jax.nn.softmax(outputs_of(module, params, user, item))
    mode, reliability = jnp.argmax(probability, -1), jnp.max(probability, -1)
    scored = scored_by_rating(jnp.asarray(task.scale.levels)[mode], task, reliability)
    return scored._replace(score=mode + reliability)


RECOMMENDER = neural(
    Network(
        module=lambda task, config: TwoBranchNCF(
            task.num_users, task.num_items, config.embedding_size, config.hidden, len(task.scale.levels)
        ),
        loss=cross_entropy,
        scored=_scored,
    ),
    NCFConfig,
    NCF_FLOATS,
)
