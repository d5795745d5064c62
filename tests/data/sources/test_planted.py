import numpy as np
import pytest

from ganrs_jax.data.ratings import Scale, digest
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError


def world(**options):
    return load_ratings("planted", ReadOptions(**options))


@pytest.mark.parametrize(
    ("users", "items", "count"),
    [(600, 400, 30_000), (50, 2000, 2000), (2000, 50, 2000), (300, 300, 1500), (20, 30, 600), (2, 2, 2), (2, 3, 3)],
)
def test_sizes_are_exact_and_no_pair_repeats(users, items, count):
    ratings = world(planted_users=users, planted_items=items, planted_ratings=count, groups=min(users, 2))
    assert (ratings.num_users, ratings.num_items, ratings.num_ratings) == (users, items, count)
    assert len(np.unique(ratings.user.astype(np.int64) * items + ratings.item)) == count
    assert ratings.scale == Scale(1, 5)
    assert set(np.unique(ratings.rating)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert ratings.notes == ()


def test_the_same_seed_is_the_same_world():
    assert digest(world(source_seed=3)) == digest(world(source_seed=3))
    assert digest(world(source_seed=3)) != digest(world(source_seed=4))


@pytest.mark.parametrize("shape", [(600, 400), (2000, 2000)], ids=["dense", "sparse"])
def test_popularity_and_activity_have_long_tails(shape):
    ratings = world(planted_users=shape[0], planted_items=shape[1])
    for index in (ratings.user, ratings.item):
        counts = np.sort(np.bincount(index))
        assert counts[-len(counts) // 10 :].sum() > 0.2 * counts.sum()


def test_groups_are_demographics_and_prefer_their_own_items():
    ratings = world()
    gender, age = ratings.demographics["gender"], ratings.demographics["age"]
    assert (gender == "F").sum() == 300
    assert age[gender == "F"].max() < age[gender == "M"].min()
    women = gender[ratings.user] == "F"
    even = ratings.item % 2 == 0
    assert even[women].mean() > even[~women].mean() + 0.2


def test_the_truth_is_of_low_rank():
    """With every cell rated and no noise, the factors and the two biases hold all but the rounding."""
    ratings = world(planted_users=200, planted_items=150, planted_ratings=30_000, rank=3, noise=0.0)
    matrix = np.zeros((200, 150))
    matrix[ratings.user, ratings.item] = ratings.rating
    values = np.linalg.svd(matrix - matrix.mean(), compute_uv=False)
    left = np.sqrt((values[5:] ** 2).sum() / matrix.size)
    assert left < 0.35  # rounding alone is 0.29, clipping adds a little
    noisy = world(planted_users=200, planted_items=150, planted_ratings=30_000, rank=3, noise=1.0)
    assert noisy.rating.std() > ratings.rating.std()


def test_a_part_of_it_keeps_the_demographics():
    part = world(max_users=50, source_seed=2)
    assert part.num_users == 50
    assert len(part.demographics["gender"]) == len(part.demographics["age"]) == 50


def test_more_groups_than_users_is_refused():
    with pytest.raises(InputError, match="`groups=3`; accepted: 1 to 2"):
        world(planted_users=2, planted_items=2, planted_ratings=4, groups=3)
