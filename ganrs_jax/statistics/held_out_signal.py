"""How much of the structure of who rates what is there again in rows held out, by the rank of its singular vectors.

Singular values mix structure and noise, the more so the further down. Singular vectors of one half of the rows, applied
to the other half, do not: what was chance in the one is not in the other.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ganrs_jax.statistics.spectrum import singular_triples

RANKS = ((2, 10), (11, 30), (31, 100))  # from 1, both ends within; rank 1 is the degrees alone
_ZERO = 1e-6  # a smaller singular value is rounding, as they come as square roots; the first is 1


class HeldOutSignal(NamedTuple):
    """Mean signal of singular vectors 2 to 10, 11 to 30 and 31 to 100; see `held_out_signal`."""

    ranks_2_10: float
    ranks_11_30: float
    ranks_31_100: float


def held_out_signal(
    user: np.ndarray, item: np.ndarray, shape: tuple[int, int], seed: int = 0, core: int = 1
) -> HeldOutSignal | None:
    """Means of `signal_by_rank`.

    Returns:
      None if there are fewer than 32 ranks: the last mean is of those there are, up to 100.
    """
    signal = signal_by_rank(user, item, shape, seed, core)
    if len(signal) < RANKS[-1][0]:
        return None
    return HeldOutSignal(*(float(signal[low - 2 : high - 1].mean()) for low, high in RANKS))


def signal_by_rank(
    user: np.ndarray, item: np.ndarray, shape: tuple[int, int], seed: int = 0, core: int = 1
) -> np.ndarray:
    """u_k' D v_k of ranks k, where u_k, v_k are singular vectors of one half of the rows and D is the other half.

    Rows are split at random in two halves, A and B as 0/1 matrices. Both are degree-normalised by the degrees of A:
    D_u^-1/2 A D_i^-1/2 has the leading singular triples u_k, s_k, v_k, and D = D_u^-1/2 B D_i^-1/2. The value at rank k
    is s_k where all is structure and, where all is noise, 0 or somewhat less: a pair that is in A is not in B, and the
    more so the denser the data. It grows with the number of ratings, so datasets of one size are compared.

    Rank 1 is the square roots of the degrees, whatever the data, and is taken out first: where A falls into components,
    other vectors have singular value 1 as well, and it would be a matter of chance which of them comes first. Such
    components, and few ratings of rare users and items that are nearly one, have high singular values and no signal:
    they take up ranks, mostly of 2 to 10, and push what is there to later ones. A `core` of 5 leaves them out.

    The same rows in the same order give the same bytes; under other ids the same values, to rounding.

    Args:
      user, item: integer ids [N] from 0, no pair twice.
      shape: users and items there are, at least the greatest ids and one.
      seed: of the split.
      core: ratings that the user and the item of a row have at least, for it to be looked at.

    Returns:
      Of ranks 2 to 100, or fewer, where there are fewer users or items.
    """
    if core > 1:
        kept = (np.bincount(user)[user] >= core) & (np.bincount(item)[item] >= core)
        user, item = user[kept], item[kept]
    first = np.random.default_rng(seed).random(len(user)) < 0.5
    degree_U, degree_I = (
        np.bincount(ids[first], minlength=size).astype(np.float64)
        for ids, size in zip((user, item), shape, strict=True)
    )
    ranks = min(RANKS[-1][1], int(np.count_nonzero(degree_U)), int(np.count_nonzero(degree_I))) - 1
    if ranks < 1:
        return np.zeros(0)
    weight = 1 / np.sqrt(np.maximum(degree_U, 1)[user] * np.maximum(degree_I, 1)[item])

    def half(rows: np.ndarray) -> sp.csr_array:
        return sp.csr_array((weight[rows], (user[rows], item[rows])), shape)

    unit_U, unit_I = (np.sqrt(degree / degree.sum()) for degree in (degree_U, degree_I))
    found = singular_triples(half(first), ranks, without=(unit_U, unit_I))
    there = np.count_nonzero(found.values > _ZERO)
    again_UxK = half(~first) @ found.items_IxK[:, :there]
    signal: np.ndarray = np.einsum("uk,uk->k", found.users_UxK[:, :there], again_UxK)
    return signal
