import dataclasses

import numpy as np
import pytest
import scipy.sparse.linalg as sla

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.fit import fit
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


def _pure_svd(rated):
    right = sla.svds(rated, k=6)[2]
    return rated @ right.T @ right


@pytest.mark.parametrize(
    ("name", "scores", "changes"),
    [("ease", _ease, {}), ("item_knn", _item_knn, {"neighbours": 20}), ("pure_svd", _pure_svd, {"factors": 6})],
)
def test_references_of_who_rated_what_are_their_formulas(name, scores, changes, tiny):
    """In double precision, of the whole matrix; `item_knn` but for equal cosines at the end of its neighbours."""
    recommender = RECOMMENDERS[name]
    trained = fit(recommender, [0, 1], tiny, recommender.config(**changes), 4.0)
    for lane, split in enumerate(trained.splits):
        rated = np.zeros((80, 60))
        rated[split.train_user, split.train_item] = 1
        found, expected = np.asarray(trained.score_block(lane, np.arange(80)).score), scores(rated)
        assert np.mean(np.abs(found - expected) > 2e-4 * np.abs(expected).max()) < (
            0.05 if name == "item_knn" else 1e-9
        )


def test_more_items_than_pairs_of_them_fit_in_memory_are_refused(tastes, monkeypatch):
    monkeypatch.setattr("ganrs_jax.checks.free_memory", lambda: 10_000)
    for name in ("ease", "item_knn", "pure_svd"):
        with pytest.raises(InputError, match=r"`num_items=60` needs about .* are free; accepted: up to"):
            fit(RECOMMENDERS[name], [0], tastes, quick(name), 4.0)
