"""Step 6 of GANRS (arXiv 2303.01297): of decoded samples, one rating per (user, item) pair stays."""

from typing import NamedTuple

import numpy as np

from ganrs_jax.data.ratings import Scale


class Distinct(NamedTuple):
    """Samples that stay, and why the others were dropped.

    Attributes:
      rows: int64 [M], ascending by (user, item).
      identical: samples that repeat an earlier one in user, item and rating.
      conflicting: distinct rows of pairs with three or more different ratings, all dropped.
      second_ratings: pairs with two different ratings, of which the later drawn was dropped.
    """

    rows: np.ndarray
    identical: int
    conflicting: int
    second_ratings: int

    @property
    def published_count(self) -> int:
        """Rows that the published rule keeps, which leaves both of two different ratings in."""
        return len(self.rows) + self.second_ratings


def drop_duplicates(user: np.ndarray, item: np.ndarray, rating: np.ndarray, scale: Scale) -> Distinct:
    """Chooses among samples [N] so that no pair repeats.

    The notebooks keep both rows of a pair with two different ratings, a quarter of their published
    file; here the one drawn first stays, which favours neither.
    """
    levels = len(scale.levels)
    level = np.rint((rating - scale.low) / scale.step).astype(np.int64)
    pair = user.astype(np.int64) * (int(item.max()) + 1) + item
    rows, first = np.unique(pair * levels + level, return_index=True)
    _, start, different = np.unique(rows // levels, return_index=True, return_counts=True)
    earliest = np.minimum.reduceat(first, start)
    return Distinct(
        rows=earliest[different <= 2],
        identical=len(pair) - len(rows),
        conflicting=int(different[different > 2].sum()),
        second_ratings=int((different == 2).sum()),
    )
