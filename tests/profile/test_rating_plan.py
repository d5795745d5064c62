"""How ratings are planned: noise, and mean ratings by degree."""

import dataclasses

import numpy as np
import pytest

from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile.mean_by_degree import mean_by_degree
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.profile.rating_plan import draw_latent
from ganrs_jax.profile.settings import RatingsRequest


def test_tails_keep_the_noises_variance(learned):
    request = profile.complete(learned, RatingsRequest(seed=3))
    plan = make_plan(learned, request)
    spread = []
    for log_variance in (0.0, 0.3):
        heavy = dataclasses.replace(learned, noise_log_variance=np.float32(log_variance))
        noise = draw_latent(heavy, request, plan.interactions, 0).latent.noise
        spread.append((noise.std(), np.mean(np.abs(noise)) / noise.std()))
    assert spread[1][0] == pytest.approx(spread[0][0], rel=0.05)
    assert spread[1][1] < spread[0][1] - 0.02


def test_items_that_are_alike_share_the_part_of_the_noise_that_is_asked_for(learned):
    """Of two items of a user: the cosine of their local directions, times that part; and the variance stays."""
    request = profile.complete(learned, RatingsRequest(seed=3))
    plan, found = make_plan(learned, request), {}
    for part in (0.0, 0.8):
        shared = dataclasses.replace(learned, noise_agreement=np.float32(part), noise_log_variance=np.float32(0))
        user, item, _, latent = draw_latent(shared, request, plan.interactions, 0)
        found[part] = latent.noise / latent.scale
    assert found[0.8].std() == pytest.approx(1, abs=0.05)
    directions = np.array(plan.interactions.features)[:, : len(learned.local_gain)] / learned.local_gain
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    one, other = np.nonzero((user[:, None] == user) & np.triu(np.ones((len(user), len(user)), bool), 1))
    cosine = (directions[item[one]] * directions[item[other]]).sum(1)
    slope = {part: (noise[one] * noise[other] * cosine).sum() / (cosine**2).sum() for part, noise in found.items()}
    assert slope[0.0] == pytest.approx(0, abs=0.1)
    assert slope[0.8] == pytest.approx(0.8, abs=0.15)


def test_blocks_that_the_link_is_fitted_on_are_those_that_would_be_drawn_again(learned):
    request = profile.complete(learned, RatingsRequest(seed=3))
    plan = make_plan(learned, request)
    assert len(plan.ratings.first) == plan.interactions.num_blocks
    again = plan._replace(ratings=plan.ratings._replace(first=[]))
    for one, other in zip(*(block_rows(learned, request, each, 0).now for each in (plan, again)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("side", ["user", "item"])
def test_mean_ratings_by_degree_are_as_wanted(side, learned, groups):
    """Planted: the more ratings, the worse."""
    ids = getattr(groups, side)
    degree = np.bincount(ids)
    harsh = groups.rating - 2 * np.argsort(np.argsort(degree))[ids] / len(degree)
    wanted = mean_by_degree(ids, harsh, degree)
    wanted = wanted._replace(entities=0) if side == "user" else wanted  # as trained
    planted = dataclasses.replace(learned, **{f"{side}_means": wanted})
    made = [profile.generate(model, RatingsRequest(seed=3)) for model in (learned, planted)]
    means = []
    for dataset in made:
        of = getattr(dataset, side)
        means.append(mean_by_degree(of, dataset.rating, np.bincount(of)).slices.mean(1))
    before, after = (np.abs(mean - wanted.slices.mean(1)).max() for mean in means)
    assert after < 0.6 * before  # the share of each rating is kept, which so steep a fall hardly allows
