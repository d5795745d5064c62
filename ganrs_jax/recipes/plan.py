"""Generation by the profile recipe: `plan`, global and small, and `rows`, local to a block of users.

A block's rows depend on the plan and the block's number alone: any block, on any device, in any order,
gives the same rows.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.decoding.apportion import apportion
from ganrs_jax.decoding.assignment import (
    assign,
    assignment_intercepts,
    assignment_potentials,
    block_users,
    many,
)
from ganrs_jax.decoding.histograms import parse_histogram
from ganrs_jax.decoding.laws import law_weights, parse_law
from ganrs_jax.decoding.liking import Liking, liking_shift
from ganrs_jax.decoding.marginals import MarginalMap, apply_marginals, map_marginals
from ganrs_jax.decoding.potentials import Potentials
from ganrs_jax.decoding.reserve import Reserved, reserve, reserved_counts
from ganrs_jax.decoding.stars import Latent, Thresholds, fit_thresholds, thresholds_at
from ganrs_jax.decoding.strata import StrataMap, apply_strata, map_strata
from ganrs_jax.embedding.profile import Columns
from ganrs_jax.embedding.style import ascending
from ganrs_jax.learnability import fit_biases
from ganrs_jax.recipes.interface import Generator, Request, Rows
from ganrs_jax.recipes.scores import choosing, choosing_short, chosen_by, chosen_by_short
from ganrs_jax.recipes.vectors import columns, vectors
from ganrs_jax.training import Report, silent

_MAPPED_USERS = 32768  # users whose moments are matched
_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on
_CALIBRATION_ROWS = 1 << 20  # rows that the rating thresholds are fitted on
_NOISES = 4  # draws of the noise that are averaged
_LIKING_ROUNDS = 4  # of prescribing how well liked items are
_ROW_STEP = 1 << 14  # rows of a block are padded to a multiple of it


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
      thresholds: from predictions to ratings; None while they are being fitted.
    """

    block: int
    activity: np.ndarray
    user_map: VectorMap
    catalogue: Catalogue
    potentials: Potentials
    reserved: Reserved
    thresholds: Thresholds | None = None

    @property
    def num_blocks(self) -> int:
        return -(-len(self.activity) // self.block)


def make_plan(generator: Generator, request: Request, report: Report = silent) -> Plan:
    """The plan of a completed request."""
    choices = plan_choices(generator, request)
    report("plan", 1, 2, {})
    plan = _with_ratings(generator, request, choices)
    report("plan", 2, 2, {})
    return plan


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
    counts = reserved_counts(catalogue.popularity, request.num_users)
    if not counts.any():
        return Plan(block, activity, user_map, catalogue, first, Reserved(*np.zeros((2, 0), np.int32)))
    users += [_choosing(generator, catalogue, user_map(vectors)) for vectors in raw[some:]]
    padded = np.pad(activity, (0, -len(activity) % block)).reshape(-1, block).astype(np.float32)
    own = (assignment_intercepts(u, factors, first.item, n) for u, n in zip(users, padded, strict=True))
    a = jnp.concatenate(list(own))
    everyone = jnp.concatenate(users)[: len(activity)]
    reserved = reserve(_key(request, 2), everyone, factors, a[: len(activity)], counts, activity)
    left = activity - np.bincount(reserved.user, minlength=len(activity))
    if not left.any():
        return Plan(block, activity, user_map, catalogue, first, reserved)
    rest = potentials(left, catalogue.popularity - np.bincount(reserved.item, minlength=len(counts)), first.item)
    return Plan(block, activity, user_map, catalogue, rest, reserved)


def rows(generator: Generator, request: Request, plan: Plan, number: int) -> Rows:
    """The ratings of block `number`."""
    assert plan.thresholds is not None
    user, item, latent = _latent(generator, request, plan, number)
    rating = generator.scale.levels[plan.thresholds.level(latent)].astype(np.float32)
    return Rows((user + number * plan.block).astype(np.int32), item.astype(np.int32), rating)


def chosen(generator: Generator, request: Request, plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray]:
    """User within block `number`, and item, of each of its ratings, ascending."""
    activity = plan.activity[number * plan.block : (number + 1) * plan.block]
    active = np.pad(activity, (0, plan.block - len(activity)))
    users = _choosing(generator, plan.catalogue, users_of(generator, request, plan, number))
    factors = _chosen_by(generator, plan.catalogue)
    key = jax.random.fold_in(_key(request, 3), number)
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
    raw = vectors(generator, "items", _key(request, 1), request.sigma, request.num_items)
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


def _with_ratings(generator: Generator, request: Request, plan: Plan) -> Plan:
    """The plan with thresholds, and biases of items at which how well liked they are by popularity is the source's.

    Fitted on the first blocks: all of them where the dataset is small.
    """
    user, item, latent = _calibration(generator, request, plan)
    wanted = parse_histogram(request.rating_histogram, generator.scale, "rating_histogram")
    histogram = np.asarray(generator.source["rating_histogram"]) if wanted is None else wanted
    correlation = float(generator.arrays["correlation"])
    popularity, liking = plan.catalogue.popularity, Liking(**generator.arrays["liking"])
    thresholds = _fitted(user, item, latent, thresholds_at(latent, 1.0, histogram), histogram, correlation)
    shift = np.zeros(len(popularity), np.float32)
    for _ in range(_LIKING_ROUNDS):
        shifted = latent._replace(predicted=latent.predicted + shift[item])
        spread = np.std(shifted.score(thresholds.noise_factor))
        levels = thresholds_at(shifted, thresholds.noise_factor, histogram).level(shifted)
        shift = shift + spread * liking_shift(liking, item, levels, popularity)
    shifted = latent._replace(predicted=latent.predicted + shift[item])
    thresholds = _fitted(user, item, shifted, thresholds, histogram, correlation)
    at = columns(generator).interaction_rank
    items = plan.catalogue.items.at[:, at].add(shift)
    return plan._replace(thresholds=thresholds, catalogue=plan.catalogue._replace(items=items))


def _calibration(generator: Generator, request: Request, plan: Plan) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User, item and latent rating of the rows that thresholds are fitted on."""
    users, items, parts = [], [], []
    for number in range(plan.num_blocks):
        user, item, latent = _latent(generator, request, plan, number)
        users.append(user + number * plan.block)
        items.append(item)
        parts.append(latent)
        if sum(map(len, items)) >= _CALIBRATION_ROWS:
            break
    found = (users, items, *list(zip(*parts, strict=True))[1:])
    user, item, *drawn = (np.concatenate(x)[:_CALIBRATION_ROWS] for x in found)
    return user, item, Latent(parts[0].borders, *drawn)


def _fitted(
    user: np.ndarray,
    item: np.ndarray,
    latent: Latent,
    first: Thresholds,
    histogram: np.ndarray,
    correlation: float,
) -> Thresholds:
    return fit_thresholds(latent, _plain(user, item, latent, first), histogram, correlation)


def _plain(user: np.ndarray, item: np.ndarray, latent: Latent, thresholds: Thresholds) -> np.ndarray:
    """The part of the ratings that is the user's and the item's alone, [N]; fitted to means over draws of the noise."""
    rng = np.random.default_rng(0)
    mean = np.mean([thresholds.level(latent.redrawn(rng)) for _ in range(_NOISES)], 0)
    of_user, of_item = fit_biases(user, item, mean - mean.mean(), (int(user.max()) + 1, int(item.max()) + 1))
    return of_user[user] + of_item[item]


def _latent(generator: Generator, request: Request, plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User within the block, item, and what becomes the rating, of each rating of a block."""
    user, item = chosen(generator, request, plan, number)
    size = len(user) + -len(user) % _ROW_STEP
    users = users_of(generator, request, plan, number)
    key = jax.random.fold_in(_key(request, 4), number)
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    taste = generator.arrays["taste"], generator.arrays["taste_bounds"]
    drawn = _predicted(key, columns(generator), *taste, users, plan.catalogue.items, *pairs)
    style = generator.arrays["style"]
    own = np.asarray(_own_borders(columns(generator), style, users))
    predicted, noise, scale = (np.asarray(x)[: len(user)] for x in drawn)
    return user, item, Latent(style["borders"], predicted, noise, own[user], scale)


@functools.partial(jax.jit, static_argnums=0)
def _own_borders(which: Columns, style: dict[str, jax.Array], users_NxD: jax.Array) -> jax.Array:
    """Where users put the borders between ratings, [N, E]."""
    return ascending(style["borders"], which.style(users_NxD) @ style["basis"].T)


@functools.partial(jax.jit, static_argnums=1)
def _predicted(
    key: jax.Array,
    which: Columns,
    taste: jax.Array,
    bounds: jax.Array,
    users: jax.Array,
    items: jax.Array,
    user: jax.Array,
    item: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, y = users[user], items[item]
    tasted = which.tasted(x, y)
    scale = which.noise_scale(x, y)
    wanted = taste * jnp.clip(tasted, bounds[0], bounds[1])
    return which.predicted(x, y) - tasted + wanted, scale * jax.random.normal(key, user.shape), scale


def users_of(generator: Generator, request: Request, plan: Plan, number: int) -> jax.Array:
    """Vectors [B, D] of the users of a block."""
    return plan.user_map(_raw_users(generator, request, number, plan.block))


def _raw_users(generator: Generator, request: Request, number: int, block: int) -> jax.Array:
    return vectors(generator, "users", jax.random.fold_in(_key(request, 0), number), request.sigma, block)


def _key(request: Request, purpose: int) -> jax.Array:
    return jax.random.fold_in(jax.random.key(request.seed), purpose)
