"""Ids of users and items as consecutive numbers, and repeated (user, item) pairs."""

import numpy as np

from ganrs_jax.errors import InputError, Place

DUPLICATE_POLICIES = ("last", "first", "error")
_MAX_ID = 2**63 - 1
_CHUNK = 1 << 22  # rows numbered at a time, so that the index of 100 million rows takes no memory to speak of


def numbered(ids: np.ndarray, what: str, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Index of each id [N] among the distinct ones, int32 [N], and those ids, ascending.

    Raises:
      InputError: an id that is neither text nor a whole number from 0, or is empty; `what` and `place` name it.
    """
    ids = np.asarray(ids)
    if ids.dtype.kind == "f":
        bad = ~np.isfinite(ids) | (ids != np.rint(ids)) | (np.abs(ids) > 2.0**53)
        if bad.any():
            row = int(np.argmax(bad))
            raise _bad_id(ids[row], what, place(row))
        ids = ids.astype(np.int64)
    if ids.dtype.kind not in "iu":
        import pandas as pd  # here: see `scale.find_scale`

        codes, labels = pd.factorize(ids, sort=True)
        if (codes < 0).any():
            raise InputError(f"{place(int(np.argmin(codes)))}: {what} is empty")
        return codes.astype(np.int32), np.asarray(labels)
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high > _MAX_ID:
        row = int(np.argmax(ids < 0)) if low < 0 else int(np.argmax(ids))
        raise _bad_id(ids[row], what, place(row))
    if high < max(4 * len(ids), 1 << 20):  # a table of marks: linear time, no sort
        return _by_marks(ids, high)
    labels, codes = np.unique(ids, return_inverse=True)
    return codes.astype(np.int32), labels


def unrepeated(
    user: np.ndarray,
    item: np.ndarray,
    time: np.ndarray | None,
    policy: str,
    name: str,
    place: Place,
) -> tuple[np.ndarray | None, str]:
    """Rows to keep so that no (user, item) pair repeats, ascending (None = all), and a note of what was dropped.

    Raises:
      InputError: an unknown policy, or a repeated pair under "error".
    """
    if policy not in DUPLICATE_POLICIES:
        raise InputError(f"duplicates policy {policy!r}; accepted: {', '.join(DUPLICATE_POLICIES)}")
    pair = user.astype(np.int64)
    pair *= int(item.max()) + 1
    pair += item
    pair.sort()
    repeats = int((pair[1:] == pair[:-1]).sum())
    del pair
    if repeats == 0:
        return None, ""
    import pandas as pd  # here: see `scale.find_scale`

    table = pd.DataFrame({"user": user, "item": item})
    if time is not None:
        table = table.iloc[np.argsort(time, kind="stable")]
    again = table.duplicated(keep="last" if policy == "last" else "first")
    if policy == "error":
        row = int(table.index[again].min())
        raise InputError(
            f"{place(row)}: repeats an earlier (user, item) pair, one of {repeats}; "
            "accepted: each pair once, or `duplicates=last` or first"
        )
    order = " by time" if time is not None else ""
    return (
        np.sort(table.index[~again].to_numpy()),
        f"{name}: {repeats} repeated (user, item) pairs dropped, the {policy} rating{order} kept",
    )


def _by_marks(ids: np.ndarray, high: int) -> tuple[np.ndarray, np.ndarray]:
    seen = np.zeros(high + 1, bool)
    codes = np.empty(len(ids), np.int32)
    parts = [slice(start, start + _CHUNK) for start in range(0, len(ids), _CHUNK)]  # an index is copied to 64 bits
    for part in parts:
        seen[ids[part]] = True
    number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    for part in parts:
        codes[part] = number[ids[part]]
    return codes, np.flatnonzero(seen)


def _bad_id(value: object, what: str, where: str) -> InputError:
    return InputError(f"{where}: {what} {value}; accepted: whole numbers from 0 to {_MAX_ID}, or text")
