"""Potentials: one number an item, by which users of given activity rate each item as often as wanted.

The chance that user u rates item j is that of score_uj + a_u + phi_j by a link of the family of Aranda-Ordaz (1981, "On
two families of transformations to additivity for binary response data", doi 10.1093/biomet/68.2.357): with an
`asymmetry` of 1 the logistic one, near 0 the complementary log-log. With the cost -score this is optimal transport
between users of given activity and items of given mass, regularised by the entropy of a 0/1 matrix in place of that of
a coupling (Galichon and Salanie's setting), as no pair may occur twice. The potentials a, phi are found by Newton steps
on one side at a time (Sinkhorn's scheme, whose own step theirs is where chances are small).

Where items are many, `solve_tiled` and `tiled_intercepts` do the same by sums over users x items of which a tile is
held at a time.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 60  # at most
TOLERANCE = 2e-3  # where no other is given: well below the chance of any draw
STEP = 10.0  # longest step: where all chances are near 1 their slopes are near 0
TILE = 1024  # items whose scores are held at once
_USERS = 512  # users at once: their scores with a tile are 2 MiB
_DENSE_STEPS = 6  # to the intercepts of users whose scores with all items are held
_STEPS = 3  # to the intercepts, which start near: where items are many no chance is great
_NONE = 1e-9  # masses and slopes of less are as good as none
_SURE = 30.0  # logits above are as good as this: the chance is 1 in single precision
_STRIDE = 16  # of the items whose highest score is taken: enough against overflow, which is all that it is for


class Potentials(NamedTuple):
    """`item` [I], and the total variation left between wanted and expected item masses."""

    item: jax.Array
    error: float


def chance(logits: jax.Array, asymmetry: jax.Array | float) -> jax.Array:
    """The inverse link, 1 - (1 + c exp(x))^(-1/c) with asymmetry c, of any shape; c is over 0."""
    return -jnp.expm1(-jnp.log1p(asymmetry * jnp.exp(jnp.minimum(logits, _SURE))) / asymmetry)


def chance_slope(logits: jax.Array, asymmetry: jax.Array | float) -> jax.Array:
    """How a chance answers to its logit."""
    odds = jnp.exp(jnp.minimum(logits, _SURE))
    return (1 - chance(logits, asymmetry)) * odds / (1 + asymmetry * odds)


def solve_potentials(
    users_UxK: jax.Array,
    items_IxK: jax.Array,
    activity: np.ndarray,
    popularity: np.ndarray,
    block: int,
    start: jax.Array | None = None,
    asymmetry: float = 1.0,
    tolerance: float = TOLERANCE,
) -> Potentials:
    """Potentials for which each item's expected number of ratings is the wanted one.

    Args:
      users_UxK, items_IxK: factors whose products are the scores.
      activity: ratings of each user, [U].
      popularity: wanted ratings of each item among these users, [I]; an item of none gets -inf.
      block: users whose scores are held at once.
      start: potentials that are near already, [I], of almost the same popularity, say.
      asymmetry: of the link.
      tolerance: total variation between wanted and expected shares of items at which the search ends.
    """
    link = jnp.float32(asymmetry)
    users, n = blocked(users_UxK, block), blocked(jnp.asarray(activity, jnp.float32), block)
    wanted = jnp.asarray(popularity, jnp.float32)
    phi = _first(wanted, start)
    a = _dense_start(users, n, items_IxK, phi)
    error = np.inf
    for _ in range(ROUNDS):
        a, phi, left = _round(users, n, a, items_IxK, phi, wanted, link)
        if (error := float(left)) < tolerance:
            break
    return Potentials(phi, error)


def _first(wanted: jax.Array, start: jax.Array | None) -> jax.Array:
    """Potentials to start with: those of the shares of items where none are near; -inf of an item of no mass."""
    shares = jnp.log(jnp.maximum(wanted, 1e-6) / wanted.mean())
    return jnp.where(wanted > 0, shares if start is None else jnp.where(jnp.isfinite(start), start, shares), -jnp.inf)


@jax.jit
def _dense_start(users: jax.Array, n: jax.Array, items: jax.Array, phi: jax.Array) -> jax.Array:
    """Intercepts where no chance is great, of blocks of users."""

    def of_block(part: tuple[jax.Array, jax.Array]) -> jax.Array:
        factors, count = part
        return jnp.log(jnp.maximum(count, 1e-6)) - jax.nn.logsumexp(factors @ items.T + phi[None], 1)

    return jax.lax.map(of_block, (users, n))


@jax.jit
def intercepts(
    users_BxK: jax.Array, items_IxK: jax.Array, phi: jax.Array, activity: jax.Array, asymmetry: jax.Array | float = 1.0
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity."""
    scores = users_BxK @ items_IxK.T + phi[None]
    start = jnp.log(jnp.maximum(activity, 1e-6)) - jax.nn.logsumexp(scores, 1)
    return jax.lax.fori_loop(0, _DENSE_STEPS, lambda _, a: _user_step(a, scores, activity, asymmetry), start)


