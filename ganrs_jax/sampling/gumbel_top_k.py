"""Which items a user rates: a fixed number of distinct ones, each with about its wanted chance.

Order sampling (Rosen 1997, "On sampling with probability proportional to size"): the n largest of score + noise are n
distinct items whose inclusion chances are the wanted ones to within a percent or so, if the link of these
(`potentials.chance`) is the noise's distribution. That of a link of asymmetry c is log c - log(exp(c E) - 1), E
exponential: logistic noise for 1 (Pareto sampling), Gumbel noise for 0 (each item drawn among those left in proportion
to exp(score)). Adding the same number to all of a user's scores changes nothing.

Of very many items a user rates few: then `exponential_race` draws the same without a random number a cell. The priority
of an item, score + noise, is -log(T) of a time T at which it arrives, P(T > t) = (1 + c rate t)^(-1/c) with rate =
exp(score), and the first to arrive are the sample. The hazard, rate / (1 + c rate t), falls, so arrivals are drawn by
thinning (Lewis and Shedler 1979): candidates come in the order of time, each an item in proportion to its rate (a group
of items first, then an item of it), and one is accepted with the probability by which the hazard has fallen since.
Users who are short go on from the time they have come to, with the hazards of that time: popular items, which have
arrived, then no longer are most of the candidates. The draw is exact, but for rows whose scores are so far apart that
eight rounds of this do not do, which `choose` completes; a cell costs its score and one exponential.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.sampling.potentials import Tiles, highest, tile_scores, tiled

_TINY = 1e-30  # of a time: one cell in 2^23 would else arrive at time 0, before all others whatever its score
_LEAST_PREASSIGNED = 256  # cells that programs are compiled for, or a power of two above: few shapes, few programs
_GROUP = 16  # items whose rates are summed: more save memory of sums, and cost scores per candidate
_STEP = 1 << 14  # candidates drawn at once, by one program
_BELOW = 1 - 1e-6  # no rounding goes beyond the last column
_ROUNDS = 8  # of candidates; a row that is short by then has scores beyond all measure
_MOST_SHARE = 8  # a row that wants more than one in so many columns goes to `choose`: many candidates would repeat


@jax.jit
def choose(
    key: jax.Array,
    rows_BxK: jax.Array,
    columns_CxK: jax.Array,
    phi: jax.Array,
    counts: jax.Array,
    preassigned: jax.Array,
    asymmetry: jax.Array | float = 1.0,
) -> jax.Array:
    """For each of B rows (users), `counts` distinct columns (items), as a mask [B, C].

    Args:
      phi: logits added to a column's scores, [C], or to each cell's, [B, C]; -inf = only when all others are taken.
      counts: columns wanted by each row, int32 [B], at most C.
      preassigned: cells chosen before all others, int32 [M], each row * C + column; B * C or more = none.
      asymmetry: of the link.
    """
    scores = rows_BxK @ columns_CxK.T + jnp.maximum(phi if phi.ndim == 2 else phi[None], -1e9)
    wait = jnp.maximum(jax.random.exponential(key, scores.shape), _TINY)
    noisy = scores - jnp.log(jnp.expm1(asymmetry * wait))
    noisy = noisy.reshape(-1).at[preassigned].set(jnp.inf, mode="drop").reshape(scores.shape)
    return _largest(noisy, counts)


def _largest(values_BxC: jax.Array, counts: jax.Array) -> jax.Array:
    """Mask of the `counts` largest values of each row; of equal ones the first.

    The count-th largest is found bit by bit, in passes over values that stay in cache: sorting takes longer.
    """
    bits = jax.lax.bitcast_convert_type(values_BxC, jnp.int32)
    bits = jax.lax.bitcast_convert_type(bits ^ ((bits >> 31) | jnp.int32(-(2**31))), jnp.uint32)  # ascends as values

    def bit(number: jax.Array, least: jax.Array) -> jax.Array:
        candidate = least | (jnp.uint32(1) << (31 - number).astype(jnp.uint32))
        enough = jnp.sum(bits >= candidate[:, None], 1) >= counts
        return jnp.where(enough, candidate, least)

    least = jax.lax.fori_loop(0, 32, bit, jnp.zeros(len(counts), jnp.uint32))[:, None]
    above = bits > least
    equal = bits == least
    spare = counts - jnp.sum(above, 1)
    return (above | (equal & (jnp.cumsum(equal, 1) <= spare[:, None]))) & (counts > 0)[:, None]


def choose_pairs(
    key: jax.Array,
    rows_BxK: jax.Array,
    columns_CxK: jax.Array,
    phi: jax.Array,
    counts: np.ndarray,
    preassigned: tuple[np.ndarray, np.ndarray],
    most_preassigned: int = 0,
    asymmetry: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each cell that `choose` takes, ascending.

    Args:
      preassigned: row and column of the cells chosen before all others.
      most_preassigned: of any block, so that all blocks are one program.
    """
    cell = preassigned[0] * len(columns_CxK) + preassigned[1]
    length = max(_LEAST_PREASSIGNED, 1 << (max(most_preassigned, len(cell), 1) - 1).bit_length())
    padded = np.pad(cell, (0, length - len(cell)), constant_values=np.iinfo(np.int32).max)
    given = jnp.asarray(counts, jnp.int32), jnp.asarray(padded, jnp.int32), jnp.float32(asymmetry)
    flat = np.flatnonzero(np.asarray(choose(key, rows_BxK, columns_CxK, phi, *given)))
    return flat // len(columns_CxK), flat % len(columns_CxK)


