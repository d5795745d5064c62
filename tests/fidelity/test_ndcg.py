"""NDCG of reference recommenders: the project's own recommenders and metric, known worlds, real data, small input."""

import numpy as np
import pytest
import scipy.sparse as sp

from ganrs_jax.data.ratings import Columns
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.fidelity import ndcg as module
from ganrs_jax.fidelity.local_structure import recommender_metrics
from ganrs_jax.fidelity.ndcg import MODELS, ndcg
from ganrs_jax.fidelity.samples import TooSmallError, as_sample
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.fit import fit
from ganrs_jax.recommenders.ranking import rank
from ganrs_jax.statistics import ndcg as shared

CONFIGS = {"pure_svd_10": {"factors": 10}, "pure_svd_64": {"factors": 50}}  # the world has 60 items


@pytest.mark.parametrize("place", range(5), ids=MODELS)
def test_scores_are_those_of_the_recommenders(place, tiny):
    name = MODELS[place]
    recommender = RECOMMENDERS["pure_svd" if name.startswith("pure_svd") else name]
    trained = fit(recommender, [0], tiny, recommender.config(**CONFIGS.get(name, {})), 4.0)
    split = trained.splits[0]
    rows = np.ones(len(split.train_user), np.float32), (split.train_user, split.train_item)
    train = sp.csr_array(rows, (tiny.num_users, tiny.num_items))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FACTORS", (10, 50))
        score = list(module._scores(train))[place]
    found, wanted = score(train)[:, : tiny.num_items], np.asarray(trained.score_block(0, np.arange(80)).score)
    np.testing.assert_allclose(found, wanted, atol=2e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("cells", [1 << 22, 500])
def test_the_mean_is_that_of_the_project_s_ranking(cells, tiny, monkeypatch):
    """Of EASE, whose scores have no ties; every held-out row is relevant at the lowest threshold."""
    monkeypatch.setattr(shared, "_CELLS", cells)
    trained = fit(RECOMMENDERS["ease"], [0], tiny, RECOMMENDERS["ease"].config(), 1.0)
    split = trained.splits[0]
    shape = tiny.num_users, tiny.num_items
    train, test = (
        sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape)
        for user, item in ((split.train_user, split.train_item), (split.test_user, split.test_item))
    )
    lists = rank(
        trained.score_users, trained.lane(0), split, num_users=80, num_items=60, threshold=1.0, cutoffs=[10]
    ).rankings["standard"]
    users = np.flatnonzero(np.diff(test.indptr))
    score = list(module._scores(train))[-1]
    found = shared.mean_ndcg(score, train[users], test[users], np.random.default_rng(0))
    assert found == pytest.approx(lists.mean("ndcg", 10), abs=1e-4)


def blocks(size: int, density: float) -> np.ndarray:
    own = np.arange(400)[:, None] // size == np.arange(400) // size
    return own & (np.random.default_rng(0).random((400, 400)) < density)


def of(cells: np.ndarray) -> dict[str, float]:
    user, item = np.nonzero(cells)
    return dict(zip(MODELS, ndcg(as_sample(Columns(user, item, np.ones(len(user)))), 0), strict=True))


def test_many_small_blocks_need_neighbours_or_many_factors():
    found = of(blocks(10, 0.8))  # 40 of 10 users and 10 items
    assert found["popularity"] < 0.15
    assert found["pure_svd_10"] < 0.5
    assert min(found[name] for name in ("pure_svd_64", "item_knn", "ease")) > 0.7


def test_without_structure_nothing_beats_popularity():
    rng = np.random.default_rng(0)
    chance = np.minimum(0.6, 0.02 * rng.lognormal(0, 1.5, 400))
    found = of(rng.random((400, 400)) < chance)
    assert max(found.values()) < found["popularity"] + 0.02


def test_the_same_again_and_under_other_ids(world):
    rng = np.random.default_rng(0)
    sample = as_sample(world)
    found = ndcg(sample, 0)
    np.testing.assert_array_equal(ndcg(sample, 0), found)
    renamed = Columns(rng.permutation(600)[world.user], rng.permutation(400)[world.item], world.rating)
    np.testing.assert_array_equal(ndcg(as_sample(renamed), 0), found)
    np.testing.assert_allclose(ndcg(sample, 1), found, atol=0.04)


def test_a_random_part_of_many_users(world, monkeypatch):
    whole = ndcg(as_sample(world), 0)
    monkeypatch.setattr(module, "MOST_USERS", 300)
    np.testing.assert_allclose(ndcg(as_sample(world), 0), whole, atol=0.06)


@pytest.mark.parametrize(
    ("shape", "words"), [((50, 19), "fewer than 20 items to rank"), ((9, 60), "fewer than 10 users with held-out")]
)
def test_too_small(shape, words):
    with pytest.raises(TooSmallError, match=words):
        of(np.ones(shape, bool))


def test_more_pairs_of_items_than_memory_holds(world, monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 10_000)
    with pytest.raises(TooSmallError, match="pairs of 400 items need"):
        ndcg(as_sample(world), 0)


def test_tau_is_of_the_order():
    real = np.array([[1.0, 2, 3, 4, 5], [1, 2, 3, 4.2, 4.1]])
    metrics = recommender_metrics(real, real[:, ::-1])
    assert (metrics["tau"].real, metrics["tau"].synthetic) == (0.8, -1.0)
    assert metrics["ndcg_popularity"][:2] == (1.0, 4.55)
    assert recommender_metrics(real[:1], real[:1])["tau"][:2] == (None, 1.0)
    assert "tau" not in recommender_metrics(np.ones((2, 5)), real)


@pytest.mark.usefixtures("optimised")
def test_movielens_100k(data_dir):
    """Figures of an implementation of its own."""
    ratings = load_ratings("ml100k", ReadOptions(data_dir=data_dir, download=False))
    found = ndcg(as_sample(ratings), 0)
    np.testing.assert_allclose(found, [0.2140, 0.4166, 0.3484, 0.3927, 0.4426], atol=0.01)
