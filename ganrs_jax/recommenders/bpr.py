"""BPR: vectors of users and items, and a bias per item, that put rated items before those that were not rated.

S. Rendle, C. Freudenthaler, Z. Gantner, L. Schmidt-Thieme: BPR: Bayesian Personalized Ranking from Implicit Feedback.
UAI 2009 (arXiv 1205.2618), figure 4 (LearnBPR) and section 4.3.1, in steps of several draws.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.checks import check_memory
from ganrs_jax.recommenders.hyperparameters import BPRConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Scored, Split, Task, scored_by_rank
from ganrs_jax.recommenders.user_rows import UserRows, first_not
from ganrs_jax.recommenders.who_rated_what import training_rows
from ganrs_jax.training.lanes import Floats, lane_keys, stacked_floats
from ganrs_jax.training.loop import Chunk, Metrics, Report, scanned, train

_FLOATS = ("learning_rate", "l2")
_INIT, _EPOCHS = range(2)  # streams of a lane's key
_START = 0.1  # standard deviation of the vectors' numbers at first, over the root of how many there are
_COPIES = 8  # bytes a number of a vector: before a step and after it
_REPORTED = 5  # epochs between two reports


class Vectors(NamedTuple):
    """Of users [U, K] and items [I, K], and the items' biases [I]."""

    user_UxK: jax.Array
    item_IxK: jax.Array
    bias_I: jax.Array


class _Lane(NamedTuple):
    """What differs by lane: key, float settings, training rows and the user of each, int32 [n]."""

    key: jax.Array
    floats: Floats
    rows: UserRows
    user_n: jax.Array


class _Sizes(NamedTuple):
    """What a program is compiled for, beside the shapes of its arguments."""

    num_items: int
    width: int
    steps: int
    batch_size: int


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[BPRConfig], report: Report
) -> Fitted:
    config, shape = configs[0], (task.num_users, task.num_items, configs[0].factors)
    check_memory("factors", config.factors, _COPIES * (task.num_users + task.num_items) * len(splits))
    rows, width = training_rows(splits, task)
    user_Lxn = jnp.asarray(np.stack([np.sort(split.train_user) for split in splits]))  # in the order of `rows`
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rows)
    lanes = _Lane(lane_keys(seeds), stacked_floats(configs, _FLOATS), stacked, user_Lxn)
    sizes = _Sizes(task.num_items, width, -(-user_Lxn.shape[1] // config.batch_size), config.batch_size)
    epochs = _scanned_epochs(sizes)
    state = train(
        lambda s, first, number: epochs(s, first, number, lanes, ()),
        jax.vmap(functools.partial(_start, shape=shape))(lanes.key),
        stage=f"BPR, epochs of {sizes.steps} steps",
        num_steps=config.epochs,
        chunk_steps=_REPORTED,
        report=report,
    )
    return Fitted(state, score)


@functools.lru_cache  # one compiled program a shape, however often it is trained
def _scanned_epochs(sizes: _Sizes) -> Chunk:
    return scanned(functools.partial(_epoch, sizes=sizes))


def _start(key: jax.Array, shape: tuple[int, int, int]) -> Vectors:
    users, items, factors = shape
    user_key, item_key = jax.random.split(jax.random.fold_in(key, _INIT))
    scale = _START / factors**0.5
    user_UxK, item_IxK = (
        scale * jax.random.normal(k, (number, factors)) for k, number in ((user_key, users), (item_key, items))
    )
    return Vectors(user_UxK, item_IxK, jnp.zeros(items))


def _epoch(
    state: Vectors, index: jax.Array, lane: _Lane, shared: tuple[()], *, sizes: _Sizes
) -> tuple[Vectors, Metrics]:
    """As many draws as there are training rows, with replacement."""
    key = jax.random.fold_in(jax.random.fold_in(lane.key, _EPOCHS), index)
    step = functools.partial(train_step, key=key, lane=lane, sizes=sizes)
    state, losses = jax.lax.scan(step, state, jnp.arange(sizes.steps))
    return state, {"loss": jnp.mean(losses)}


def train_step(
    state: Vectors, index: jax.Array, *, key: jax.Array, lane: _Lane, sizes: _Sizes
) -> tuple[Vectors, jax.Array]:
    """One step of gradient descent on a batch of draws: the vectors after it, and the mean loss.

    A draw is a training row, hence a user and an item, and an item that the user has no training row of. It moves what
    it looks at and nothing else, by as much as it would alone.
    """
    row_key, other_key = jax.random.split(jax.random.fold_in(key, index))
    row_B = jax.random.randint(row_key, (sizes.batch_size,), 0, len(lane.user_n))
    user_B, item_B = lane.user_n[row_B], lane.rows.item_n[row_B]
    other_B, some_B = unrated(other_key, lane.rows, user_B, sizes)

    user_BxK, item_BxK, other_BxK = state.user_UxK[user_B], state.item_IxK[item_B], state.item_IxK[other_B]
    bias_B, other_bias_B = state.bias_I[item_B], state.bias_I[other_B]
    margin_B = bias_B - other_bias_B + jnp.sum(user_BxK * (item_BxK - other_BxK), 1)
    pull_B = jax.nn.sigmoid(-margin_B)
    pull_Bx1 = pull_B[:, None]

    l2, rate_B = lane.floats["l2"], lane.floats["learning_rate"] * some_B
    rate_Bx1 = rate_B[:, None]
    user_UxK = state.user_UxK.at[user_B].add(rate_Bx1 * (pull_Bx1 * (item_BxK - other_BxK) - l2 * user_BxK))
    item_IxK = state.item_IxK.at[item_B].add(rate_Bx1 * (pull_Bx1 * user_BxK - l2 * item_BxK))
    item_IxK = item_IxK.at[other_B].add(rate_Bx1 * (-pull_Bx1 * user_BxK - l2 * other_BxK))
    bias_I = state.bias_I.at[item_B].add(rate_B * (pull_B - l2 * bias_B))
    bias_I = bias_I.at[other_B].add(rate_B * (-pull_B - l2 * other_bias_B))
    return Vectors(user_UxK, item_IxK, bias_I), jnp.mean(jax.nn.softplus(-margin_B))


def unrated(key: jax.Array, rows: UserRows, user_B: jax.Array, sizes: _Sizes) -> tuple[jax.Array, jax.Array]:
    """An item for each user, int32 [B], uniform among those without a row; and whether there is one, bool [B].

    The r-th of them, r drawn: before the user's k-th item are its number less k of them, so bisection finds how many of
    the user's items come before the r-th.
    """
    first_B = rows.first_U1[user_B]
    number_B = sizes.num_items - (rows.first_U1[user_B + 1] - first_B)
    drawn_B = jax.random.randint(key, user_B.shape, 0, jnp.maximum(number_B, 1))
    place_B = first_not(lambda place: rows.item_n[place] - (place - first_B) <= drawn_B, rows, user_B, sizes.width)
    return jnp.minimum(drawn_B + place_B - first_B, sizes.num_items - 1), number_B > 0


def score(state: Vectors, user: jax.Array, item: jax.Array) -> Scored:
    """The product of a user's and an item's vector, and the item's bias; ids broadcast."""
    return scored_by_rank((state.user_UxK[user] * state.item_IxK[item]).sum(-1) + state.bias_I[item])


RECOMMENDER = Recommender(BPRConfig, _fit, _FLOATS)
