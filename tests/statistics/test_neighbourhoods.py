"""Cosines to the nearest against scikit-learn, in any number of blocks; known worlds and real data."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.statistics import neighbourhoods
from ganrs_jax.statistics.neighbourhoods import nearest_cosine

SHAPE = (150, 90)


def cells(density: float = 0.2) -> np.ndarray:
    return np.random.default_rng(0).random(SHAPE) < density


@pytest.mark.parametrize("held", [1 << 22, 1000])
def test_it_is_scikit_learns(held, monkeypatch):
    monkeypatch.setattr(neighbourhoods, "_CELLS", held)
    for matrix in (cells(), cells().T):
        distance = NearestNeighbors(n_neighbors=10, metric="cosine").fit(matrix.astype(float)).kneighbors()[0]
        found = nearest_cosine(*np.nonzero(matrix), matrix.shape)
        assert found == pytest.approx(np.median(1 - distance.mean(1)), abs=1e-6)


def test_rows_alike_have_cosine_one():
    row, column = (axis.ravel() for axis in np.indices((30, 12)))
    assert nearest_cosine(row, column, (30, 12)) == pytest.approx(1)
    groups = np.kron(np.eye(4, dtype=bool), np.ones((11, 5), bool))  # of 11 rows each: as many neighbours as looked at
    assert nearest_cosine(*np.nonzero(groups), groups.shape) == pytest.approx(1)


def test_structure_draws_neighbours_nearer_than_chance():
    own = np.arange(150)[:, None] % 10 == np.arange(90) % 10
    rng = np.random.default_rng(0)
    row, column = np.nonzero(rng.random(SHAPE) < np.where(own, 0.9, 0.1))
    pairs = np.unique(row * 90 + rng.permutation(column))
    assert nearest_cosine(row, column, SHAPE) > nearest_cosine(pairs // 90, pairs % 90, SHAPE) + 0.15


def test_ids_and_the_order_of_rows_do_not_matter():
    rng = np.random.default_rng(1)
    row, column = np.nonzero(cells())
    found = nearest_cosine(row, column, SHAPE)
    order = rng.permutation(len(row))
    assert nearest_cosine(rng.permutation(150)[row][order], rng.permutation(90)[column][order], SHAPE) == found


def test_rows_of_few_neighbours_are_left_out():
    matrix = np.zeros((40, 20), bool)
    matrix[:20, :10] = True
    matrix[np.arange(20, 40), 10 + np.arange(20) // 2] = True  # pairs of rows
    assert nearest_cosine(*np.nonzero(matrix), matrix.shape) == pytest.approx(1)
    assert nearest_cosine(*np.nonzero(matrix[20:]), (20, 20)) is None
    assert nearest_cosine(*np.nonzero(matrix[:10]), (10, 20)) is None


def test_a_random_part_of_many_rows(monkeypatch):
    row, column = np.nonzero(cells())
    found = nearest_cosine(row, column, SHAPE)
    monkeypatch.setattr(neighbourhoods, "_MOST", 75)
    assert nearest_cosine(row, column, SHAPE) == pytest.approx(found, abs=0.02)


def test_movielens_100k(data_dir):
    ratings = load_ratings("ml100k", ReadOptions(data_dir=data_dir, download=False))
    user, item, shape = ratings.user, ratings.item, (ratings.num_users, ratings.num_items)
    assert nearest_cosine(user, item, shape) == pytest.approx(0.45125, abs=1e-5)
    assert nearest_cosine(item, user, shape[::-1]) == pytest.approx(0.43625, abs=1e-5)
