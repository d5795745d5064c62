"""The embeddings that the profile recipe can learn from, all as posterior draws of the same columns."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.embedding import Columns, ProfileEmbedding, fit_profile_embedding
from ganrs_jax.published.deepmf import fit_deepmf
from ganrs_jax.training.checkpointer import Kept
from ganrs_jax.training.loop import Report

_SEED = 0  # one embedding for all lanes
_DEEPMF = {"batch_size": 32, "train_share": 0.8}  # as published
_DEEPMF_RATE = 1e-3


def _profile(ratings: Ratings, config: Any, report: Report, kept: Kept) -> ProfileEmbedding:
    return fit_profile_embedding(
        jax.random.key(_SEED),
        ratings,
        Columns(config.interaction_rank, config.rating_rank, config.style_rank),
        rounds=config.embedding_rounds,
        sweeps=config.embedding_sweeps,
        draws=config.posterior_draws,
        report=report,
        kept=kept,
    )


def _deepmf(ratings: Ratings, config: Any, report: Report, kept: Kept) -> ProfileEmbedding:
    """The published embedding: it knows how users rate, but not what, and has no posterior."""
    found = fit_deepmf(
        (_SEED,),
        ratings,
        size=config.rating_rank,
        learning_rate=jnp.full(1, _DEEPMF_RATE),
        epochs=config.embedding_sweeps,
        report=report,
        kept=kept,
        **_DEEPMF,  # type: ignore[arg-type]
    )
    log_precision = -2 * float(np.log(found.held_out_rmse[0]))
    users = _vectors(found.user[0], np.bincount(ratings.user), log_precision, config)
    items = _vectors(found.item[0], np.bincount(ratings.item), 0.0, config)
    return ProfileEmbedding(users, items, 0.0, np.zeros(1, np.float32), np.zeros((1, config.style_rank), np.float32))


def _vectors(factors: jax.Array, counts: np.ndarray, log_precision: float, config: Any) -> jax.Array:
    """<no interaction factors | no bias, factors | no style | log precision | log count>, the same for each draw."""
    size = len(factors)
    nothing, no_style = (jnp.zeros((size, n)) for n in (config.interaction_rank + 1, config.style_rank))
    last = jnp.stack([jnp.full(size, log_precision), jnp.log(jnp.asarray(counts, jnp.float32))], 1)
    vectors = jnp.concatenate([nothing, factors, no_style, last], 1)
    return jnp.broadcast_to(vectors, (config.posterior_draws, *vectors.shape))


Embed = Callable[[Ratings, Any, Report, Kept], ProfileEmbedding]
EMBEDDINGS: dict[str, Embed] = {"profile": _profile, "deepmf": _deepmf}
