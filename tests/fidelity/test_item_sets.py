"""Attacks on who rated what catch generators that copy what members did, and guess where nothing is of them."""

import itertools

import numpy as np
import pytest

from ganrs_jax.fidelity import item_sets
from ganrs_jax.fidelity.item_sets import (
    RAREST,
    CooccurrenceLogs,
    ItemSets,
    bias_scores,
    dataset_scores,
    feature_scores,
    item_matrix,
    judged_sets,
    nearest_cosines,
    pair_means,
    rarest_items,
    rarest_users,
)

ITEMS = 300


def drawn(seed: int, users: int = 400, each: int = 12):
    """Users who rate independently, the first items the most."""
    rng = np.random.default_rng(seed)
    keys = np.log(1 / (np.arange(ITEMS) + 20))[None] + rng.gumbel(size=(users, ITEMS))
    item = np.argsort(-keys, axis=1)[:, :each]
    return item_matrix(np.repeat(np.arange(users), each), item.ravel(), ITEMS)


@pytest.fixture(scope="module")
def fresh():
    return ItemSets(drawn(0), drawn(1), drawn(2))


@pytest.fixture(scope="module")
def copied(fresh):
    return fresh._replace(synthetic=fresh.members[np.random.default_rng(0).permutation(400)])


def test_a_generator_that_copies_its_members_is_caught_by_each_attack(copied):
    found = judged_sets(dataset_scores(copied), copied)
    assert len(found) == 2 * 6
    assert min(attack.auc.value for name, attack in found.items() if name.startswith(RAREST)) > 0.9
    exact = ("closest_items", "cooccurrence", "cooccurrence_ratio", "rare_cooccurrence")
    assert min(found[name].auc.value for name in exact) > 0.95
    assert found["popularity"].auc.low > 0.75  # numbers of ratings alone
    assert min(attack.auc.value for attack in found.values()) > 0.75
    assert found["closest_items"].true_positives.value == 1


def test_independent_users_give_nobody_away(fresh):
    found = judged_sets(dataset_scores(fresh), fresh)
    for attack in found.values():
        assert attack.auc.low < 0.52
        assert attack.auc.high > 0.48
        assert attack.true_positives.low < 0.02


def test_features_that_members_made_are_caught_and_others_are_not(fresh):
    """Those of items are who of the members rated them; of a generator that knows nothing, random numbers."""
    features = fresh.members.toarray().T / np.sqrt(fresh.members.sum(0) + 1)[:, None]
    caught = judged_sets(feature_scores(fresh, features, "own"), fresh)
    assert min(attack.auc.low for attack in caught.values()) > 0.9
    assert caught["own"].true_positives.low > 0.9
    nothing = np.random.default_rng(0).normal(size=(ITEMS, 8))
    guessed = judged_sets(feature_scores(fresh, nothing, "random"), fresh)
    for attack in guessed.values():
        assert attack.auc.low < 0.5 < attack.auc.high


def test_biases_of_members_ratings_are_caught_and_others_are_not(fresh):
    real = fresh.real.copy()
    real.data = np.random.default_rng(0).integers(1, 6, real.nnz).astype(np.float32)
    members = real[:400]
    for rows, low, high in ((members, 0.75, 1), (members[:0], 0.4, 0.6)):
        item, rating = (rows.indices, rows.data - 3) if rows.shape[0] else (np.arange(ITEMS), np.ones(ITEMS))
        biases = np.bincount(item, rating, ITEMS) / np.maximum(np.bincount(item, minlength=ITEMS), 1)
        biases[0] = np.nan  # not known
        found = judged_sets({"item_biases": bias_scores(real, biases)}, fresh)["item_biases"]
        assert low < found.auc.value < high


def test_scores_are_what_they_say_for_each_user_in_any_blocks(fresh, monkeypatch):
    monkeypatch.setattr(item_sets, "_CELLS", 7 * 400)
    members, synthetic = fresh.members[:40], fresh.synthetic
    nearest = nearest_cosines(members, synthetic)
    assert nearest == pytest.approx((members @ synthetic.T).toarray().max(1) / 12)
    known = np.arange(ITEMS) % 5 > 0
    count = members.sum(0)
    rare = rarest_items(members, np.where(known, count, np.inf))
    logs = CooccurrenceLogs(synthetic)
    of_all, of_rare = pair_means(members, rare, known, logs)
    whole = logs.rows(slice(0, ITEMS))
    together = (synthetic.T @ synthetic).toarray()
    popularity = synthetic.sum(0)
    expected = 11 / (400 * 12) * popularity[3] * popularity[9]  # sum a (a - 1) / N^2 for a = 12, N = 12 * 400
    assert whole[3, 9] == pytest.approx(np.log((together[3, 9] + 0.5) / (expected + 0.5)), abs=1e-5)
    features = np.random.default_rng(0).normal(size=(ITEMS, 4)) * known[:, None]
    made = feature_scores(ItemSets(members, members, synthetic), features, "x")
    real_rare = rarest_items(fresh._replace(members=members, others=members).real, np.where(known, 2 * count, np.inf))
    for user in range(40):
        items = [i for i in np.flatnonzero(members[[user]].toarray()[0]) if known[i]]
        rarest = sorted(items, key=lambda i: (count[i], i))[:3]
        assert sorted(rarest) == list(np.flatnonzero(rare[[user]].toarray()[0]))
        assert (real_rare[[user]] != rare[[user]]).nnz == 0
        pairs = list(itertools.permutations(items, 2))
        rare_pairs = [(i, j) for i, j in pairs if i in rarest]
        assert of_all[user] == pytest.approx(np.mean([whole[p] for p in pairs]), abs=1e-4)
        assert of_rare[user] == pytest.approx(np.mean([whole[p] for p in rare_pairs]), abs=1e-4)
        assert made["x"][user] == pytest.approx(np.mean([features[i] @ features[j] for i, j in pairs]), abs=1e-4)
        assert made["rare_x"][user] == pytest.approx(
            np.mean([features[i] @ features[j] for i, j in rare_pairs]), abs=1e-4
        )


def test_rarest_users_are_a_tenth_and_have_the_rarest_items(fresh):
    rarest = rarest_users(fresh)
    assert 80 <= rarest.sum() < 100
    count = fresh.real.sum(0)
    mean = np.array([np.sort(count[row.indices])[:3].mean() for row in (fresh.real[[u]] for u in range(800))])
    assert mean[rarest].max() <= mean[~rarest].min()
    few = ItemSets(fresh.members[:30], fresh.others[:30], fresh.synthetic)
    assert not any(name.startswith(RAREST) for name in judged_sets(dataset_scores(few), few))


def test_users_of_one_item_or_of_unknown_items_are_no_pairs():
    one = item_matrix(np.array([0, 1, 1]), np.array([0, 1, 2]), 4)
    synthetic = item_matrix(np.array([0, 0, 1]), np.array([0, 3, 3]), 4)
    sets = ItemSets(one, one, synthetic)
    for scores in (dataset_scores(sets), feature_scores(sets, np.eye(4)[:, :3] * [1, 0, 0], "x")):
        for name, score in scores.items():
            assert np.isfinite(score).all()
            assert name in ("closest_items", "popularity") or not score.any()
