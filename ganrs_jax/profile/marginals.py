"""Each number's own distribution, prescribed: generated columns get the source's quantiles.

Networks smooth the tails of what they learn, and tails count: half of all ratings of the rarest items may be
those of a handful of users.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_QUANTILES = 129
_SHARES = 1 / (1 + np.exp(-np.linspace(-8, 8, _QUANTILES)))  # from 0.03 % on, closest at both ends
_LEAST = 2 * _QUANTILES  # vectors whose quantiles can be told


class MarginalMap(NamedTuple):
    """By column: what generated quantiles [Q, D] have added to become the source's, [Q, D]."""

    generated: jax.Array
    added: jax.Array


def find_quantiles(draws_RxNxD: jax.Array) -> np.ndarray:
    """Quantiles of each column of a source's vectors, float32 [Q, D]."""
    draws = np.asarray(draws_RxNxD)
    return _quantiles(draws.reshape(-1, draws.shape[-1]))


def map_marginals(vectors_NxD: Any, wanted_QxD: np.ndarray, spread: np.ndarray) -> MarginalMap:
    """The map that gives a dataset's vectors the wanted quantiles; too few vectors stay as they are.

    Args:
      spread: factor of each wanted column's deviations from its median, [D].
    """
    vectors = np.asarray(vectors_NxD)
    generated = _quantiles(vectors)
    middle = wanted_QxD[_QUANTILES // 2]
    wanted = middle + spread * (wanted_QxD - middle) if len(vectors) >= _LEAST else generated
    return MarginalMap(jnp.asarray(generated), jnp.asarray(wanted - generated, jnp.float32))


@jax.jit
def apply_marginals(marginal_map: MarginalMap, vectors_NxD: jax.Array) -> jax.Array:
    """The mapped vectors [N, D]; monotone in each column."""
    added = jax.vmap(jnp.interp, in_axes=1, out_axes=1)(vectors_NxD, marginal_map.generated, marginal_map.added)
    return vectors_NxD + added


def _quantiles(vectors_NxD: np.ndarray) -> np.ndarray:
    return np.quantile(vectors_NxD, _SHARES, axis=0).astype(np.float32)
