"""NCF with one linear output, the rating in stars, trained by squared error (He et al. 2017, arXiv 1708.05031)."""

import jax
import optax

from ganrs_jax.recommenders.deepmf import squared_error
from ganrs_jax.recommenders.hyperparameters import NCFConfig
from ganrs_jax.recommenders.interface import Scored, Task, scored_by_rating
from ganrs_jax.recommenders.ncf import NCF, NCF_FLOATS, ncf, read
from ganrs_jax.recommenders.training import Network, neural
from ganrs_jax.training.lanes import Floats


def _module(task: Task, config: NCFConfig) -> NCF:
    return ncf(task, config, 1)


def _loss(outputs_Bx1: jax.Array, rating_B: jax.Array, task: Task, floats: Floats) -> jax.Array:
    return squared_error(outputs_Bx1[:, 0], rating_B, task, floats)


def _scored(module: NCF, params: optax.Params, user: jax.Array, item: jax.Array, task: Task) -> Scored:
    return scored_by_rating(read(module, params, user, item)[..., 0], task)


RECOMMENDER = neural(Network(_module, _loss, _scored), NCFConfig, NCF_FLOATS)
