"""Two named conventions of what a list is, because toolkits disagree: `study` and `standard`.

`study` is that of the authors of arXiv 2410.17651: a user's own test items are ranked; recommended are those among the
first N that the model holds relevant; precision divides by the number of recommended items, and is 0 where there is
none; F1 is that of the mean precision and the mean recall. `standard` ranks every item that the user has no training
row of; precision divides by N, also where the catalogue is shorter; F1 is the mean of the users' own. Both leave out
users with no relevant test item, and break ties of scores by the lower item number.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ganrs_jax.recommenders.interface import Scored
from ganrs_jax.recommenders.list_metrics import Lists


class Block(NamedTuple):
    """A block of B users: the predictions, and which items are trained on and tested, padded with I.

    Attributes:
      scored: [B, I].
      train: int32 [B, P].
      test: int32 [B, Q], ascending.
      relevant: bool [B, Q], whether the test item is.
    """

    scored: Scored
    train: jax.Array
    test: jax.Array
    relevant: jax.Array


def _study(block: Block, places: int) -> tuple[Lists, jax.Array]:
    own_BxQ = block.test < block.scored.score.shape[1]
    score, held = (x.at[_rows(x), block.test].get(mode="clip") for x in (block.scored.score, block.scored.relevant))
    at_BxN, ranked = _top(jnp.where(own_BxQ, score, -jnp.inf), places)
    shown = ranked & _take(held, at_BxN)
    hit = shown & _take(block.relevant, at_BxN)
    length = jnp.cumsum(shown, 1).astype(jnp.float32)
    item = jnp.where(shown, _take(block.test, at_BxN), -1)
    return Lists(shown, hit, length, block.relevant.sum(1)), item


def _standard(block: Block, places: int) -> tuple[Lists, jax.Array]:
    score = block.scored.score
    score = score.at[_rows(score), block.train].set(-jnp.inf, mode="drop")
    relevant = jnp.zeros_like(score, bool).at[_rows(score), block.test].max(block.relevant, mode="drop")
    item, shown = _top(score, places)
    hit = shown & _take(relevant, item)
    length = jnp.broadcast_to(jnp.arange(1.0, places + 1, dtype=jnp.float32)[None], hit.shape)
    return Lists(shown, hit, length, block.relevant.sum(1)), jnp.where(shown, item, -1)


CONVENTIONS: dict[str, Callable[[Block, int], tuple[Lists, jax.Array]]] = {"study": _study, "standard": _standard}


def _top(score_BxW: jax.Array, places: int) -> tuple[jax.Array, jax.Array]:
    """The places of the greatest scores, the first of equal ones first, [B, places]; and whether there is one."""
    value, at = jax.lax.top_k(score_BxW, min(places, score_BxW.shape[1]))
    short = ((0, 0), (0, places - value.shape[1]))
    return jnp.pad(at, short), jnp.pad(value, short, constant_values=-jnp.inf) > -jnp.inf


def _take(x_BxW: jax.Array, at_BxN: jax.Array) -> jax.Array:
    return jnp.take_along_axis(x_BxW, at_BxN, 1)


def _rows(x_BxW: jax.Array) -> jax.Array:
    return jnp.arange(len(x_BxW))[:, None]
