"""How popular what users rate is, by how much they rate: found, and the step towards it."""

import numpy as np

from ganrs_jax.profile.structure import popularity_by_activity, preference_step


def pairs(weight_of_few: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """User, item of each pair, and the log chance of items that they come from.

    300 users rate two of 60 items, each as often as it is popular to the power of one more than the weight; 200 rate
    twenty of them, as often as they are popular.
    """
    rng, chance = np.random.default_rng(seed), np.linspace(-2, 2, 60)
    users, items = [], []
    for user in range(500):
        few = user < 300
        noisy = chance * (1 + weight_of_few * few) + rng.gumbel(size=60)
        chosen = np.argsort(-noisy)[: 2 if few else 20]
        users.append(np.full(len(chosen), user))
        items.append(chosen)
    return np.concatenate(users), np.concatenate(items), chance


def test_what_users_of_few_ratings_rate_is_told_apart():
    plain, popular = (popularity_by_activity(*pairs(weight)[:2]) for weight in (0.0, 1.0))
    np.testing.assert_allclose(plain.log_degree[[0, -1]], np.log([2, 20]), rtol=1e-6)
    assert (popular.popularity - plain.popularity)[0] > 0.1
    assert popular.popularity[0] - popular.popularity[-1] > 0.4


def test_popularity_is_the_mean_of_logs():
    user, item = np.array([0, 0, 1, 2]), np.array([0, 1, 0, 0])  # items rated three times and once; one bin
    found = popularity_by_activity(user, item)
    np.testing.assert_allclose(found.log_degree, [np.log(2) / 3])
    np.testing.assert_allclose(found.popularity, [(np.log(3) / 2 + 2 * np.log(3)) / 3])


def test_users_without_ratings_count_nowhere():
    user, item, _ = pairs(0.0)
    for one, other in zip(popularity_by_activity(2 * user, item), popularity_by_activity(user, item), strict=True):
        np.testing.assert_allclose(one, other)


def test_the_step_goes_to_the_weight_that_is_wanted():
    wanted = popularity_by_activity(*pairs(0.5)[:2])
    user, item, chance = pairs(0.0, seed=1)
    step = preference_step(wanted, user, item, chance)
    assert len(step) == 8
    assert 0.25 < step[:4].mean() < 0.75  # these are of users of two ratings
    assert np.abs(step[-3:]).max() < 0.2


def test_no_step_is_long():
    user, item, chance = pairs(0.0)
    wanted = popularity_by_activity(user, item)
    far = wanted._replace(popularity=wanted.popularity + 100)
    np.testing.assert_array_equal(preference_step(far, user, item, chance), 1.0)
    np.testing.assert_array_equal(preference_step(wanted, user, item, chance), 0.0)
