"""Learnability: how well ratings that were held out can be predicted."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ganrs_jax.evaluation.samples import Sample, TooSmallError

FACTORS = 10  # of the matrix factorisation
_PENALTY = 20.0  # on squared factors
_SHRINKAGE = 5.0  # ratings of bias zero that a user and an item begin with
_BIAS_ROUNDS, _FACTOR_ROUNDS = 10, 8
_BLOCK = 1 << 16  # users or items solved at a time


class Learnability(NamedTuple):
    """Held-out errors.

    Attributes:
      mean_rmse: of the global mean, in rating units.
      bias_ratio: of user and item biases, over mean_rmse.
      mf_ratio: of biases and 10 factors, over mean_rmse.
    """

    mean_rmse: float
    bias_ratio: float
    mf_ratio: float


def learnability(sample: Sample, seed: int = 0) -> Learnability:
    """Root mean squared errors on a random fifth of the rows, models fitted to the others.

    Biases are shrunken means, by turns; factors are alternating least squares on what they leave (Zhou et al. 2008,
    doi 10.1007/978-3-540-68880-8_32), all users of a block solved at once.

    Raises:
      TooSmallError: if there are fewer than 10 ratings, or held-out ratings all equal the mean.
    """
    count = len(sample.rating)
    if count < 10:
        raise TooSmallError("fewer than 10 ratings")
    order = np.random.default_rng(seed).permutation(count)
    test, train = order[: count // 5], order[count // 5 :]
    mean = float(sample.rating[train].mean())
    centred = sample.rating - mean
    mean_rmse = _root_mean_square(centred[test])
    if mean_rmse < 1e-9:
        raise TooSmallError("all ratings are equal")
    of_user, of_item = _biases(sample, train, centred)
    residual = centred - of_user[sample.user] - of_item[sample.item]
    left = residual[test] - _factor_prediction(sample, train, test, residual[train], seed)
    return Learnability(mean_rmse, _root_mean_square(residual[test]) / mean_rmse, _root_mean_square(left) / mean_rmse)


def _biases(sample: Sample, train: np.ndarray, centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each user [U] and item [I] adds to the mean."""
    user, item, rating = sample.user[train], sample.item[train], centred[train]
    user_weight = np.bincount(user, minlength=sample.num_users) + _SHRINKAGE
    item_weight = np.bincount(item, minlength=sample.num_items) + _SHRINKAGE
    of_user = np.zeros(sample.num_users)
    for _ in range(_BIAS_ROUNDS):
        of_item = np.bincount(item, rating - of_user[user], minlength=sample.num_items) / item_weight
        of_user = np.bincount(user, rating - of_item[item], minlength=sample.num_users) / user_weight
    return of_user, of_item


def _factor_prediction(
    sample: Sample, train: np.ndarray, test: np.ndarray, residual: np.ndarray, seed: int
) -> np.ndarray:
    """What the factors fitted to the train rows' residuals say of the test rows."""
    shape = (sample.num_users, sample.num_items)
    by_user = sp.csr_array((residual, (sample.user[train], sample.item[train])), shape)
    by_item = by_user.T.tocsr()
    items = np.random.default_rng(seed).normal(0, 0.1, (sample.num_items, FACTORS))
    for _ in range(_FACTOR_ROUNDS):
        users = least_squares(by_user, items)
        items = least_squares(by_item, users)
    return np.einsum("nk,nk->n", users[sample.user[test]], items[sample.item[test]])


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
