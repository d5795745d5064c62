import dataclasses

import jax
import numpy as np
import pytest
import scipy.sparse.linalg as sla

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS, implicit_als, user_knn
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.fit import split as split_of
from ganrs_jax.recommenders.hyperparameters import ImplicitALSConfig, NeighboursConfig
from ganrs_jax.recommenders.interface import Task
from ganrs_jax.recommenders.who_rated_what import training_rows
from ganrs_jax.training.lanes import lane_keys
from tests.recommenders.conftest import quick


def test_popularity_counts_training_rows_and_holds_all_relevant(trained):
    model = trained("popularity")
    for lane, split in enumerate(model.splits):
        scored = model.score_block(lane, np.array([0, 5]))
        counts = np.array([(split.train_item == item).sum() for item in range(60)])
        np.testing.assert_array_equal(scored.score, np.stack([counts, counts]))
        assert np.asarray(scored.relevant).all()


def test_biases_find_what_was_planted(tastes):
    """Ratings that are a user's plus an item's part are predicted to the shrinkage."""
    rng = np.random.default_rng(1)
    of_user, of_item = rng.normal(0, 0.4, 80), rng.normal(0, 0.4, 60)
    truth = 3.2 + of_user[:, None] + of_item[None]
    rating = truth[tastes.user, tastes.item].astype(np.float32)
    world = dataclasses.replace(tastes, rating=rating)
    scored = fit(RECOMMENDERS["biases"], [0], world, quick("biases"), 3.0).score_block(0, np.arange(80))
    found, truth = np.asarray(scored.rating)[:79, :59], truth[:79, :59]
    assert np.abs(found - truth).mean() < 0.08
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.99


def test_biases_of_ids_without_rows_are_zero(tastes):
    trained = fit(RECOMMENDERS["biases"], [0], tastes, quick("biases"), 4.0)
    mean = trained.splits[0].train_rating.mean()
    assert float(trained.predict(0, [79], [59]).rating[0]) == pytest.approx(mean, abs=1e-5)


def _ease(rated):
    inverse = np.linalg.inv(rated.T @ rated + 200 * np.eye(rated.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return rated @ weights


def _item_knn(rated):
    length = np.maximum(np.linalg.norm(rated, axis=0), 1)
    cosines = rated.T @ rated / np.outer(length, length)
    np.fill_diagonal(cosines, 0)
    lowest = np.sort(cosines, axis=0)[-20]  # of the twenty nearest to each item
    return rated @ np.where(cosines >= lowest, cosines, 0)


def _user_knn(rated):
    length = np.maximum(np.linalg.norm(rated, axis=1), 1)
    cosines = rated @ rated.T / np.outer(length, length)
    np.fill_diagonal(cosines, 0)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :20]
    kept = np.zeros_like(cosines)
    np.put_along_axis(kept, nearest, np.take_along_axis(cosines, nearest, 1), 1)
    return kept @ rated


def _pure_svd(rated):
    right = sla.svds(rated, k=6)[2]
    return rated @ right.T @ right


@pytest.mark.parametrize(
    ("name", "scores", "changes"),
    [
        ("ease", _ease, {}),
        ("item_knn", _item_knn, {"neighbours": 20}),
        ("user_knn", _user_knn, {"neighbours": 20}),
        ("pure_svd", _pure_svd, {"factors": 6}),
    ],
)
def test_references_of_who_rated_what_are_their_formulas(name, scores, changes, tiny):
    """In double precision, of the whole matrix; but for equal cosines at the end of the neighbours."""
    recommender = RECOMMENDERS[name]
    trained = fit(recommender, [0, 1], tiny, recommender.config(**changes), 4.0)
    for lane, split in enumerate(trained.splits):
        rated = np.zeros((80, 60))
        rated[split.train_user, split.train_item] = 1
        found, expected = np.asarray(trained.score_block(lane, np.arange(80)).score), scores(rated)
        assert np.mean(np.abs(found - expected) > 2e-4 * np.abs(expected).max()) < (
            0.1 if name in ("item_knn", "user_knn") else 1e-9
        )


@pytest.mark.parametrize("block", [7, 80])
def test_users_are_compared_by_blocks_as_all_at_once(tiny, monkeypatch, block):
    monkeypatch.setattr(user_knn, "_block", lambda task: block)
    rows, size = training_rows([split_of(tiny, 0.8, 0)], Task(80, 60, tiny.scale, 4.0))
    found = user_knn.nearest_users.__wrapped__(rows[0], Task(80, 60, tiny.scale, 4.0), size, 9)
    expected = fit(RECOMMENDERS["user_knn"], [0], tiny, NeighboursConfig(neighbours=9), 4.0).lane(0)
    np.testing.assert_array_equal(found.user_UxK, expected.user_UxK)
    np.testing.assert_array_equal(found.cosine_UxK, expected.cosine_UxK)
    assert not np.any(np.asarray(found.user_UxK) == np.arange(80)[:, None])


def _turns(rated, item, config):
    """The normal equations of every user, then of every item, of the whole matrix."""
    for _ in range(config.iterations):
        user = _normal(rated, item, config)
        item = _normal(rated.T, user, config)
    return user @ item.T


def _normal(rated, item, config):
    confidence = 1 + config.alpha * rated
    left = np.einsum("ik,ui,il->ukl", item, confidence, item) + config.penalty * np.eye(item.shape[1])
    return np.linalg.solve(left, ((confidence * rated) @ item)[:, :, None])[:, :, 0]


@pytest.mark.parametrize("cells", [1 << 22, 7 * 5 * (5 + 64)])
def test_implicit_als_solves_the_normal_equations(tiny, cells, monkeypatch):
    """In one block of users, and in several; rows of a user are added 32 at a time."""
    monkeypatch.setattr(implicit_als, "CELLS", cells)
    jax.clear_caches()
    configs = [ImplicitALSConfig(factors=5, iterations=3, alpha=alpha, penalty=2.0) for alpha in (1.0, 9.0)]
    trained = fit(RECOMMENDERS["implicit_als"], [4, 5], tiny, configs, 4.0)
    for lane, (config, one) in enumerate(zip(configs, trained.splits, strict=True)):
        rated = np.zeros((80, 60))
        rated[one.train_user, one.train_item] = 1
        start = 0.01 * np.asarray(jax.random.normal(lane_keys([4 + lane])[0], (60, 5)), np.float64)
        expected = _turns(rated, start, config)
        np.testing.assert_allclose(trained.score_block(lane, np.arange(80)).score, expected, atol=2e-3)
    jax.clear_caches()


def test_more_than_fits_in_memory_is_refused(tastes, monkeypatch):
    monkeypatch.setattr("ganrs_jax.checks.free_memory", lambda: 10_000)
    for name, wanted in (("user_knn", "num_users=80"), ("implicit_als", "factors=64"), ("bpr", "factors=64")):
        with pytest.raises(InputError, match=rf"`{wanted}` needs about .* are free; accepted: up to"):
            fit(RECOMMENDERS[name], [0], tastes, quick(name), 4.0)
    for name in ("ease", "item_knn", "pure_svd"):
        with pytest.raises(InputError, match=r"`num_items=60` needs about .* are free; accepted: up to"):
            fit(RECOMMENDERS[name], [0], tastes, quick(name), 4.0)
