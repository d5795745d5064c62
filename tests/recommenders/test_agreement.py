"""References beside those of the library `implicit`, and on real ratings above popularity."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
import threadpoolctl

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.recommenders import RECOMMENDERS, implicit_als
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.hyperparameters import ImplicitALSConfig, NeighboursConfig
from ganrs_jax.recommenders.interface import scored_by_rank
from ganrs_jax.recommenders.ranking import rank
from ganrs_jax.training.lanes import lane_keys
from tests.recommenders.conftest import RANKERS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender

pytestmark = pytest.mark.filterwarnings("ignore:Method expects CSR input")  # of what the library hands itself


@pytest.fixture(autouse=True)
def one_thread():
    """The library warns of threads of its matrix products beside its own."""
    with threadpoolctl.threadpool_limits(1, "blas"):
        yield


def _matrix(split, shape):
    rated = np.ones(len(split.train_user), np.float32), (split.train_user, split.train_item)
    return sp.csr_matrix(rated, shape=shape)


def _cosines(rated_UxI, neighbours):
    """Of users with their nearest others; the library takes a user for the nearest to himself."""
    model = CosineRecommender(K=neighbours + 1, num_threads=1)
    model.fit(rated_UxI.T.tocsr(), show_progress=False)
    cosine_UxU = model.similarity.tolil()
    cosine_UxU.setdiag(0)
    return cosine_UxU.tocsr()


def test_user_knn_scores_as_implicit_does(tiny):
    """With all users for neighbours: among equal cosines at the end of fewer, each takes others."""
    trained = fit(RECOMMENDERS["user_knn"], [0], tiny, NeighboursConfig(neighbours=80), 4.0)
    rated = _matrix(trained.splits[0], (80, 60))
    found = trained.score_block(0, np.arange(80)).score
    np.testing.assert_allclose(found, (_cosines(rated, 80) @ rated).toarray(), rtol=1e-4)


def test_implicit_als_finds_the_vectors_that_implicit_does(tiny):
    """From the same start; the library calls alpha all the confidence in a rated pair, not what is beyond 1."""
    config = ImplicitALSConfig(factors=7, iterations=3, alpha=4.0, penalty=3.0)
    trained = fit(RECOMMENDERS["implicit_als"], [5], tiny, config, 4.0)
    model = AlternatingLeastSquares(factors=7, regularization=3.0, alpha=5.0, iterations=3, use_cg=False, num_threads=1)
    model.user_factors = np.zeros((80, 7), np.float32)
    model.item_factors = implicit_als.START * np.array(jax.random.normal(lane_keys([5])[0], (60, 7)))
    model.fit(_matrix(trained.splits[0], (80, 60)), show_progress=False)
    np.testing.assert_allclose(trained.lane(0)["user"], model.user_factors, atol=1e-4)
    np.testing.assert_allclose(trained.lane(0)["item"], model.item_factors, atol=1e-4)


@pytest.fixture(scope="module")
def movielens(data_dir) -> Ratings:
    return load_ratings("ml100k", ReadOptions(data_dir=data_dir, download=False))


def _ndcg(score_users, state, split, ratings):
    sizes = {"num_users": ratings.num_users, "num_items": ratings.num_items, "threshold": 4.0}
    return rank(score_users, state, split, cutoffs=(10,), **sizes).rankings["standard"].mean("ndcg", 10)


@pytest.mark.parametrize("name", RANKERS[1:])
def test_references_rank_real_ratings_better_than_popularity_does(name, movielens, optimised):
    """MovieLens 100K, NDCG at 10, where popularity has 0.18; `user_knn` as the library, but for equal cosines."""
    quick = {"bpr": {"epochs": 15, "learning_rate": 0.05}, "implicit_als": {"factors": 16, "iterations": 5}}
    config = dataclasses.replace(RECOMMENDERS[name].config(), **quick.get(name, {}))
    trained = fit(RECOMMENDERS[name], [0], movielens, config, 4.0)
    (split,), shape = trained.splits, (movielens.num_users, movielens.num_items)
    found = _ndcg(trained.score_users, trained.lane(0), split, movielens)
    counted_UxI = np.tile(np.bincount(split.train_item, minlength=shape[1]), (shape[0], 1))
    assert found > 1.4 * _ndcg(_rows_of, jnp.asarray(counted_UxI, jnp.float32), split, movielens)
    if name == "user_knn":
        rated = _matrix(split, shape)
        score_UxI = jnp.asarray((_cosines(rated, 100) @ rated).toarray(), jnp.float32)
        assert found == pytest.approx(_ndcg(_rows_of, score_UxI, split, movielens), abs=0.003)


def _rows_of(score_UxI, user_B):
    return scored_by_rank(score_UxI[user_B])
