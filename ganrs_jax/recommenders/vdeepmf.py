"""VDeepMF: DeepMF whose vectors are drawn from a normal distribution that a user or an item has.

Bobadilla, Ortega, Gutiérrez and González-Prieto, arXiv 2107.12677 (doi 10.1007/s00521-022-08088-2): a table of
vectors, from each a mean and a log variance by a dense layer. Training takes one sample of each, a prediction is the
mean of ten: here ten of each vector, drawn once from the seed, so that a pair's rating depends on nothing else.
"""

from collections.abc import Mapping
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from ganrs_jax.recommenders.hyperparameters import NEURAL_FLOATS, VDeepMFConfig
from ganrs_jax.recommenders.interface import scored_by_rating
from ganrs_jax.recommenders.layers import dense, embedding_table
from ganrs_jax.recommenders.training import Network, neural


class Outputs(NamedTuple):
    """Ratings [B] in stars, and each row's divergence from a standard normal [B] in nats."""

    rating: jax.Array
    divergence: jax.Array


class VDeepMF(nn.Module):
    """The dot product of one sample of a user's and one of an item's vector of `size` numbers."""

    num_users: int
    num_items: int
    size: int

    @nn.compact
    def __call__(self, user: jax.Array, item: jax.Array, floats: Mapping[str, jax.Array], *, train: bool) -> Outputs:
        """Ids int32 [B]."""
        mean, log_variance = self._normal(user, self.num_users, "user")
        of_user, far_user = self._sampled(mean, log_variance)
        mean, log_variance = self._normal(item, self.num_items, "item")
        of_item, far_item = self._sampled(mean, log_variance)
        return Outputs(jnp.sum(of_user * of_item, -1), far_user + far_item)

    def _normal(self, ids: jax.Array, count: int, name: str) -> tuple[jax.Array, jax.Array]:
        vector = embedding_table(count, self.size, name)(ids)
        return dense(self.size, f"{name}_mean")(vector), dense(self.size, f"{name}_log_variance")(vector)

    def _sampled(self, mean: jax.Array, log_variance: jax.Array) -> tuple[jax.Array, jax.Array]:
        noise = jax.random.normal(self.make_rng("noise"), mean.shape)
        divergence = 0.5 * jnp.sum(jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance, -1)
        return mean + jnp.exp(0.5 * log_variance) * noise, divergence


def _settled(module: VDeepMF, params: optax.Params, key: jax.Array, config: VDeepMFConfig) -> dict[str, jax.Array]:
    """Draws of every vector side by side, [U, draws k] and [I, draws k]: their dot product sums over the draws."""
    user_key, item_key = jax.random.split(key)
    users = _drawn(params["params"], "user", user_key, config.draws)
    return {"user": users / config.draws, "item": _drawn(params["params"], "item", item_key, config.draws)}


def _drawn(params: optax.Params, name: str, key: jax.Array, draws: int) -> jax.Array:
    table = params[name]["embedding"]
    mean, log_variance = (
        table @ params[f"{name}_{part}"]["kernel"] + params[f"{name}_{part}"]["bias"][None]
        for part in ("mean", "log_variance")
    )
    noise = jax.random.normal(key, (len(table), draws, table.shape[1]))
    return (mean[:, None] + jnp.exp(0.5 * log_variance)[:, None] * noise).reshape(len(table), -1)


RECOMMENDER = neural(
    Network(
        module=lambda task, config: VDeepMF(task.num_users, task.num_items, config.embedding_size),
        loss=lambda outputs, rating_B, task, floats: (
            jnp.square(rating_B - outputs.rating) + floats["kl_weight"] * outputs.divergence
        ),
        scored=lambda module, state, user, item, task: scored_by_rating(
            jnp.sum(state["user"][user] * state["item"][item], -1), task
        ),
        settled=_settled,
    ),
    VDeepMFConfig,
    (*NEURAL_FLOATS, "kl_weight"),
)