class _Rates(NamedTuple):
    """What candidates are drawn by: factors of rows [B, K], of columns [C' / 16, K, 16] and their logits [C' / 16, 16].

    top: [B], about the highest score of a row, which rates and times are relative to.
    since: the time that a row has come to, [B].
    cumulated: rates by group of columns [B, C' / 16].
    """

    rows: jax.Array
    columns: jax.Array
    phi: jax.Array
    top: jax.Array
    since: jax.Array
    cumulated: jax.Array
    asymmetry: jax.Array


class _Arrivals(NamedTuple):
    """Row and column of accepted candidates, and the time since the row's rates were taken, [M]."""

    row: np.ndarray
    column: np.ndarray
    elapsed: np.ndarray


def exponential_race(
    key: jax.Array,
    rows_BxK: jax.Array,
    columns_CxK: jax.Array,
    phi_C: jax.Array,
    counts: np.ndarray,
    preassigned: tuple[np.ndarray, np.ndarray],
    asymmetry: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """For each of B rows (users), `counts` distinct columns (items): row and column of each, ascending.

    Same distribution as `choose`; fast where counts are small beside C.

    Args:
      phi_C: logits added to a column's scores; -inf = only when all others are taken.
      counts: columns wanted by each row, [B], at most C.
      preassigned: row and column of the cells that are chosen before all others, ascending.
      asymmetry: of the link.
    """
    many = counts > int(jnp.isfinite(phi_C).sum()) // _MOST_SHARE
    found = _race(key, rows_BxK, columns_CxK, phi_C, np.where(many, 0, counts), preassigned, jnp.float32(asymmetry))
    row, column = (np.concatenate(x) for x in zip(*found, strict=True))
    short = np.flatnonzero(np.bincount(row, minlength=len(counts)) < counts)
    kept = ~np.isin(row, short)
    parts = [(row[kept], column[kept])]
    for number in short:
        given = np.concatenate([preassigned[1][preassigned[0] == number], column[row == number]])
        one = rows_BxK[number : number + 1], columns_CxK, phi_C, counts[number : number + 1]
        row_key = jax.random.fold_in(jax.random.fold_in(key, 0), number)
        chosen = choose_pairs(row_key, *one, (np.zeros_like(given), given), 0, asymmetry)[1]
        parts.append((np.full(len(chosen), number), chosen))
    row, column = (np.concatenate(x) for x in zip(*parts, strict=True))
    order = np.argsort(row * len(columns_CxK) + column)
    return row[order], column[order]


def _race(
    key: jax.Array,
    rows: jax.Array,
    columns: jax.Array,
    phi: jax.Array,
    counts: np.ndarray,
    preassigned: tuple[np.ndarray, np.ndarray],
    asymmetry: jax.Array,
) -> list[tuple[np.ndarray, np.ndarray]]:
    of_row, of_column = preassigned
    given = np.arange(len(of_row)) - np.searchsorted(of_row, of_row) < counts[of_row]
    found = [(of_row[given], of_column[given])]
    taken = of_row * len(columns) + of_column
    left = counts - np.bincount(found[0][0], minlength=len(counts))
    since, open_, number = np.zeros(len(counts), np.float32), np.flatnonzero(left), 1
    while len(open_) and number <= _ROUNDS:
        # Of three lengths, so of three programs.
        length = next(size for size in (len(counts) // 64, len(counts) // 8, len(counts)) if size >= len(open_))
        which = np.resize(open_, length)
        rates = _rates(rows[which], columns, phi, jnp.asarray(since[which]), asymmetry)
        # Candidates by which most rows will have what is left: some are rejected, or have arrived before. Where few
        # rows are left they fill a part of a draw, which costs the same.
        few = left[open_]
        wanted = (1.5 * few + 3 * np.sqrt(few) + 3).astype(np.int64) + _STEP // (4 * len(few))
        arrivals, passed = _arrivals(jax.random.fold_in(key, number), rates, wanted)
        # What counts: the first arrival of each cell that is not taken, as many of a row as are left.
        cell = open_[arrivals.row] * len(columns) + arrivals.column
        cell = cell[np.sort(np.unique(cell, return_index=True)[1])]
        cell = cell[~np.isin(cell, taken)] if len(taken) else cell
        row = cell // len(columns)
        per_row = np.bincount(row, minlength=len(counts))
        cell = cell[np.arange(len(cell)) - (np.cumsum(per_row) - per_row)[row] < left[row]]
        found.append((cell // len(columns), cell % len(columns)))
        left = left - np.bincount(found[-1][0], minlength=len(counts))
        taken = np.concatenate([taken, cell])
        taken = taken[left[taken // len(columns)] > 0]
        since[open_] += passed.astype(np.float32)
        open_, number = np.flatnonzero(left), number + 1
    return found


def _hazard(scores: jax.Array, since: jax.Array, asymmetry: jax.Array) -> jax.Array:
    """The hazard at time `since`, exp(score) / (1 + asymmetry * exp(score) * since)."""
    return 1 / (jnp.exp(-scores) + asymmetry * since)


@jax.jit
def _rates(
    rows_BxK: jax.Array, columns_CxK: jax.Array, phi_C: jax.Array, since: jax.Array, asymmetry: jax.Array
) -> _Rates:
    """Scores are held a tile at a time."""
    tiles = tiled(columns_CxK, phi_C)
    top = highest(rows_BxK, tiles)

    def of_groups(tile: Tiles) -> jax.Array:
        hazards = _hazard(tile_scores(rows_BxK, tile, -top), since[:, None], asymmetry)
        return hazards.reshape(len(top), -1, _GROUP).sum(2)

    sums = jax.lax.map(of_groups, tiles).transpose(1, 0, 2).reshape(len(top), -1)
    groups = tiles.items.reshape(-1, _GROUP, columns_CxK.shape[1]).transpose(0, 2, 1)
    return _Rates(rows_BxK, groups, tiles.phi.reshape(-1, _GROUP), top, since, jnp.cumsum(sums, 1), asymmetry)


def _arrivals(key: jax.Array, rates: _Rates, wanted: np.ndarray) -> tuple[_Arrivals, np.ndarray]:
    """Accepted of `wanted` [B] candidates of each row, by row in the order of time; and the time of each row's last."""
    row = np.repeat(np.arange(len(wanted)), wanted)
    steps = np.pad(row.astype(np.int32), (0, -len(row) % _STEP)).reshape(-1, _STEP)
    drawn = [_candidates(jax.random.fold_in(key, number), rates, step) for number, step in enumerate(steps)]
    column, rate, gap, chance = (np.concatenate(x)[: len(row)] for x in zip(*drawn, strict=True))
    passed, last = np.cumsum(gap, dtype=np.float64), np.cumsum(wanted) - 1
    start = (passed - gap)[last - wanted + 1]
    elapsed = passed - start[row]
    accepted = chance * (1 + np.float32(rates.asymmetry) * rate * elapsed) < 1
    return _Arrivals(row[accepted], column[accepted].astype(np.int64), elapsed[accepted]), elapsed[last]


@jax.jit
def _candidates(key: jax.Array, rates: _Rates, row: jax.Array) -> tuple[jax.Array, ...]:
    """Of a candidate of each of `row` [M]: column, its rate, the time since the one before, and a uniform number."""
    of_group, of_column, of_time, of_chance = jax.random.split(key, 4)
    total = rates.cumulated[row, -1]
    group = _first_over(rates.cumulated, row, _BELOW * jax.random.uniform(of_group, row.shape) * total)
    scores = _products(rates.rows, rates.columns, row, group) + rates.phi[group]
    each = _hazard(scores - rates.top[row][:, None], rates.since[row][:, None], rates.asymmetry)
    cumulated = jnp.cumsum(each, 1)
    aim = _BELOW * jax.random.uniform(of_column, row.shape) * cumulated[:, -1]
    place = jnp.sum(cumulated <= aim[:, None], 1)
    rate = jnp.take_along_axis(each, place[:, None], 1)[:, 0]
    gap = jax.random.exponential(of_time, row.shape) / total
    return group * _GROUP + place, rate, gap, jax.random.uniform(of_chance, row.shape)


def _products(rows: jax.Array, groups: jax.Array, row: jax.Array, group: jax.Array) -> jax.Array:
    """Of a row with the columns of a group, M times, [M, 16]: on a CPU one by one, which stays in cache."""

    def one_by_one() -> jax.Array:
        return jax.lax.map(lambda pair: rows[pair[0]] @ groups[pair[1]], (row, group))

    return jax.lax.platform_dependent(
        cpu=one_by_one, default=lambda: jnp.einsum("mk,mkg->mg", rows[row], groups[group])
    )


def _first_over(cumulated: jax.Array, row: jax.Array, aim: jax.Array) -> jax.Array:
    """The first group whose cumulated rate is over `aim` [M], by bisection."""

    def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = (low + high) // 2
        over = cumulated[row, middle] > aim
        return jnp.where(over, low, middle + 1), jnp.where(over, middle, high)

    last = cumulated.shape[1] - 1  # whose cumulated rate is always over
    return jax.lax.fori_loop(0, last.bit_length(), halve, (jnp.zeros_like(row), jnp.full_like(row, last)))[0]
