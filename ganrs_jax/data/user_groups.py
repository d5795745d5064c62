"""Groups of users: the values of a demographic column, ages in the bands of MovieLens 1M."""

from collections.abc import Sequence

import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError

_AGE_STARTS = (0, 18, 25, 35, 45, 50, 56)
AGE_BANDS = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")


def user_groups(ratings: Ratings, column: str, parameter: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Which users' group is known, bool [U]; the names of the groups; the group of each user, int [U].

    Args:
      parameter: what a message calls the setting that names the column.

    Raises:
      InputError: if the source does not know the column, or fewer than two groups occur.
    """
    if column not in ratings.demographics:
        have = ", ".join(ratings.demographics) or "no demographics"
        raise InputError(f"{ratings.name}: `{parameter}={column}` is not known of its users; it has: {have}")
    values = ratings.demographics[column]
    if column == "age":
        band = np.searchsorted(_AGE_STARTS, values, side="right") - 1
        text = np.where(values < 0, "", np.array(AGE_BANDS)[np.maximum(band, 0)])
        order: Sequence[str] = AGE_BANDS
    else:
        text = values.astype(str)
        order = sorted(set(text.tolist()))
    names = [name for name in order if name and np.any(text == name)]
    if len(names) < 2:
        raise InputError(f"{ratings.name}: one {column} group only ({', '.join(names) or 'none'}); two are needed")
    code = np.zeros(len(text), np.int64)
    for number, name in enumerate(names):
        code[text == name] = number
    return text != "", names, code
