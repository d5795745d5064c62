"""Who rates what, by the profile recipe: sizes, catalogue, potentials, and what the users of a block choose."""

import hashlib
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.profile.marginals import MarginalMap, apply_marginals, map_marginals
from ganrs_jax.profile.ordinal import Thresholds
from ganrs_jax.profile.scores import choosing, choosing_short, chosen_by, chosen_by_short
from ganrs_jax.profile.strata import StrataMap, apply_strata, map_strata
from ganrs_jax.profile.vectors import columns, vectors
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.assignment import (
    assign,
    assignment_intercepts,
    assignment_potentials,
    block_users,
    many,
)
from ganrs_jax.sampling.degree_distributions import law_weights, parse_law
from ganrs_jax.sampling.potentials import Potentials
from ganrs_jax.sampling.preassigned import Reserved, reserve, reserved_counts

_MAPPED_USERS = 32768  # users whose moments are matched
_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on


class Catalogue(NamedTuple):
    """What users choose from and how often each item is wanted: vectors [I, D], popularity int64 [I]."""

    items: jax.Array
    popularity: np.ndarray


class VectorMap(NamedTuple):
    """From generated vectors to those with the source's quantiles, then moments."""

    marginals: MarginalMap
    strata: StrataMap

    def __call__(self, vectors_NxD: jax.Array) -> jax.Array:
        return apply_strata(self.strata, apply_marginals(self.marginals, vectors_NxD))


