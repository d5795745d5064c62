"""What `evaluate` keeps is what the metrics of each lane are."""

import dataclasses
import json

import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS, get_recommender
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import at_length, evaluate
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.ranking import rank
from ganrs_jax.training.loop import silent
from tests.recommenders.conftest import quick

HOW = {"seeds": (3, 4), "threshold": 4.0, "cutoffs": (2, 5, 10)}


@pytest.fixture(scope="module")
def ratings():
    return load_ratings("planted", ReadOptions(planted_users=40, planted_items=30, planted_ratings=700))


ALIKE = ("ncf_regression", "ncf_classification", "ncf_classification_improved")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in ALIKE else name for name in RECOMMENDERS]
)
def test_every_recommender_is_measured_a_value_a_seed(name, tiny):
    ratings, config = tiny, quick(name)
    found = evaluate(name, ratings, config=config, **HOW)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    trained = fit(get_recommender(name), HOW["seeds"], ratings, config, 4.0, silent)
    for index in range(2):
        sizes = {"num_users": ratings.num_users, "num_items": ratings.num_items, "threshold": 4.0}
        split = trained.splits[index]
        ranked = rank(trained.score_users, trained.lane(index), split, cutoffs=HOW["cutoffs"], **sizes)
        for convention, ranking in ranked.rankings.items():
            for metric, values in ranking.means().items():
                np.testing.assert_allclose(found["metrics"][convention][metric][index], values, atol=1e-6)
        predicted = trained.predict(index, split.test_user, split.test_item).rating
        if found["mae"] is None:
            assert np.isnan(np.asarray(predicted)).all()
        else:
            assert found["mae"][index] == pytest.approx(np.abs(predicted - split.test_rating).mean(), rel=1e-5)
    assert at_length(found, "study", "recall", 5).shape == (2,)
    low, high = found["intervals"]["standard"]["ndcg"][1:]
    assert low <= np.mean(at_length(found, "standard", "ndcg", 10)) <= high
    assert (found["calibration"] is not None) == (name == "ncf_classification_improved")


def test_seeds_take_several_datasets_in_turn(ratings):
    other = dataclasses.replace(ratings, rating=ratings.rating[::-1].copy())
    config = get_recommender("biases").config()
    both = evaluate("biases", [ratings, other], config=config, **HOW)
    for index, world in enumerate((ratings, other)):
        alone = evaluate("biases", world, config=config, **{**HOW, "seeds": HOW["seeds"][index : index + 1]})
        for convention in CONVENTIONS:
            np.testing.assert_allclose(
                at_length(both, convention, "f1", 10)[index], at_length(alone, convention, "f1", 10)[0]
            )
        assert both["mae"][index] == pytest.approx(alone["mae"][0])
    assert both["mae"][0] != both["mae"][1]


def test_datasets_of_different_sizes_are_refused(ratings):
    other = load_ratings("planted", ReadOptions(planted_users=40, planted_items=30, planted_ratings=800))
    with pytest.raises(
        InputError, match="30 items, 700 ratings and 40 users, 30 items, 800 ratings; accepted: datasets of one"
    ):
        evaluate("biases", [ratings, other], config=get_recommender("biases").config(), **HOW)


def test_what_cannot_be(ratings):
    config = get_recommender("biases").config()
    with pytest.raises(InputError, match="off the scale"):
        evaluate("biases", ratings, config=config, **{**HOW, "threshold": 7.0})
    with pytest.raises(InputError, match=r"N, the length of the list, is 0; accepted: whole numbers from 1"):
        evaluate("biases", ratings, config=config, **{**HOW, "cutoffs": (0, 5)})
