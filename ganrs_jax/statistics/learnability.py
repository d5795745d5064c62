"""Learnability: how well ratings that were held out can be predicted, by user and item biases and by factors."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

FACTORS = 10  # of the matrix factorisation
_PENALTY = 20.0  # on squared factors, high: a user of few ratings would overfit ten of them
_SHRINKAGE = 5.0  # ratings of bias zero that a user and an item begin with: fewer overfit, more flatten the rest
_BIAS_ROUNDS, _FACTOR_ROUNDS = 10, 8  # more cost time; what is compared has had as many
_BLOCK = 1 << 16  # users or items solved at a time
_LEAST = 10  # ratings
_NO_ERROR = 1e-9  # rounding


class Learnability(NamedTuple):
    """Held-out errors.

    Attributes:
      mean_rmse: of the global mean, in rating units.
      bias_ratio: of user and item biases, over mean_rmse.
      mf_ratio: of biases and 10 factors, over mean_rmse.
      bias_peak: mean absolute error of the biases over their root mean square: 0.798 of a normal error, less the more
        of it comes of few ratings that are far off; 1 where there is no error.
    """

    mean_rmse: float
    bias_ratio: float
    mf_ratio: float
    bias_peak: float


def learnability(user: np.ndarray, item: np.ndarray, rating: np.ndarray, seed: int = 0) -> Learnability | None:
    """Root mean squared errors on a random fifth of the rows, models fitted to the others.

    Biases are shrunken means, by turns; factors are alternating least squares on what they leave (Zhou et al. 2008,
    doi 10.1007/978-3-540-68880-8_32), all users of a block solved at once.

    Args:
      user, item: integer ids [N] from 0.
      rating: [N].

    Returns:
      None if there are fewer than 10 ratings, or held-out ratings all equal the mean.
    """
    count = len(rating)
    if count < _LEAST:
        return None
    order = np.random.default_rng(seed).permutation(count)
    test, train = order[: count // 5], order[count // 5 :]
    shape = int(user.max()) + 1, int(item.max()) + 1
    centred = rating - float(rating[train].mean(dtype=np.float64))
    mean_rmse = _root_mean_square(centred[test])
    if mean_rmse < _NO_ERROR:
        return None
    of_user, of_item = fit_biases(user[train], item[train], centred[train], shape)
    residual = centred - of_user[user] - of_item[item]
    by_user = sp.csr_array((residual[train], (user[train], item[train])), shape)
    by_item = by_user.T.tocsr()
    items = np.random.default_rng(seed).normal(0, 0.1, (shape[1], FACTORS))
    for _ in range(_FACTOR_ROUNDS):
        users = least_squares(by_user, items)
        items = least_squares(by_item, users)
    left = residual[test] - np.einsum("nk,nk->n", users[user[test]], items[item[test]])
    biases_rmse = _root_mean_square(residual[test])
    peak = float(np.mean(np.abs(residual[test]))) / biases_rmse if biases_rmse > _NO_ERROR else 1.0
    return Learnability(mean_rmse, biases_rmse / mean_rmse, _root_mean_square(left) / mean_rmse, peak)


def fit_biases(
    user: np.ndarray, item: np.ndarray, centred: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """What each of `shape` users [U] and items [I] adds to the mean; `centred` [N] are ratings less their mean."""
    rated = sp.csr_array((np.ones(len(user)), (user, item)), shape)  # pairs that occur twice count twice
    by_item = rated.T.tocsr()
    user_sum, item_sum = (np.bincount(*x) for x in ((user, centred, shape[0]), (item, centred, shape[1])))
    user_weight, item_weight = rated.sum(1) + _SHRINKAGE, by_item.sum(1) + _SHRINKAGE
    of_user = np.zeros(shape[0])
    for _ in range(_BIAS_ROUNDS):
        of_item = (item_sum - by_item @ of_user) / item_weight
        of_user = (user_sum - rated @ of_item) / user_weight
    return of_user, of_item


def least_squares(matrix: sp.csr_array, factors: np.ndarray, penalty: float = _PENALTY) -> np.ndarray:
    """For each row of a sparse matrix [R, C] the ridge regression of its entries on factors [C, K]: [R, K].

    The normal equations of all rows are two sparse products: one with the products of every two factors, one with the
    factors. A row without entries gets zeros.
    """
    size = factors.shape[1]
    one, other = np.triu_indices(size)
    products = factors[:, one] * factors[:, other]
    held = sp.csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), matrix.shape)
    solved = np.empty((matrix.shape[0], size))
    for start in range(0, len(solved), _BLOCK):
        rows = slice(start, start + _BLOCK)
        normal = np.empty((len(solved[rows]), size, size))
        normal[:, one, other] = normal[:, other, one] = held[rows] @ products
        normal[:, np.arange(size), np.arange(size)] += penalty
        solved[rows] = np.linalg.solve(normal, (matrix[rows] @ factors)[..., None])[..., 0]
    return solved


def _root_mean_square(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))
