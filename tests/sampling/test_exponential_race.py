"""Few items among many: the same draw as with a number a cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.sampling import gumbel_top_k as race
from ganrs_jax.sampling.gumbel_top_k import choose, exponential_race
from ganrs_jax.sampling.potentials import chance, intercepts, tiled_intercepts

COLUMNS, COUNT = 300, 30
NONE = (np.zeros(0, np.int64),) * 2


def world(strength: float, rows: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Equal rows, so that shares of rows are chances."""
    rng = np.random.default_rng(0)
    row, columns, phi = (rng.normal(size=shape) for shape in ((1, 4), (COLUMNS, 4), COLUMNS))
    return tuple(jnp.asarray(x, jnp.float32) for x in (np.repeat(strength * row, rows, 0), columns, phi))


@pytest.mark.parametrize(  # at 6 some columns are as good as sure
    ("strength", "asymmetry"),
    [
        (1.0, 1.0),
        (6.0, 0.05),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((0.5, 1.0), (3.0, 3.0), (1.0, 0.05), (6.0, 1.0))),
    ],
)
def test_chances_are_those_of_a_number_a_cell(strength, asymmetry):
    rows, columns, phi = world(strength, 3000)
    row, column = exponential_race(jax.random.key(0), rows, columns, phi, np.full(3000, COUNT), NONE, asymmetry)
    np.testing.assert_array_equal(np.bincount(row), COUNT)
    wanted = jnp.full(3000, COUNT, jnp.int32), jnp.full(1, 2**31 - 1, jnp.int32), asymmetry
    chance = np.asarray(choose(jax.random.key(1), rows, columns, phi, *wanted)).mean(0)
    found = np.bincount(column, minlength=COLUMNS) / 3000
    deviation = (found - chance) / np.sqrt((2 * chance * (1 - chance) + 1 / 3000) / 3000)
    assert 0.8 < deviation.std() < 1.2
    assert np.abs(deviation).max() < 4.5


def test_pairs_of_columns_exclude_one_another_as_with_a_number_a_cell():
    """Without replacement, two likely columns are together less often than by their chances alone."""
    rows, columns, phi = world(1.0, 6000)
    phi = jnp.where(jnp.arange(COLUMNS) < 24, phi, -8.0)  # the few that matter
    counts = np.full(6000, 8)

    def together(mask: np.ndarray) -> np.ndarray:
        return (mask.T.astype(float) @ mask)[:24, :24] / 6000

    row, column = exponential_race(jax.random.key(0), rows, columns, jnp.where(phi > -8, phi, -4.0), counts, NONE)
    mask = np.zeros((6000, COLUMNS), bool)
    mask[row, column] = True
    other = choose(
        jax.random.key(1),
        rows,
        columns,
        jnp.where(phi > -8, phi, -4.0),
        jnp.asarray(counts, jnp.int32),
        jnp.full(1, 2**31 - 1, jnp.int32),
    )
    np.testing.assert_allclose(together(mask), together(np.asarray(other)), atol=0.03)


