"""How tight neighbourhoods are: how alike each user (or item) is to the few that are most alike, by who rated what."""

import numpy as np
import scipy.sparse as sp

NEAREST = 10  # neighbours of each
_MOST = 8192  # rows whose neighbours are looked for, among all: a median of as many is steady
_CELLS = 1 << 22  # cosines held at a time: 16 MiB


def nearest_cosine(
    row: np.ndarray, column: np.ndarray, shape: tuple[int, int], nearest: int = NEAREST, seed: int = 0
) -> float | None:
    """The median over rows of a 0/1 matrix of the mean cosine to their nearest other rows.

    Rows are users and columns items for how alike users are, the other way round for items. Rows that fewer than
    `nearest` others share a column with are left out of the median. Cosines fall as data get sparser, so datasets of
    one size are compared. Of more than 8,192 rows the median is over a random 8,192, each with its nearest of all.

    Args:
      row, column: integer ids [N] from 0, no pair twice.
      shape: rows and columns there are, at least the greatest ids and one.
      nearest: rows that the mean is over.
      seed: of the rows chosen.

    Returns:
      None if no row has as many.
    """
    if shape[0] <= nearest:
        return None
    matrix = sp.csr_array((np.ones(len(row), np.float32), (row, column)), shape)  # counts of pairs are exact in it
    transposed = matrix.T.tocsr()
    scale = 1 / np.sqrt(np.maximum(np.diff(matrix.indptr), 1)).astype(np.float32)
    chosen = np.arange(shape[0])
    if shape[0] > _MOST:
        chosen = np.sort(np.random.default_rng(seed).permutation(shape[0])[:_MOST])
    means = []
    step = max(1, _CELLS // shape[0])
    for start in range(0, len(chosen), step):
        rows = chosen[start : start + step]
        cosine_BxR = (matrix[rows] @ transposed).toarray()
        cosine_BxR[np.arange(len(rows)), rows] = 0  # none is its own neighbour
        cosine_BxR *= scale
        top_BxK = np.partition(cosine_BxR, -nearest, axis=1)[:, -nearest:]
        mean = top_BxK.mean(1, dtype=np.float64) * scale[rows]
        means.append(mean[top_BxK.min(1) > 0])
    found = np.concatenate(means)
    return float(np.median(found)) if len(found) else None
