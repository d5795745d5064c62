"""Generation by the profile recipe: `plan`, global and small, and `rows`, local to a block of users.

A block's rows depend on the plan and the block's number alone: any block, on any device, in any order,
gives the same rows.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.adversarial.residual import ResidualMLP
from ganrs_jax.adversarial.two_part import generate_vectors
from ganrs_jax.decoding.apportion import apportion
from ganrs_jax.decoding.choice import cells, choose
from ganrs_jax.decoding.histograms import parse_histogram
from ganrs_jax.decoding.laws import law_weights, parse_law
from ganrs_jax.decoding.marginals import MarginalMap, apply_marginals, map_marginals
from ganrs_jax.decoding.potentials import Potentials, intercepts, solve_potentials
from ganrs_jax.decoding.reserve import Reserved, reserve, reserved_counts
from ganrs_jax.decoding.stars import Thresholds, fit_thresholds
from ganrs_jax.decoding.strata import StrataMap, apply_strata, map_strata
from ganrs_jax.embedding.profile import Columns
from ganrs_jax.recipes.interface import Generator, Request
from ganrs_jax.training import Report, silent

_BLOCK_CELLS = 1 << 21  # cells of users x items held at once
_MAPPED_USERS = 32768  # users whose moments are matched
_POTENTIAL_USERS = 4096  # users whose scores the potentials are solved on
_CALIBRATION_ROWS = 1_000_000  # rows that the rating thresholds are fitted on
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


class Rows(NamedTuple):
    """Ratings of a block of users: user, item int32 [M], ascending by (user, item), rating float32 [M]."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray


def make_plan(generator: Generator, request: Request, report: Report = silent) -> Plan:
    """The plan of a completed request."""
    choices = plan_choices(generator, request)
    report("plan", 1, 2, {})
    plan = choices._replace(thresholds=_thresholds(generator, request, choices))
    report("plan", 2, 2, {})
    return plan


