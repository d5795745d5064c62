"""Ranking metrics of a trained model, on device, a block of users at a time; never a matrix of users by items."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.conventions import CONVENTIONS, Block
from ganrs_jax.recommenders.interface import ScoreUsers, Split
from ganrs_jax.recommenders.list_metrics import METRICS, Lists, harmonic, list_metrics
from ganrs_jax.recommenders.predictions import check_finite
from ganrs_jax.recommenders.user_rows import UserRows, padded, user_rows, width

CUTOFFS = tuple(range(1, 21))  # list lengths, N
_PAIRS = 1 << 18  # scored at a time: networks keep some 100 numbers of each


@dataclasses.dataclass(frozen=True)
class Ranking:
    """Metrics of one trained model under one convention.

    Attributes:
      convention: a name of `CONVENTIONS`.
      cutoffs: C lengths of the list, N.
      user: int32 [V], the users with a relevant test item, ascending.
      values: float32 [V, 7, C], each user's `METRICS` at each length.
    """

    convention: str
    cutoffs: tuple[int, ...]
    user: np.ndarray
    values: np.ndarray

    def of_users(self, metric: str, n: int) -> np.ndarray:
        """Each user's value, float32 [V]; F1 is that of the user's own precision and recall under both conventions.

        Raises:
          InputError: a metric or length that there is not.
        """
        for name, value, accepted in (("metric", metric, METRICS), ("N", n, self.cutoffs)):
            if value not in accepted:
                raise InputError(f"{name} is {value!r}; accepted: {', '.join(map(str, accepted))}")
        return self.values[:, METRICS.index(metric), self.cutoffs.index(n)]

    def means(self) -> dict[str, np.ndarray]:
        """Metric -> float64 [C], over users."""
        mean = dict(zip(METRICS, self.values.mean(0, dtype=np.float64), strict=True))
        if self.convention == "study":
            mean["f1"] = harmonic(mean["precision"], mean["recall"])
        return mean

    def mean(self, metric: str, n: int) -> float:
        """One of `means`; raises as `of_users` does."""
        self.of_users(metric, n)
        return float(self.means()[metric][self.cutoffs.index(n)])

    def as_json(self) -> dict[str, object]:
        """{"convention", "cutoffs", "users": V, "means": {metric: [C numbers]}}."""
        means = {name: value.tolist() for name, value in self.means().items()}
        return {"convention": self.convention, "cutoffs": list(self.cutoffs), "users": len(self.user), "means": means}


class Ranked(NamedTuple):
    """A model's metrics by the name of the convention, and its `standard` lists.

    Attributes:
      rankings: one of each convention.
      item_UxN: int32, the items recommended to every user, best first, -1 past the end; N is the longest length.
    """

    rankings: dict[str, Ranking]
    item_UxN: np.ndarray


class _Shapes(NamedTuple):
    """What a program is compiled for, beside the shapes of its arguments."""

    users: int
    items: int
    places: int
    train_width: int
    test_width: int


def rank(
    score_users: ScoreUsers,
    state: optax.Params,
    split: Split,
    *,
    num_users: int,
    num_items: int,
    threshold: float,
    cutoffs: Sequence[int] = CUTOFFS,
    block_size: int = 0,
) -> Ranked:
    """Ranks items for every user by a trained model and measures the lists under both conventions.

    Args:
      score_users: traceable. Pass the same function object for all lanes: programs are kept by it.
      state: the pytree of one trained lane.
      split: rows of that lane; no (user, item) pair repeats.
      threshold: test ratings of so many stars or more are relevant.
      cutoffs: list lengths.
      block_size: users scored at a time; 0 chooses by the number of items. Lists do not depend on it.

    Raises:
      InputError: a length or block that cannot be, no relevant test row, scores that are not finite.
    """
    if not len(cutoffs):
        raise InputError("no list length N is given; accepted: whole numbers from 1")
    for n in cutoffs:
        if int(n) != n or n < 1:
            raise InputError(f"N, the length of the list, is {n}; accepted: whole numbers from 1")
    cutoffs = tuple(int(n) for n in cutoffs)
    relevant = _relevant_rows(split, threshold)
    train = user_rows(split.train_user, split.train_item, np.ones(len(split.train_user), bool), num_users)
    test = user_rows(split.test_user, split.test_item, relevant, num_users)
    shapes = _Shapes(num_users, num_items, max(cutoffs), width(train), width(test))
    blocks = _blocks(num_users, num_items, block_size)
    lists, item_UxN, finite_U = _rank_blocks(score_users, shapes, state, blocks, train, test)
    check_finite(np.asarray(finite_U))
    users = np.unique(split.test_user[relevant]).astype(np.int32)
    places = np.asarray(cutoffs) - 1
    values = {name: np.asarray(list_metrics(lists[name])) for name in CONVENTIONS}
    rankings = {k: Ranking(k, cutoffs, users, v[users][:, :, places]) for k, v in values.items()}
    return Ranked(rankings, np.asarray(item_UxN))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _rank_blocks(
    score_users: ScoreUsers, shapes: _Shapes, state: optax.Params, user_KxB: jax.Array, train: UserRows, test: UserRows
) -> tuple[dict[str, Lists], jax.Array, jax.Array]:
    """Lists by convention, `standard` items [U, N] and whether scores are finite [U], of K blocks by turns."""

    def one(user_B: jax.Array) -> tuple[dict[str, Lists], jax.Array, jax.Array]:
        scored = score_users(state, user_B)
        train_BxP, _ = padded(train, user_B, shapes.train_width, shapes.items)
        block = Block(scored, train_BxP, *padded(test, user_B, shapes.test_width, shapes.items))
        made = {name: convention(block, shapes.places) for name, convention in CONVENTIONS.items()}
        lists = {name: of_users for name, (of_users, _) in made.items()}
        return lists, made["standard"][1], jnp.isfinite(scored.score).all(1)

    found = jax.lax.map(one, user_KxB)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[: shapes.users], found)


def _blocks(num_users: int, num_items: int, block_size: int) -> jax.Array:
    """All users, int32 [K, B]; the last block is filled up with user 0, whose values there nobody reads."""
    if block_size < 0:
        raise InputError(f"block_size is {block_size}; accepted: whole numbers from 1, or 0 to choose")
    size = min(block_size or max(1, _PAIRS // num_items), num_users)
    users = np.zeros(-(-num_users // size) * size, np.int32)
    users[:num_users] = np.arange(num_users)
    return jnp.asarray(users.reshape(-1, size))


def _relevant_rows(split: Split, threshold: float) -> np.ndarray:
    relevant = split.test_rating >= np.float32(threshold)
    if not relevant.any():
        highest = float(split.test_rating.max(initial=-np.inf))
        raise InputError(
            f"threshold is {threshold:g}, which makes none of {len(relevant)} test ratings relevant: "
            f"the highest is {highest:g}; accepted: at most that"
        )
    return relevant
