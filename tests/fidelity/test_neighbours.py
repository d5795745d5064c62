"""Nearest neighbours against scikit-learn, density and coverage against their definitions."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from ganrs_jax.fidelity import neighbours
from ganrs_jax.fidelity.neighbours import density_coverage, nearest_distances, standardised
from ganrs_jax.fidelity.samples import TooSmallError


def normal(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6))


@pytest.mark.parametrize("cells", [1 << 22, 500])
def test_nearest_distances_are_scikit_learns(cells, monkeypatch):
    monkeypatch.setattr(neighbours, "_CELLS", cells)
    points, queries = normal(0, 120), normal(1, 33)
    model = NearestNeighbors(n_neighbors=4).fit(points)
    np.testing.assert_allclose(nearest_distances(queries, points, 4), model.kneighbors(queries)[0])
    np.testing.assert_allclose(nearest_distances(points, points, 4, same=True), model.kneighbors()[0])
    with pytest.raises(TooSmallError, match="fewer than 121 points"):
        nearest_distances(points, points, 120, same=True)


def test_density_and_coverage_by_definition():
    real, made = normal(0, 90), 0.7 * normal(1, 90)
    a, b = standardised(real, made)
    balls = np.sort(np.linalg.norm(a[:, None] - a, axis=2), 1)[:, 5]
    inside = np.linalg.norm(a[:, None] - b, axis=2) <= balls[:, None]
    found = density_coverage(real, made)
    assert found.density == pytest.approx(inside.sum() / (5 * 90))
    assert found.coverage == pytest.approx(inside.any(1).mean())


def test_what_they_say_of_known_cases():
    real = normal(0, 1500)
    same = density_coverage(real, normal(1, 1500))
    assert same.density == pytest.approx(1, abs=0.08)
    assert same.coverage == pytest.approx(1 - 2**-5, abs=0.02)
    collapsed = density_coverage(real, np.repeat(real[:15], 100, axis=0))
    assert collapsed.coverage < 0.1
    assert collapsed.density > 0.5
    assert density_coverage(real, real + 50) == (0, 0)
    with pytest.raises(TooSmallError, match="fewer than 6 profiles"):
        density_coverage(real, real[:5])


def test_a_constant_column_is_left_alone():
    (same,) = standardised(np.ones((4, 1)))
    assert same.tolist() == [[0.0]] * 4
