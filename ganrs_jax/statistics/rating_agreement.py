"""How far ratings of neighbouring items agree: those that a user gives to items that the same users rate."""

import numpy as np
import scipy.sparse as sp

from ganrs_jax.statistics.learnability import fit_biases

_ITEMS = 512  # whose neighbours are looked at, a random part: chance moves the correlation by less than .01
_LEAST_RATINGS = 5  # of an item that is looked at
_NEAREST = 10


def rating_agreement(user: np.ndarray, item: np.ndarray, rating: np.ndarray, seed: int = 0) -> float:
    """The correlation of what biases leave of a user's ratings of an item and of one of its 10 nearest.

    Nearest by the cosine of who rated both. About mean 0, not that of the pairs: what is compared is how much of it
    there is in datasets of one size, where biases are fitted as much.

    Args:
      user, item: integer ids [N] from 0, no pair twice.
      rating: [N].
      seed: of the items.

    Returns:
      0 where there are too few items, or no user rated an item and a near one.
    """
    shape = int(user.max()) + 1, int(item.max()) + 1
    count = np.bincount(item, minlength=shape[1])
    chosen = np.flatnonzero(count >= _LEAST_RATINGS)
    if len(chosen) <= _NEAREST:
        return 0.0
    some = np.sort(np.random.default_rng(seed).permutation(chosen)[:_ITEMS])
    # The nearest of each, among all that have ratings enough.
    rated = sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape)[:, chosen].tocsr()
    place = np.searchsorted(chosen, some)
    cosine = (rated[:, place].T.tocsr() @ rated).toarray() / np.sqrt(count[chosen])
    cosine[np.arange(len(some)), place] = -1
    near = np.argpartition(-cosine, _NEAREST - 1, axis=1)[:, :_NEAREST].ravel()
    # What biases leave of their ratings, by those who rated both.
    centred = rating - float(rating.mean(dtype=np.float64))
    of_user, of_item = fit_biases(user, item, centred, shape)
    left = sp.csc_array((centred - of_user[user] - of_item[item], (user, item)), shape)[:, chosen]
    one, other = left[:, np.repeat(place, _NEAREST)], left[:, near]
    both = tuple(rated.tocsc()[:, ids] for ids in (np.repeat(place, _NEAREST), near))
    squares = (one * one * both[1]).sum() * (other * other * both[0]).sum()
    return float((one * other).sum() / np.sqrt(squares)) if squares > 0 else 0.0
