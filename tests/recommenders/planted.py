"""Small worlds to recommend in, a model that is a table, and ranking metrics by hand, as slow as can be."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.recommenders.interface import Scored, Split
from ganrs_jax.recommenders.ranking import Ranked, rank

THRESHOLD = 4.0


class World(NamedTuple):
    split: Split
    score_UxI: np.ndarray
    held_UxI: np.ndarray  # what the model holds relevant

    def rank(self, **how) -> Ranked:
        users, items = self.score_UxI.shape
        given = {"num_users": users, "num_items": items, "threshold": THRESHOLD}
        state = jnp.asarray(self.score_UxI, jnp.float32), jnp.asarray(self.held_UxI)
        return rank(table_users, state, self.split, **{**given, **how})


def table_users(state: tuple[jax.Array, jax.Array], user_B: jax.Array) -> Scored:
    score, held = (x[user_B] for x in state)
    return Scored(score, score, held, jnp.full_like(score, jnp.nan))


def random_world(users: int, items: int, seed: int, *, density: float = 0.5, ties: bool = False) -> World:
    """Ratings of 1 to 5; user 1 has no test row, user 2 none that is relevant, user 3 no training row."""
    rng = np.random.default_rng(seed)
    user, item = np.nonzero(rng.random((users, items)) < density)
    order = rng.permutation(len(user))
    user, item = user[order].astype(np.int32), item[order].astype(np.int32)
    rating = rng.integers(1, 6, len(user)).astype(np.float32)
    test = rng.random(len(user)) < 0.4
    test = (test | (user == 3)) & (user != 1)
    rating[(user == 2) & test] = 2
    score = rng.integers(0, 4, (users, items)) if ties else rng.normal(size=(users, items))
    columns = user, item, rating
    split = Split(*(x[~test] for x in columns), *(x[test] for x in columns))
    return World(split, score.astype(np.float32), rng.random((users, items)) < 0.6)


def candidates(world: World, user: int, convention: str) -> list[int]:
    """The user's items in the order of scores, the lower number first among equals."""
    split = world.split
    if convention == "study":
        items = split.test_item[split.test_user == user].tolist()
    else:
        trained = set(split.train_item[split.train_user == user].tolist())
        items = [i for i in range(world.score_UxI.shape[1]) if i not in trained]
    return sorted(items, key=lambda i: (-world.score_UxI[user, i], i))


def recommended(world: World, user: int, convention: str, n: int) -> list[int]:
    first = candidates(world, user, convention)[:n]
    return [i for i in first if convention == "standard" or world.held_UxI[user, i]]


def relevant_items(world: World, user: int) -> set[int]:
    rows = (world.split.test_user == user) & (world.split.test_rating >= THRESHOLD)
    return set(world.split.test_item[rows].tolist())


def by_hand(world: World, user: int, convention: str, n: int) -> dict[str, float]:
    shown, relevant = recommended(world, user, convention, n), relevant_items(world, user)
    hits = [item in relevant for item in shown]
    length = n if convention == "standard" else len(shown)
    precision = sum(hits) / length if length else 0.0
    recall = sum(hits) / len(relevant)
    ranks = [k for k, hit in enumerate(hits, 1) if hit]
    best = sum(1 / math.log2(k + 1) for k in range(1, min(n, len(relevant)) + 1))
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if ranks else 0.0,
        "ndcg": sum(1 / math.log2(k + 1) for k in ranks) / best,
        "map": sum((place + 1) / k for place, k in enumerate(ranks)) / len(relevant),
        "mrr": 1 / ranks[0] if ranks else 0.0,
        "hit_rate": float(bool(ranks)),
    }
