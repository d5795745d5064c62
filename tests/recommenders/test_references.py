import dataclasses

import numpy as np
import pytest

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
