"""PureSVD: users' rows of who rated what, folded onto the leading right singular vectors.

P. Cremonesi, Y. Koren, R. Turrin: Performance of Recommender Algorithms on Top-N Recommendation Tasks. RecSys 2010
(doi 10.1145/1864708.1864721), section 3.3.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from threadpoolctl import threadpool_limits

from ganrs_jax.checks import check_memory
from ganrs_jax.recommenders.hyperparameters import FactorsConfig
from ganrs_jax.recommenders.interface import Fitted, Recommender, Scored, Split, Task, scored_by_rank
from ganrs_jax.recommenders.user_rows import UserRows
from ganrs_jax.recommenders.who_rated_what import co_occurrences, indicators, training_rows
from ganrs_jax.training.loop import Report

_OVERSAMPLING, _POWERS = 16, 40  # directions beside those wanted, and products: spectra of ratings fall off slowly
_COPIES = 8  # bytes a pair of items: what is counted, twice
_USERS = 256  # folded in at a time


def _fit(
    seeds: Sequence[int], splits: Sequence[Split], task: Task, configs: Sequence[FactorsConfig], report: Report
) -> Fitted:
    check_memory("num_items", task.num_items, task.num_items * _COPIES)
    factors = min(configs[0].factors, task.num_users - 1, task.num_items - 1)
    rows, size = training_rows(splits, task)
    lanes = []
    for each in rows:
        with threadpool_limits(limits=1):  # panels are narrow: threads of LAPACK lose far more than they gain
            item_IxK = jax.block_until_ready(leading_eigenvectors(co_occurrences(each, task, size), factors))
        lanes.append({"user": _folded(each, item_IxK, task, size), "item": item_IxK})
    return Fitted(jax.tree.map(lambda *x: jnp.stack(x), *lanes), score)


@functools.partial(jax.jit, static_argnums=1)
def leading_eigenvectors(counts_IxI: jax.Array, number: int) -> jax.Array:
    """Orthonormal eigenvectors of the greatest eigenvalues, [I, number], by subspace iteration.

    Those of the co-occurrences are the right singular vectors of who rated what.
    """
    size = min(number + _OVERSAMPLING, len(counts_IxI))
    basis = jax.random.normal(jax.random.key(0), (len(counts_IxI), size))
    basis = jax.lax.fori_loop(0, _POWERS, lambda _, x: jnp.linalg.qr(counts_IxI @ x)[0], basis)
    _, rotation = jnp.linalg.eigh(basis.T @ counts_IxI @ basis)  # ascending
    return basis @ rotation[:, ::-1][:, :number]


@functools.partial(jax.jit, static_argnums=(2, 3))
def _folded(rows: UserRows, item_IxK: jax.Array, task: Task, size: int) -> jax.Array:
    """The sum of the vectors of each user's items, [U, K]."""
    users = jnp.arange(-(-task.num_users // _USERS) * _USERS).reshape(-1, _USERS)
    clipped = jnp.minimum(users, task.num_users - 1)
    folded = jax.lax.map(lambda user_B: indicators(rows, user_B, task, size) @ item_IxK, clipped)
    return folded.reshape(-1, item_IxK.shape[1])[: task.num_users]


def score(state: dict[str, jax.Array], user: jax.Array, item: jax.Array) -> Scored:
    """The product of a user's and an item's vector; ids broadcast."""
    return scored_by_rank((state["user"][user] * state["item"][item]).sum(-1))


RECOMMENDER = Recommender(FactorsConfig, _fit)
