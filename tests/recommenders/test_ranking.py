"""Ranking metrics against hands, against trec_eval, and under what must not change them."""

import ir_measures
import jax.numpy as jnp
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, SetF, SetP, Success, nDCG

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.interface import Scored, Split
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.recommenders.ranking import CUTOFFS, rank
from tests.recommenders.planted import (
    THRESHOLD,
    World,
    by_hand,
    random_world,
    recommended,
    relevant_items,
    table_users,
)


def small_world() -> World:
    """Tested: user 0 on items 1 (5 stars), 2 (1) and 3 (4), user 1 on item 4 (3 stars), user 2 on item 0 (5)."""
    split = Split(
        *(np.array(x, np.int32) for x in ([0, 1, 2], [0, 0, 4])),
        np.array([5, 5, 5], np.float32),
        *(np.array(x, np.int32) for x in ([0, 0, 0, 1, 2], [3, 1, 2, 4, 0])),
        np.array([4, 5, 1, 3, 5], np.float32),
    )
    score = np.array([[9, 3, 4, 1, 2], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
    held = np.array([[1, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    return World(split, score, held)


def test_a_world_worked_out_on_paper():
    found = small_world().rank(cutoffs=(1, 2, 3)).rankings
    assert {name: r.user.tolist() for name, r in found.items()} == {"study": [0, 2], "standard": [0, 2]}
    # study: user 0's list is 2, 1 (relevant), and 3 (relevant, but not held so); user 2's is empty
    study = found["study"].means()
    np.testing.assert_allclose(study["precision"], [0, 1 / 4, 1 / 4])
    np.testing.assert_allclose(study["recall"], [0, 1 / 4, 1 / 4])
    np.testing.assert_allclose(study["f1"], [0, 1 / 4, 1 / 4])
    np.testing.assert_allclose(study["mrr"], [0, 1 / 4, 1 / 4])
    # standard: user 0's list is 2, 1, 4, 3, since item 0 was trained on; user 2's is 3, 2, 1, 0
    standard = found["standard"].means()
    np.testing.assert_allclose(standard["precision"], [0, 1 / 4, 1 / 6], atol=1e-7)
    np.testing.assert_allclose(standard["recall"], [0, 1 / 4, 1 / 4])
    np.testing.assert_allclose(standard["f1"], [0, 1 / 4, (2 * (1 / 3 * 1 / 2) / (1 / 3 + 1 / 2)) / 2], atol=1e-7)
    np.testing.assert_allclose(standard["ndcg"][1], (1 / np.log2(3)) / (1 + 1 / np.log2(3)) / 2, atol=1e-7)
    np.testing.assert_allclose(standard["map"], [0, 1 / 8, 1 / 8])
    np.testing.assert_allclose(standard["hit_rate"], [0, 1 / 2, 1 / 2])


@pytest.mark.parametrize(
    ("users", "items", "ties"), [(17, 40, False), (17, 40, True), (9, 12, True)], ids=["plain", "ties", "short"]
)
def test_every_metric_by_hand(users, items, ties):
    world = random_world(users, items, seed=1, ties=ties)
    found = world.rank().rankings
    wanted_users = [u for u in range(users) if relevant_items(world, u)]
    assert len(wanted_users) > 3
    assert not {1, 2} & set(wanted_users)
    assert list(found) == ["study", "standard"] == list(CONVENTIONS)
    for convention, ranking in found.items():
        assert ranking.user.tolist() == wanted_users
        assert ranking.cutoffs == CUTOFFS == tuple(range(1, 21))
        wanted = [[[by_hand(world, u, convention, n)[m] for n in CUTOFFS] for m in METRICS] for u in wanted_users]
        np.testing.assert_allclose(ranking.values, wanted, atol=1e-6)
        assert (ranking.values > 0).any((0, 2)).all()


@pytest.mark.parametrize("n", [1, 3, 10, 20])
@pytest.mark.parametrize("convention", list(CONVENTIONS))
def test_trec_eval_agrees(convention, n):
    world = random_world(30, 60, seed=5)
    ranking = world.rank().rankings[convention]
    qrels = {str(u): {str(i): 1 for i in relevant_items(world, u)} for u in ranking.user}
    run = {
        str(u): {str(i): float(world.score_UxI[u, i]) for i in recommended(world, u, convention, n)}
        for u in ranking.user
    }
    precision = P @ n if convention == "standard" else SetP
    names = dict(zip(METRICS, (precision, R @ n, SetF, nDCG @ n, AP @ n, RR @ n, Success @ n), strict=True))
    told = {(m.measure, m.query_id): m.value for m in ir_measures.iter_calc(list(names.values()), qrels, run)}
    assert len(told) > 6 * 7
    for metric, measure in names.items():  # trec_eval leaves out users with an empty list
        wanted = [told.get((measure, str(u)), 0.0) for u in ranking.user]
        np.testing.assert_allclose(ranking.of_users(metric, n), wanted, atol=1e-6)
        if metric != "f1" or convention == "standard":
            assert ranking.mean(metric, n) == pytest.approx(np.mean(wanted), abs=1e-6)


def test_f1_of_the_study_is_that_of_means():
    found = random_world(17, 40, seed=1).rank().rankings
    means, users = found["study"].means(), found["study"].of_users("f1", 5)
    p, r = means["precision"], means["recall"]
    np.testing.assert_allclose(means["f1"], 2 * p * r / (p + r))
    assert abs(means["f1"][4] - users.mean()) > 1e-3
    standard = found["standard"]
    assert standard.mean("f1", 5) == pytest.approx(standard.of_users("f1", 5).mean())


def test_blocks_of_any_size_and_users_that_fill_them_up_change_nothing():
    world = random_world(17, 40, seed=1)
    whole = world.rank()
    assert whole.item_UxN.shape == (17, 20)
    for size in (1, 7, 50):
        part = world.rank(block_size=size)
        np.testing.assert_array_equal(part.item_UxN, whole.item_UxN)
        for name, ranking in part.rankings.items():
            np.testing.assert_array_equal(ranking.values, whole.rankings[name].values)
            np.testing.assert_array_equal(ranking.user, whole.rankings[name].user)


def test_lists_hold_what_was_not_trained_on_and_end_with_the_catalogue():
    world = random_world(9, 12, seed=1)
    items = world.rank().item_UxN
    for user, row in enumerate(items):
        wanted = recommended(world, user, "standard", 20)
        assert row.tolist() == wanted + [-1] * (20 - len(wanted))
    assert (items == -1).any(1).all()


def test_only_what_is_asked_for_is_kept():
    world = random_world(17, 40, seed=1)
    some, every = world.rank(cutoffs=(5, 2)), world.rank()
    for name, ranking in some.rankings.items():
        np.testing.assert_array_equal(ranking.values, every.rankings[name].values[:, :, [4, 1]])
    np.testing.assert_array_equal(some.item_UxN, every.item_UxN[:, :5])


def test_the_perfect_and_the_worst_model():
    world = random_world(17, 40, seed=1)
    score = np.zeros_like(world.score_UxI)
    for user in range(17):
        score[user, list(relevant_items(world, user))] = 1
    perfect = world._replace(score_UxI=score, held_UxI=score > 0).rank().rankings
    for ranking in perfect.values():
        for metric in ("ndcg", "mrr", "hit_rate"):
            np.testing.assert_allclose(ranking.means()[metric], 1, rtol=1e-6)
        assert ranking.mean("recall", 20) == ranking.mean("map", 20) == pytest.approx(1)
    np.testing.assert_allclose(perfect["study"].means()["precision"], 1)
    worst = world._replace(score_UxI=-score, held_UxI=score < 0).rank().rankings
    assert not worst["study"].values.any()
    assert worst["standard"].mean("recall", 1) == 0


def test_numbers_of_items_and_units_of_scores_do_not_matter():
    world = random_world(17, 40, seed=1)
    order = np.random.default_rng(0).permutation(40)
    old = np.argsort(order)
    split = world.split._replace(
        train_item=order[world.split.train_item].astype(np.int32),
        test_item=order[world.split.test_item].astype(np.int32),
    )
    moved = World(split, np.exp(world.score_UxI[:, old]), world.held_UxI[:, old]).rank()
    for name, ranking in world.rank().rankings.items():
        np.testing.assert_allclose(moved.rankings[name].values, ranking.values, atol=1e-6)


def test_lanes_share_one_program_and_see_no_more_than_a_block():
    seen = []

    def score_users(state, user_B):
        seen.append(user_B.shape)
        return table_users(state, user_B)

    world = random_world(17, 40, seed=1)
    given = {"num_users": 17, "num_items": 40, "threshold": THRESHOLD, "block_size": 4}
    for seed in range(3):
        score = np.random.default_rng(seed).normal(size=world.score_UxI.shape)
        state = jnp.asarray(score, jnp.float32), jnp.asarray(world.held_UxI)
        found = rank(score_users, state, world.split, **given)
        wanted = world._replace(score_UxI=score.astype(np.float32)).rank()
        np.testing.assert_array_equal(found.item_UxN, wanted.item_UxN)
    assert seen == [(4,)]


def test_as_json():
    ranking = random_world(17, 40, seed=1).rank(cutoffs=(2, 5)).rankings["study"]
    told = ranking.as_json()
    assert told["users"] == len(ranking.user)
    assert told["cutoffs"] == [2, 5]
    assert told["means"]["ndcg"][1] == ranking.mean("ndcg", 5)
    assert set(told["means"]) == set(METRICS)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"cutoffs": (0,)}, "N, the length of the list, is 0; accepted: whole numbers from 1"),
        ({"cutoffs": (3, 1.5)}, "is 1.5; accepted"),
        ({"cutoffs": ()}, "no list length N is given"),
        ({"block_size": -1}, "block_size is -1; accepted"),
        ({"threshold": 6}, "threshold is 6, which makes none of .* the highest is 5; accepted: at most that"),
    ],
)
def test_bad_input(how, message):
    with pytest.raises(InputError, match=message):
        random_world(17, 40, seed=1).rank(**how)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_model_that_diverged_is_refused(bad):
    world = random_world(17, 40, seed=1)
    world.score_UxI[16, 39] = bad
    with pytest.raises(InputError, match=r"1 of 17 .* not finite: the model diverged"):
        world.rank()


def test_what_there_is_not():
    ranking = random_world(17, 40, seed=1).rank(cutoffs=(2, 5)).rankings["study"]
    with pytest.raises(InputError, match="metric is 'auc'; accepted: precision, recall"):
        ranking.mean("auc", 2)
    with pytest.raises(InputError, match="N is 3; accepted: 2, 5"):
        ranking.of_users("map", 3)


def test_scored_has_the_agreed_fields():
    assert Scored._fields == ("score", "rating", "relevant", "reliability")