@jax.jit
def _round(
    users: jax.Array,
    n: jax.Array,
    a: jax.Array,
    items: jax.Array,
    phi: jax.Array,
    wanted: jax.Array,
    asymmetry: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Newton steps on the users, a block at a time, then one on the items; the error before that."""

    def block(
        sums: tuple[jax.Array, jax.Array], part: tuple[jax.Array, jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        factors, count, intercept = part
        scores = factors @ items.T + phi[None]
        for _ in range(2):
            intercept = _user_step(intercept, scores, count, asymmetry)
        of_items = _sums(scores + intercept[:, None], asymmetry, (count > 0)[:, None], 0)
        return (sums[0] + of_items[0], sums[1] + of_items[1]), intercept

    zero = jnp.zeros_like(wanted)
    (expected, slope), a = jax.lax.scan(block, (zero, zero), (users, n, a))
    error = jnp.abs(wanted - expected).sum() / wanted.sum() / 2
    return a, jnp.where(wanted > 0, phi + _newton(wanted, expected, slope), -jnp.inf), error


def _newton(wanted: jax.Array, expected: jax.Array, slope: jax.Array) -> jax.Array:
    """Step of a potential to the logarithm of its mass: it is nearly straight where the mass itself is exponential."""
    wanted, expected = jnp.maximum(wanted, _NONE), jnp.maximum(expected, _NONE)
    return jnp.clip(jnp.log(wanted / expected) * expected / jnp.maximum(slope, _NONE), -STEP, STEP)


def _user_step(a: jax.Array, scores: jax.Array, activity: jax.Array, asymmetry: jax.Array | float) -> jax.Array:
    expected, slope = _sums(scores + a[:, None], asymmetry, True, 1)
    return a + _newton(activity, expected, slope)


def _sums(
    logits: jax.Array, asymmetry: jax.Array | float, where: jax.Array | bool, axis: int
) -> tuple[jax.Array, jax.Array]:
    """Sums of chances and of their slopes."""
    summed = (x(logits, asymmetry) * where for x in (chance, chance_slope))
    expected, slope = (x.sum(axis) for x in summed)
    return expected, slope


def blocked(x: jax.Array, block: int) -> jax.Array:
    """Rows in blocks [blocks, block, ...], padded with zeros."""
    pad = [(0, -len(x) % block)] + [(0, 0)] * (x.ndim - 1)
    return jnp.pad(x, pad).reshape(-1, block, *x.shape[1:])


class Tiles(NamedTuple):
    """Items in tiles: factors [T, 1024, K] and logits [T, 1024]; -inf for those that fill the last."""

    items: jax.Array
    phi: jax.Array


class _Users(NamedTuple):
    """Factors [B, K], ratings [B] and intercepts [B] of some users."""

    factors: jax.Array
    activity: jax.Array
    intercepts: jax.Array


def tiled(items_IxK: jax.Array, phi_I: jax.Array) -> Tiles:
    """Items and their logits in tiles."""
    pad = -len(items_IxK) % TILE
    items, phi = jnp.pad(items_IxK, ((0, pad), (0, 0))), jnp.pad(phi_I, (0, pad), constant_values=-jnp.inf)
    return Tiles(items.reshape(-1, TILE, items.shape[1]), phi.reshape(-1, TILE))


def tile_scores(users_BxK: jax.Array, tile: Tiles, shift_B: jax.Array) -> jax.Array:
    """Scores with one tile of the items, and a number added for each user, [B, 1024]."""
    return users_BxK @ tile.items.T + tile.phi[None] + shift_B[:, None]


def highest(users_BxK: jax.Array, tiles: Tiles) -> jax.Array:
    """About the highest score of each user, [B]: of some items, or 0 if none of them has a finite logit."""
    some = Tiles(tiles.items[:, ::_STRIDE].reshape(-1, tiles.items.shape[2]), tiles.phi[:, ::_STRIDE].reshape(-1))
    top = tile_scores(users_BxK, some, jnp.zeros(len(users_BxK))).max(1)
    return jnp.where(jnp.isfinite(top), top, 0.0)


@jax.jit
def tiled_intercepts(
    users_BxK: jax.Array,
    items_IxK: jax.Array,
    phi_I: jax.Array,
    activity: jax.Array,
    asymmetry: jax.Array | float = 1.0,
) -> jax.Array:
    """a_u [B] at which each user's expected number of ratings is its activity (`potentials.intercepts`)."""
    tiles = tiled(items_IxK, phi_I)

    def step(_: int, a: jax.Array) -> jax.Array:
        return _tiled_step(_Users(users_BxK, activity, a), tiles, asymmetry)

    return jax.lax.fori_loop(0, _STEPS, step, _start(users_BxK, tiles, activity))


def solve_tiled(
    users_UxK: jax.Array,
    items_IxK: jax.Array,
    activity: np.ndarray,
    popularity: np.ndarray,
    start: jax.Array | None,
    asymmetry: float = 1.0,
    tolerance: float = TOLERANCE,
) -> Potentials:
    """Potentials for which each item's expected number of ratings is the wanted one (`potentials.solve_potentials`).

    Args:
      start: potentials that are near already, [I], of part of the users, say.
      asymmetry: of the link.
      tolerance: as in `solve_potentials`.
    """
    link = jnp.float32(asymmetry)
    wanted = jnp.asarray(popularity, jnp.float32)
    phi = _first(wanted, start)
    factors, n = blocked(users_UxK, _USERS), blocked(jnp.asarray(activity, jnp.float32), _USERS)
    tiles = tiled(items_IxK, phi)
    users = _Users(factors, n, jnp.stack([_start(u, tiles, each) for u, each in zip(factors, n, strict=True)]))
    error = np.inf
    for _ in range(ROUNDS):
        a, phi, left = _tiled_round(users, items_IxK, phi, wanted, link)
        users = users._replace(intercepts=a)
        if (error := float(left)) < tolerance:
            break
    return Potentials(phi, error)


@jax.jit
def _tiled_round(
    users: _Users, items_IxK: jax.Array, phi_I: jax.Array, wanted: jax.Array, asymmetry: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """A Newton step on the users, some at a time, then one on the items; the error before that."""
    tiles = tiled(items_IxK, phi_I)

    def some(sums: tuple[jax.Array, jax.Array], part: _Users) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        a = _tiled_step(part, tiles, asymmetry)
        of_items, slope = _item_sums(part._replace(intercepts=a), tiles, asymmetry)
        return (sums[0] + of_items, sums[1] + slope), a

    zero = jnp.zeros(tiles.phi.shape)
    (expected, slope), a = jax.lax.scan(some, (zero, zero), users)
    expected, slope = (x.reshape(-1)[: len(wanted)] for x in (expected, slope))
    error = jnp.abs(wanted - expected).sum() / wanted.sum() / 2
    return a, jnp.where(wanted > 0, phi_I + _newton(wanted, expected, slope), -jnp.inf), error


@jax.jit
def _start(users_BxK: jax.Array, tiles: Tiles, activity: jax.Array) -> jax.Array:
    """Intercepts where no chance is great."""
    top = highest(users_BxK, tiles)
    total = jax.lax.map(lambda tile: jnp.exp(tile_scores(users_BxK, tile, -top)).sum(1), tiles).sum(0)
    return jnp.log(jnp.maximum(activity, 1e-6) / total) - top


def _tiled_step(users: _Users, tiles: Tiles, asymmetry: jax.Array | float) -> jax.Array:
    def of_tile(sums: tuple[jax.Array, jax.Array], tile: Tiles) -> tuple[tuple[jax.Array, jax.Array], None]:
        of_users = _sums(tile_scores(users.factors, tile, users.intercepts), asymmetry, True, 1)
        return (sums[0] + of_users[0], sums[1] + of_users[1]), None

    zero = jnp.zeros_like(users.activity)
    (expected, slope), _ = jax.lax.scan(of_tile, (zero, zero), tiles)
    return users.intercepts + _newton(users.activity, expected, slope)


def _item_sums(users: _Users, tiles: Tiles, asymmetry: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Expected ratings of items, and how they answer to their potentials, [T, 1024]."""
    active = (users.activity > 0)[:, None]

    def of_tile(tile: Tiles) -> tuple[jax.Array, jax.Array]:
        return _sums(tile_scores(users.factors, tile, users.intercepts), asymmetry, active, 0)

    return jax.lax.map(of_tile, tiles)
