"""NCF with one linear output, the rating in stars, trained by squared error (He et al. 2017, arXiv 1708.05031)."""

from ganrs_jax.recommenders.deepmf import squared_error
from ganrs_jax.recommenders.hyperparameters import NCFConfig
from ganrs_jax.recommenders.interface import scored_by_rating
from ganrs_jax.recommenders.ncf import NCF_FLOATS, ncf, outputs_of
from ganrs_jax.recommenders.training import Network, neural

RECOMMENDER = neural(
    Network(
        module=lambda task, config: ncf(task, config, 1),
        loss=lambda outputs_Bx1, rating_B, task, floats: squared_error(outputs_Bx1[:, 0], rating_B, task, floats),
        scored=lambda module, params, user, item, task: scored_by_rating(
            outputs_of(module, params, user, item)[..., 0], task
        ),
    ),
    NCFConfig,
    NCF_FLOATS,
)