class Plan(NamedTuple):
    """All that blocks of users have in common.

    Attributes:
      block: users a block.
      activity: ratings of each user, int64 [U].
      user_map: from generated user vectors to those with the source's quantiles and moments.
      catalogue: the items.
      potentials: of the items, for what is not reserved.
      reserved: pairs drawn beforehand.
      generosity: what ratings of each user have added, in stars, [U]; like thresholds of no use before they are fitted.
      thresholds: from predictions to ratings; None while they are being fitted.
    """

    block: int
    activity: np.ndarray
    user_map: VectorMap
    catalogue: Catalogue
    potentials: Potentials
    reserved: Reserved
    generosity: np.ndarray
    thresholds: Thresholds | None = None

    @property
    def num_blocks(self) -> int:
        return -(-len(self.activity) // self.block)

    @property
    def digest(self) -> str:
        """Of what blocks must agree on, for the dataset to have the users, items and ratings asked for."""
        agreed = (self.activity, self.catalogue.popularity, self.reserved.user, self.reserved.item)
        whole = hashlib.sha256()
        for numbers in agreed:
            whole.update(np.ascontiguousarray(numbers, np.int64).tobytes())
        return whole.hexdigest()


def plan_choices(generator: Generator, request: Request) -> Plan:
    """A plan that says who rates what, but not how."""
    block = block_users(request.num_items)
    raw = [_raw_users(generator, request, number, block) for number in range(-(-request.num_users // block))]
    user_map = _vector_map(generator, "users", jnp.concatenate(raw)[: min(request.num_users, _MAPPED_USERS)], request)
    activity = _activity(generator, request, jnp.concatenate(raw)[: request.num_users])
    catalogue = _catalogue(generator, request)
    factors = _chosen_by(generator, catalogue)
    some = min(len(raw), -(-_POTENTIAL_USERS // block))
    users = [_choosing(generator, catalogue, user_map(vectors)) for vectors in raw[:some]]
    first_users = jnp.concatenate(users)

    def potentials(active: np.ndarray, popular: np.ndarray, near: jax.Array | None = None) -> Potentials:
        mine = np.pad(active, (0, -len(active) % block))[: some * block]
        popular = popular * (mine.sum() / active.sum())
        return assignment_potentials(first_users, factors, mine, popular, block, near)

    first = potentials(activity, catalogue.popularity)
    none = np.zeros(request.num_users, np.float32)
    counts = reserved_counts(catalogue.popularity, request.num_users)
    if not counts.any():
        return Plan(block, activity, user_map, catalogue, first, Reserved(*np.zeros((2, 0), np.int32)), none)
    users += [_choosing(generator, catalogue, user_map(vectors)) for vectors in raw[some:]]
    padded = np.pad(activity, (0, -len(activity) % block)).reshape(-1, block).astype(np.float32)
    own = (assignment_intercepts(u, factors, first.item, n) for u, n in zip(users, padded, strict=True))
    a = jnp.concatenate(list(own))
    everyone = jnp.concatenate(users)[: len(activity)]
    reserved = reserve(plan_key(request, 2), everyone, factors, a[: len(activity)], counts, activity)
    left = activity - np.bincount(reserved.user, minlength=len(activity))
    if not left.any():
        return Plan(block, activity, user_map, catalogue, first, reserved, none)
    rest = potentials(left, catalogue.popularity - np.bincount(reserved.item, minlength=len(counts)), first.item)
    return Plan(block, activity, user_map, catalogue, rest, reserved, none)


def chosen(
    generator: Generator, request: Request, plan: Plan, number: int, users_BxD: jax.Array
) -> tuple[np.ndarray, np.ndarray]:
    """User within block `number`, and item, of each of its ratings, ascending.

    Args:
      users_BxD: vectors of the block's users (`users_of`).
    """
    activity = plan.activity[number * plan.block : (number + 1) * plan.block]
    active = np.pad(activity, (0, plan.block - len(activity)))
    users = _choosing(generator, plan.catalogue, users_BxD)
    factors = _chosen_by(generator, plan.catalogue)
    key = jax.random.fold_in(plan_key(request, 3), number)
    block_of = plan.reserved.user // plan.block
    first, last = np.searchsorted(block_of, (number, number + 1))
    sure = plan.reserved.user[first:last].astype(np.int64) % plan.block, plan.reserved.item[first:last].astype(np.int64)
    most = int(np.bincount(block_of, minlength=1).max())
    return assign(key, users, factors, plan.potentials.item, active, sure, most)


def _choosing(generator: Generator, catalogue: Catalogue, users_NxD: jax.Array) -> jax.Array:
    return (choosing_short if many(len(catalogue.popularity)) else choosing)(generator, users_NxD)


def _chosen_by(generator: Generator, catalogue: Catalogue) -> jax.Array:
    return (chosen_by_short if many(len(catalogue.popularity)) else chosen_by)(generator, catalogue.items)


def _activity(generator: Generator, request: Request, users_UxD: jax.Array) -> np.ndarray:
    """Ratings of each user: the wanted law, given out in the order of the generated activities."""
    weights = law_weights(parse_law(request.activity, "activity"), generator.arrays["activity"], request.num_users)
    counts = apportion(weights, request.num_ratings, 1, request.num_items)
    return _given_out(np.asarray(columns(generator).size(users_UxD)), counts)


def _catalogue(generator: Generator, request: Request) -> Catalogue:
    raw = vectors(generator, "items", plan_key(request, 1), request.sigma, request.num_items)
    items = _vector_map(generator, "items", raw, request)(raw)
    law = parse_law(request.popularity, "popularity")
    weights = law_weights(law, generator.arrays["popularity"], request.num_items)
    counts = apportion(weights, request.num_ratings, 1, request.num_users)
    return Catalogue(items, _given_out(np.asarray(columns(generator).size(raw)), counts))


def _vector_map(generator: Generator, part: str, raw_NxD: jax.Array, request: Request) -> VectorMap:
    """What gives generated vectors the source's distribution, as wide as another sigma makes them."""
    held = generator.arrays[part]
    spread = np.ones(raw_NxD.shape[1])
    if request.sigma != generator.config.sigma:
        spread = np.asarray(raw_NxD.std(0)) / np.maximum(held["matching"]["spread"], 1e-6)
    marginals = map_marginals(raw_NxD, held["quantiles"], spread)
    return VectorMap(marginals, map_strata(apply_marginals(marginals, raw_NxD), held["strata"], spread))


def _given_out(size: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Descending counts given to owners by descending size."""
    given = np.empty(len(size), np.int64)
    given[np.argsort(-size, kind="stable")] = counts
    return given


def users_of(generator: Generator, request: Request, plan: Plan, number: int) -> jax.Array:
    """Vectors [B, D] of the users of a block."""
    return plan.user_map(_raw_users(generator, request, number, plan.block))


def _raw_users(generator: Generator, request: Request, number: int, block: int) -> jax.Array:
    return vectors(generator, "users", jax.random.fold_in(plan_key(request, 0), number), request.sigma, block)


def plan_key(request: Request, purpose: int) -> jax.Array:
    """A key of each use of a request's seed."""
    return jax.random.fold_in(jax.random.key(request.seed), purpose)