def test_pairs_are_distinct_ascending_and_as_many_as_wanted():
    rng = np.random.default_rng(0)
    rows, columns = (jnp.asarray(rng.normal(size=(n, 3)), jnp.float32) for n in (64, COLUMNS))
    counts = np.concatenate([np.arange(60), [COLUMNS // 2, COLUMNS - 1, COLUMNS, 0]])  # few, many, all, none
    row, column = exponential_race(jax.random.key(0), rows, columns, jnp.zeros(COLUMNS), counts, NONE)
    np.testing.assert_array_equal(np.bincount(row, minlength=64), counts)
    assert (np.diff(row * COLUMNS + column) > 0).all()


def test_preassigned_cells_come_first_and_columns_of_no_chance_last():
    rows, columns, phi = world(1.0, 4)
    phi = phi.at[:20].set(-jnp.inf)
    preassigned = np.asarray([0, 0, 1, 3, 3, 3]), np.asarray([0, 7, 5, 1, 2, 4])
    for key in range(5):
        row, column = exponential_race(jax.random.key(key), rows, columns, phi, np.asarray([6, 1, 9, 2]), preassigned)
        np.testing.assert_array_equal(np.bincount(row), [6, 1, 9, 2])
        assert {0, 7} <= set(column[row == 0].tolist())
        np.testing.assert_array_equal(column[row == 1], [5])
        np.testing.assert_array_equal(column[row == 3], [1, 2])  # more are preassigned than wanted
        assert column[row == 2].min() >= 20


def test_keys_decide():
    rows, columns, phi = world(1.0, 50)
    one, same, other = (
        exponential_race(jax.random.key(key), rows, columns, phi, np.full(50, COUNT), NONE)[1] for key in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_scores_of_any_height_are_taken():
    """Only their differences matter; none overflows."""
    rows, columns, phi = world(1.0, 20)
    one, other = (
        exponential_race(jax.random.key(0), rows, columns, phi + shift, np.full(20, COUNT), NONE)[1]
        for shift in (0.0, 512.0)
    )
    assert np.mean(one == other) > 0.9  # but for rounding
    steep = exponential_race(jax.random.key(0), 100 * rows, columns, phi, np.full(20, COUNT), NONE)[1]
    top = np.argsort(-np.asarray(100 * rows[0] @ columns.T + phi))[:COUNT]
    assert np.isin(steep, top).mean() > 0.95


def test_intercepts_are_those_of_all_cells():
    rng = np.random.default_rng(0)
    rows, columns = (jnp.asarray(rng.normal(size=(n, 4)), jnp.float32) for n in (40, 6000))
    phi, counts = jnp.asarray(rng.normal(size=6000), jnp.float32), jnp.asarray(rng.integers(1, 300, 40), jnp.float32)
    found = tiled_intercepts(rows, columns, phi, counts)
    np.testing.assert_allclose(found, intercepts(rows, columns, phi, counts), atol=0.05)


@pytest.mark.parametrize("asymmetry", [0.05, 1.0, 3.0])
def test_inclusion_chances_are_those_of_the_link(asymmetry):
    """What potentials are solved for is what is drawn, to within a few percent."""
    rows, columns, phi = world(1.0, 4000)
    wanted = jnp.full(4000, COUNT, jnp.int32), jnp.full(1, 2**31 - 1, jnp.int32), asymmetry
    found = np.asarray(choose(jax.random.key(1), rows, columns, phi, *wanted)).mean(0)
    a = intercepts(rows[:1], columns, phi, jnp.full(1, COUNT, jnp.float32), asymmetry)
    np.testing.assert_allclose(found, chance(rows[0] @ columns.T + phi + a, asymmetry), atol=0.03)


@pytest.mark.parametrize("number", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_the_search_by_groups_finds_what_brute_force_finds(number):
    """The same uniform numbers, looked up among the summed rates of all columns in double precision."""
    rng, seed, candidates = np.random.default_rng(0), 1, 4096
    rows, columns = (jnp.asarray(rng.normal(size=(n, 8)), jnp.float32) for n in (8, number))
    phi = jnp.asarray(rng.normal(0, 2, number), jnp.float32)
    since = jnp.asarray([0, 0, 0, 0, 0.1, 0.1, 1, 1], jnp.float32)
    rates = race._rates(rows, columns, phi, since, jnp.float32(1))
    row = np.sort(rng.integers(8, size=candidates)).astype(np.int32)
    found = np.asarray(race._candidates(jax.random.key(seed), rates, jnp.asarray(row))[0])
    keys = jax.random.split(jax.random.key(seed), 4)[:2]
    of_group, of_column = (np.asarray(jax.random.uniform(key, (candidates,)), float) for key in keys)
    scores = np.asarray(rows, float) @ np.asarray(columns, float).T + np.asarray(phi, float)
    exact = 1 / (np.exp(np.asarray(rates.top, float)[:, None] - scores) + np.asarray(since, float)[:, None])
    cumulated = np.cumsum(np.pad(exact, ((0, 0), (0, -number % 16))).reshape(8, -1, 16).sum(2), 1)
    same = 0
    for r, u, v, column in zip(row, of_group, of_column, found, strict=True):
        group = np.searchsorted(cumulated[r], u * race._BELOW * cumulated[r, -1], side="right")
        within = np.cumsum(exact[r, group * 16 : group * 16 + 16])
        same += group * 16 + np.searchsorted(within, v * race._BELOW * within[-1], side="right") == column
    assert same >= 0.99 * candidates
