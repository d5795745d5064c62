"""Ids of users and items as consecutive numbers, and repeated (user, item) pairs."""

import numpy as np
import pyarrow as pa

from ganrs_jax.errors import InputError, Place

DUPLICATE_POLICIES = ("last", "first", "error")
_MAX_ID = 2**63 - 1
_CHUNK = 1 << 22  # rows numbered at a time, so that the index of 100 million rows takes no memory to speak of

_MOST_HASH_BITS, _MORE_HASH_BITS = (
    28,
    5,
)  # of repeated pairs; 5 more than their number has: one in 32 others looks alike


def numbered(ids: "np.ndarray | pa.DictionaryArray", what: str, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Index of each id [N] among the distinct ones, int32 [N], and those ids, ascending.

    Raises:
      InputError: an id that is neither text nor a whole number from 0, or is empty; `what` and `place` name it.
    """
    if isinstance(ids, pa.DictionaryArray):
        return _by_labels(ids.indices.to_numpy(), np.asarray(ids.dictionary.to_pylist(), object))
    ids = np.asarray(ids)
    if ids.dtype.kind == "f":
        bad = ~np.isfinite(ids) | (ids != np.rint(ids)) | (np.abs(ids) > 2.0**53)
        if bad.any():
            row = int(np.argmax(bad))
            raise _bad_id(ids[row], what, place(row))
        ids = ids.astype(np.int64)
    if ids.dtype.kind not in "iu":
        text = pa.array(ids, pa.string(), from_pandas=True)
        if text.null_count:
            raise InputError(f"{place(int(np.argmax(text.is_null().to_numpy(zero_copy_only=False))))}: {what} is empty")
        return numbered(text.dictionary_encode(), what, place)
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high > _MAX_ID:
        row = int(np.argmax(ids < 0)) if low < 0 else int(np.argmax(ids))
        raise _bad_id(ids[row], what, place(row))
    if high < max(4 * len(ids), 1 << 20):  # a table of marks: linear time, no sort
        return _by_marks(ids, high)
    labels, codes = np.unique(ids, return_inverse=True)
    return codes.astype(np.int32), labels.astype(np.int64)


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
    width = int(item.max()) + 1
    pair = user.astype(np.int64)
    pair *= width
    pair += item
    pair.sort()
    twice = pair[1:][pair[1:] == pair[:-1]]
    del pair
    if len(twice) == 0:
        return None, ""
    # Few rows are of such a pair: those whose pair has the same hash as one of them are looked at, and no other.
    bits = min(_MOST_HASH_BITS, len(twice).bit_length() + _MORE_HASH_BITS)
    marked = np.zeros(1 << bits, bool)
    marked[_hashes(twice, bits)] = True
    parts = [slice(start, start + _CHUNK) for start in range(0, len(user), _CHUNK)]
    rows = np.concatenate(
        [
            part.start + np.flatnonzero(marked[_hashes(user[part] * np.int64(width) + item[part], bits)])
            for part in parts
        ]
    )
    if time is not None:
        rows = rows[np.argsort(time[rows], kind="stable")]
    if policy == "last":
        rows = rows[::-1]
    _, first = np.unique(user[rows] * np.int64(width) + item[rows], return_index=True)
    again = np.delete(rows, first)
    if policy == "error":
        raise InputError(
            f"{place(int(again.min()))}: repeats an earlier (user, item) pair, one of {len(twice)}; "
            "accepted: each pair once, or `duplicates=last` or first"
        )
    keep = np.ones(len(user), bool)
    keep[again] = False
    order = " by time" if time is not None else ""
    return (
        np.flatnonzero(keep),
        f"{name}: {len(twice)} repeated (user, item) pairs dropped, the {policy} rating{order} kept",
    )


def _hashes(pairs: np.ndarray, bits: int) -> np.ndarray:
    """Numbers of so many bits, spread evenly (Knuth's multiplicative hashing, by the golden ratio)."""
    hashes: np.ndarray = (pairs.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits)
    return hashes


def _by_labels(codes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of ids that are numbered already, in another order and with labels that no row has."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(labels)))
    order = used[np.argsort(labels[used], kind="stable")]
    number = np.zeros(len(labels), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number[codes], labels[order]


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