def plan_choices(generator: Generator, request: Request) -> Plan:
    """A plan that says who rates what, but not how."""
    block = max(16, min(512, 1 << int(np.log2(max(1, _BLOCK_CELLS // request.num_items)))))
    raw = [_raw_users(generator, request, number, block) for number in range(-(-request.num_users // block))]
    user_map = _vector_map(generator, "users", jnp.concatenate(raw)[: min(request.num_users, _MAPPED_USERS)], request)
    activity = _activity(generator, request, jnp.concatenate(raw)[: request.num_users])
    catalogue = _catalogue(generator, request)
    factors = chosen_by(generator, catalogue.items)
    users = [choosing(generator, user_map(vectors)) for vectors in raw]
    some = min(len(users), -(-_POTENTIAL_USERS // block))

    def potentials(active: np.ndarray, popular: np.ndarray) -> Potentials:
        mine = np.pad(active, (0, -len(active) % block))[: some * block]
        wanted = np.minimum(popular * (mine.sum() / active.sum()), 0.999 * np.count_nonzero(mine))
        return solve_potentials(jnp.concatenate(users[:some]), factors, mine, wanted, block)

    first = potentials(activity, catalogue.popularity)
    counts = reserved_counts(catalogue.popularity, request.num_users)
    if not counts.any():
        return Plan(block, activity, user_map, catalogue, first, Reserved(*np.zeros((2, 0), np.int32)))
    padded = np.pad(activity, (0, -len(activity) % block)).reshape(-1, block).astype(np.float32)
    a = jnp.concatenate([intercepts(u, factors, first.item, n) for u, n in zip(users, padded, strict=True)])
    everyone = jnp.concatenate(users)[: len(activity)]
    reserved = reserve(_key(request, 2), everyone, factors, a[: len(activity)], counts, activity)
    left = activity - np.bincount(reserved.user, minlength=len(activity))
    if not left.any():
        return Plan(block, activity, user_map, catalogue, first, reserved)
    rest = potentials(left, catalogue.popularity - np.bincount(reserved.item, minlength=len(counts)))
    return Plan(block, activity, user_map, catalogue, rest, reserved)


def rows(generator: Generator, request: Request, plan: Plan, number: int) -> Rows:
    """The ratings of block `number`."""
    assert plan.thresholds is not None
    user, item, predicted, noise = _latent(generator, request, plan, number)
    rating = generator.scale.levels[plan.thresholds.level(predicted, noise)].astype(np.float32)
    return Rows((user + number * plan.block).astype(np.int32), item.astype(np.int32), rating)


def columns(generator: Generator) -> Columns:
    """Which numbers of the generator's vectors are what."""
    return Columns(generator.config.interaction_rank, generator.config.rating_rank)


def chosen(generator: Generator, request: Request, plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray]:
    """User within block `number`, and item, of each of its ratings, ascending."""
    activity = plan.activity[number * plan.block : (number + 1) * plan.block]
    active = jnp.asarray(np.pad(activity, (0, plan.block - len(activity))), jnp.int32)
    factors = chosen_by(generator, plan.catalogue.items)
    users = choosing(generator, _users(generator, request, plan, number))
    key = jax.random.fold_in(_key(request, 3), number)
    return cells(choose(key, users, factors, plan.potentials.item, active, _sure(plan, number)))


def choosing(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """What users choose by, [N, 2k]: products with `chosen_by` of items are scores.

    The prescribed weights (`prescribed`) hold for what a taste and an item have beside what their sizes tell: how
    activity and popularity hang together stays as it was learned.
    """
    factors = tastes(generator, users_NxD)
    rest = _beside_size(generator, "users", factors, columns(generator).size(users_NxD))
    return jnp.concatenate([factors, rest @ jnp.asarray(generator.arrays["choice"])], 1)


def chosen_by(generator: Generator, items_NxD: jax.Array) -> jax.Array:
    """What items are chosen by, [N, 2k]."""
    factors = columns(generator).interaction(items_NxD)
    rest = _beside_size(generator, "items", factors, columns(generator).size(items_NxD))
    return jnp.concatenate([factors, rest], 1)


def _beside_size(generator: Generator, part: str, factors_NxK: jax.Array, size: jax.Array) -> jax.Array:
    """Factors less their mean at that size (`profile.by_size`)."""
    held = generator.arrays[part]["by_size"]
    scaled = (size - held["centre"]) / held["scale"]
    return factors_NxK - jnp.stack([jnp.ones_like(scaled), scaled, scaled**2], 1) @ held["coefficients"]


def tastes(generator: Generator, users_NxD: jax.Array) -> jax.Array:
    """Interaction factors of users, [N, k], without the part of the size that the first one carries."""
    which = columns(generator)
    return which.interaction(users_NxD).at[:, 0].add(-generator.arrays["offset"] * which.size(users_NxD))


def _sure(plan: Plan, number: int) -> jax.Array:
    """Reserved cells of a block, padded to one length for all blocks."""
    block_of = plan.reserved.user // plan.block
    length = int(np.bincount(block_of, minlength=1).max()) if len(block_of) else 1
    first, last = np.searchsorted(block_of, (number, number + 1))
    user, item = plan.reserved.user[first:last] % plan.block, plan.reserved.item[first:last]
    cell = user.astype(np.int64) * len(plan.catalogue.popularity) + item
    return jnp.asarray(np.pad(cell, (0, length - len(cell)), constant_values=np.iinfo(np.int32).max), jnp.int32)


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


def _thresholds(generator: Generator, request: Request, plan: Plan) -> Thresholds:
    """Fitted on the first blocks: all of them where the dataset is small."""
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for number in range(plan.num_blocks):
        _, _, *drawn = _latent(generator, request, plan, number)
        parts.append((drawn[0], drawn[1]))
        if sum(len(part[0]) for part in parts) >= _CALIBRATION_ROWS:
            break
    predicted, noise = (np.concatenate(x) for x in zip(*parts, strict=True))
    wanted = parse_histogram(request.rating_histogram, generator.scale, "rating_histogram")
    histogram = np.asarray(generator.source["rating_histogram"]) if wanted is None else wanted
    return fit_thresholds(predicted, noise, histogram, _correlation(predicted, noise))


def _correlation(predicted: np.ndarray, noise: np.ndarray) -> float:
    if not np.ptp(predicted):
        return 1.0
    return float(np.corrcoef(predicted, predicted + noise)[0, 1])


def _latent(generator: Generator, request: Request, plan: Plan, number: int) -> tuple[np.ndarray, ...]:
    """User within the block, item, prediction and noise of each rating of a block, in stars."""
    user, item = chosen(generator, request, plan, number)
    size = len(user) + -len(user) % _ROW_STEP
    users = _users(generator, request, plan, number)
    key = jax.random.fold_in(_key(request, 4), number)
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    drawn = _predicted(key, columns(generator), users, plan.catalogue.items, *pairs)
    return user, item, *(np.asarray(x)[: len(user)] for x in drawn)


@functools.partial(jax.jit, static_argnums=1)
def _predicted(
    key: jax.Array, which: Columns, users: jax.Array, items: jax.Array, user: jax.Array, item: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, y = users[user], items[item]
    return which.predicted(x, y), which.noise_scale(x, y) * jax.random.normal(key, user.shape)


def _users(generator: Generator, request: Request, plan: Plan, number: int) -> jax.Array:
    """Vectors [B, D] of the users of a block."""
    return plan.user_map(_raw_users(generator, request, number, plan.block))


def _raw_users(generator: Generator, request: Request, number: int, block: int) -> jax.Array:
    return vectors(generator, "users", jax.random.fold_in(_key(request, 0), number), request.sigma, block)


def vectors(generator: Generator, part: str, key: jax.Array, sigma: float, count: int) -> jax.Array:
    """Generated vectors [count, D] of "users" or "items", in the source's units."""
    config, held = generator.config, generator.arrays[part]
    network = ResidualMLP(config.width, config.blocks, columns(generator).width)
    drawn = generate_vectors(key, network, held["weights"], jnp.float32(sigma), (count, config.noise_size))
    return matched(drawn, held["matching"])


@jax.jit
def matched(vectors_NxD: jax.Array, matching: Any) -> jax.Array:
    """Vectors in the source's units, with its mean and covariance (`two_part.matching`)."""
    return (vectors_NxD - matching["shift_before"][None]) @ matching["turn"] + matching["shift_after"][None]


def _key(request: Request, purpose: int) -> jax.Array:
    return jax.random.fold_in(jax.random.key(request.seed), purpose)
