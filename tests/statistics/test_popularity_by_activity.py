"""How popular what users rate is, by how much they rate."""

import numpy as np

from ganrs_jax.statistics.popularity_by_activity import popularity_by_activity


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
    np.testing.assert_allclose(found.variance, [2 * (np.log(3) / 2) ** 2 / 4])  # the first user's two ratings of four


def test_users_without_ratings_count_nowhere():
    user, item, _ = pairs(0.0)
    for one, other in zip(popularity_by_activity(2 * user, item), popularity_by_activity(user, item), strict=True):
        np.testing.assert_allclose(one, other)


def test_bins_are_as_many_as_asked_for():
    user, item, _ = pairs(0.0)
    assert len(popularity_by_activity(user, item).popularity) == 8
    assert len(popularity_by_activity(user, item, 3).popularity) == 3
