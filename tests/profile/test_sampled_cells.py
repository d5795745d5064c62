"""Sums over all cells from a sample of columns: unbiased, and the exact sums where the sample holds all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.profile import sampled_cells
from ganrs_jax.profile.interactions import dense_side
from ganrs_jax.profile.sampled_cells import draw_columns, sampled_side

ROWS, COLUMNS, SIZE = 70, 400, 4


@pytest.fixture(scope="module")
def popularity() -> np.ndarray:
    """From 1 to a thousand, steep, in no order."""
    return (1 + 1000 * np.random.default_rng(0).random(5000) ** 30).astype(int)


def test_no_column_is_in_a_sample_twice(popularity):
    for seed in range(20):
        sample = draw_columns(jax.random.key(seed), popularity, 500)
        assert len(np.unique(sample.column)) == len(sample.column)
        assert 499 <= len(sample.column) <= 500  # one less where rounding made two meet


def test_columns_stand_for_all(popularity):
    """Each column weighs 1 on average; what depends on popularity alone is right to a percent in every sample."""
    total, samples = np.zeros(len(popularity)), 600
    for seed in range(samples):
        column, weight = draw_columns(jax.random.key(seed), popularity, 500)
        total[column] += weight
        for of_popularity in (np.ones(len(popularity)), popularity, np.sqrt(popularity)):
            assert abs(weight @ of_popularity[column] / of_popularity.sum() - 1) < 0.01
    weight = total / samples
    assert abs(weight.mean() - 1) < 0.005
    expected = np.sqrt((5000 / 500 / 0.25) / samples)  # standard error of a column's mean weight at most
    assert np.abs(weight - 1).max() < 5 * expected
    by_popularity = np.array_split(weight[np.argsort(popularity)], 20)
    assert max(abs(part.mean() - 1) for part in by_popularity) < 0.05


def test_the_most_popular_are_always_there(popularity):
    top = np.flatnonzero(popularity > 950)
    assert len(top) > 5
    column, weight = draw_columns(jax.random.key(3), popularity, 500)
    assert np.isin(top, column).all()
    np.testing.assert_array_equal(weight[np.isin(column, top)], 1)


def test_a_sample_of_all_is_all(popularity):
    column, weight = draw_columns(jax.random.key(0), popularity, len(popularity))
    np.testing.assert_array_equal(column, np.arange(len(popularity)))
    np.testing.assert_array_equal(weight, 1)


def test_the_key_decides(popularity):
    first, again, other = (draw_columns(jax.random.key(k), popularity, 500).column for k in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.fixture(scope="module")
def world():
    """Vectors of rows and columns, and the (row, column) pairs that their chances gave."""
    rng = np.random.default_rng(1)
    x, y = (rng.normal(0, 0.7, (n, SIZE)).astype(np.float32) for n in (ROWS, COLUMNS))
    x[:, 0] -= 1.5
    rated = rng.random((ROWS, COLUMNS)) < 1 / (1 + np.exp(-(x[:, :1] + y[:, 0] + x[:, 1:] @ y[:, 1:].T)))
    rated[np.arange(COLUMNS) % ROWS, np.arange(COLUMNS)] = True
    return jnp.asarray(x), jnp.asarray(y), *np.nonzero(rated)


def turned(side, world, seed: int) -> np.ndarray:
    """Vectors of all rows after a Newton step from a little off."""
    return np.asarray(side.newton_step(jax.random.key(seed), world[0] * 0.8, world[1])[0])


def test_a_sample_of_all_gives_the_dense_step_and_draws(world):
    sampled, dense = (make(*world[2:], ROWS, COLUMNS) for make in (sampled_side, dense_side))
    np.testing.assert_allclose(turned(sampled, world, 0), turned(dense, world, 0), atol=2e-4)
    draws = [np.asarray(side.draws(jax.random.key(1), *world[:2], 50)) for side in (sampled, dense)]
    assert draws[0].shape == (50, ROWS, SIZE)
    spread = draws[1].std(0).mean()
    for statistic in (np.mean, np.std):
        mine, theirs = (statistic(x, 0) for x in draws)
        assert np.sqrt(((mine - theirs) ** 2).mean()) < 0.25 * spread  # chance alone: sqrt(2 / 50) = 0.2
        assert abs(mine.mean() - theirs.mean()) < 0.03 * spread


def test_steps_from_samples_lie_around_the_dense_step(world, monkeypatch):
    dense = turned(dense_side(*world[2:], ROWS, COLUMNS), world, 0)
    monkeypatch.setattr(sampled_cells, "_SAMPLE", 100)
    side = sampled_side(*world[2:], ROWS, COLUMNS)
    steps = np.stack([turned(side, world, seed) for seed in range(40)])
    spread = np.sqrt(((steps - dense) ** 2).mean())
    assert 0 < spread < 0.25
    assert np.sqrt(((steps.mean(0) - dense) ** 2).mean()) < 0.35 * spread  # chance alone: 1 / sqrt(40) = 0.16


def test_rows_in_blocks_are_the_rows_at_once(world, monkeypatch):
    at_once = turned(sampled_side(*world[2:], ROWS, COLUMNS), world, 0)
    monkeypatch.setattr(sampled_cells, "_BLOCK_CELLS", 16 * COLUMNS)
    sampled_cells._steps.clear_cache()
    np.testing.assert_allclose(turned(sampled_side(*world[2:], ROWS, COLUMNS), world, 0), at_once, atol=1e-5)
