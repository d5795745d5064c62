"""Metrics of ranked lists with binary relevance, at every length up to the lists' own."""

import functools
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.training.loop import QUICK_COMPILE

Number = TypeVar("Number", np.ndarray, jax.Array)

METRICS = ("precision", "recall", "f1", "ndcg", "map", "mrr", "hit_rate")


class Lists(NamedTuple):
    """A ranked list a user, best first, N places long.

    Attributes:
      shown: bool [B, N], whether the place holds an item that is recommended. Places that do not take no rank: the
        item after them moves up.
      hit: bool [B, N], whether the item is relevant; False where nothing is shown.
      length: float32 [B, N], what precision divides the hits of the first 1, 2, ..., N places by.
      relevant: int32 [B], relevant items there are to find.
    """

    shown: jax.Array
    hit: jax.Array
    length: jax.Array
    relevant: jax.Array


@functools.partial(jax.jit, compiler_options=QUICK_COMPILE)
def list_metrics(lists: Lists) -> jax.Array:
    """`METRICS` of the first 1, 2, ..., N places, float32 [B, 7, N]; all 0 where nothing is relevant.

    F1 is that of the user's own precision and recall. NDCG has gain 1 and discount log2(rank + 1), and divides by the
    best list of min(N, relevant) items (Järvelin and Kekäläinen 2002, doi 10.1145/582415.582418). Average precision
    divides by the number of relevant items, as trec_eval and ranx do, not by min(N, relevant). MRR is 1 over the rank
    of the first hit (Voorhees 1999, TREC-8), 0 where none is among the first N.
    """
    hit, relevant = lists.hit.astype(jnp.float32), jnp.maximum(lists.relevant, 1).astype(jnp.float32)[:, None]
    hits, rank = jnp.cumsum(hit, 1), jnp.maximum(jnp.cumsum(lists.shown, 1), 1).astype(jnp.float32)
    precision, recall = hits / jnp.maximum(lists.length, 1), hits / relevant
    # The discounted gain of the best list of min(N, relevant) items.
    places_N = jnp.arange(1, lists.hit.shape[1] + 1)
    best_N = jnp.cumsum(1 / jnp.log2(places_N + 1.0))
    best_dcg = best_N[jnp.clip(lists.relevant[:, None], 1, places_N[None]) - 1]
    values = (
        precision,
        recall,
        harmonic(precision, recall),
        jnp.cumsum(hit / jnp.log2(rank + 1), 1) / best_dcg,
        jnp.cumsum(hit * hits / rank, 1) / relevant,
        jax.lax.cummax(hit / rank, axis=1),
        jnp.minimum(hits, 1),
    )
    return jnp.stack(values, 1)


def harmonic(precision: Number, recall: Number) -> Number:
    """F1 [...] of precision and recall [...], numpy's or JAX's; 0 where both are."""
    total = precision + recall
    return 2 * precision * recall / (total + (total == 0))
