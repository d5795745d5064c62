"""The profile embedding: where each number stands, and coordinates that leave predictions as they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.profile.embedding import ProfileEmbedding, canonical, fit_profile_embedding
from ganrs_jax.profile.model import VectorColumns

COLUMNS = VectorColumns(4, 2, 3)
DRAWS, USERS, ITEMS = 3, 50, 40


@pytest.fixture(scope="module")
def raw() -> ProfileEmbedding:
    """Vectors with means that are not zero and correlated columns."""
    rng = np.random.default_rng(0)
    sizes = [rng.normal(size=n) for n in (USERS, ITEMS)]
    parts = []
    for size in sizes:
        mixed = rng.normal(size=(DRAWS, len(size), 11)) @ rng.normal(size=(11, 11)) + rng.normal(size=11)
        last = np.broadcast_to(size[:, None], (DRAWS, len(size), 1))
        parts.append(jnp.asarray(np.concatenate([mixed, last], 2), jnp.float32))
    return ProfileEmbedding(*parts, np.zeros(4), np.zeros((4, 3)))


@pytest.fixture(scope="module")
def canon(raw) -> ProfileEmbedding:
    return canonical(raw, COLUMNS)


def predictions(embedding: ProfileEmbedding) -> np.ndarray:
    pairs = [np.meshgrid(np.arange(USERS), np.arange(ITEMS), indexing="ij")] * DRAWS
    return np.stack(
        [
            COLUMNS.predicted(embedding.users[r, u.ravel()], embedding.items[r, i.ravel()])
            for r, (u, i) in enumerate(pairs)
        ]
    )


def scores(embedding: ProfileEmbedding) -> np.ndarray:
    """Products of the interaction factors, less what is a user's or an item's alone, [R, U, I]."""
    users = np.array(COLUMNS.interaction(embedding.users), np.float64)
    users[..., 0] -= embedding.offset * np.asarray(COLUMNS.log_degree(embedding.users))
    product = np.einsum("ruk,rik->rui", users, np.asarray(COLUMNS.interaction(embedding.items)))
    product -= product.mean(2, keepdims=True)
    return product - product.mean(1, keepdims=True)


def test_columns():
    vector = jnp.arange(12.0)
    assert COLUMNS.width == 12
    np.testing.assert_array_equal(COLUMNS.interaction(vector), [0, 1, 2, 3])
    np.testing.assert_array_equal(COLUMNS.rating(vector), [4, 5, 6])
    np.testing.assert_array_equal(COLUMNS.style(vector), [7, 8, 9])
    assert COLUMNS.log_precision(vector) == 10
    assert COLUMNS.log_degree(vector) == 11


def test_predictions_are_biases_and_products():
    user, item = (
        jnp.asarray([[0, 0, 0, 0, *rest]], jnp.float32)
        for rest in ((1, 2, 3, 5, 5, 5, 0, 0), (0.5, 10, 100, 0, 0, 0, 2, 0))
    )
    np.testing.assert_allclose(COLUMNS.predicted(user, item), [1 + 0.5 + 2 * 10 + 3 * 100])
    np.testing.assert_allclose(COLUMNS.noise_scale(user, item), [np.exp(-1)], rtol=1e-6)


def test_canonical_coordinates_keep_predictions(raw, canon):
    np.testing.assert_allclose(predictions(canon), predictions(raw), atol=2e-3)


def test_canonical_coordinates_keep_scores_but_for_terms_of_a_user_or_an_item(raw, canon):
    np.testing.assert_allclose(scores(canon), scores(raw), atol=2e-3)


def test_canonical_coordinates_keep_style_noise_and_size(raw, canon):
    for before, after in zip(raw[:2], canon[:2], strict=True):
        np.testing.assert_array_equal(after[..., -5:], before[..., -5:])


def test_rating_factors_are_centred_white_and_in_order(canon):
    users, items = (np.asarray(COLUMNS.rating(x))[..., 1:].reshape(-1, 2) for x in canon[:2])
    np.testing.assert_allclose(users.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(items.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(users.T), np.eye(2), atol=1e-3)
    of_items = np.cov(items.T)
    assert abs(of_items[0, 1]) < 1e-2 * of_items[1, 1]
    assert of_items[0, 0] > of_items[1, 1]


def test_the_first_interaction_factor_tells_rare_items(canon):
    items, size = np.asarray(canon.items), np.asarray(canon.items[0, :, -1])
    rare = size <= np.quantile(size, 0.2)
    middle = items[..., :4].mean((0, 1))
    pull = items[:, rare, :4].mean((0, 1)) - middle
    assert pull[0] > 0
    np.testing.assert_allclose(pull[1:], 0, atol=1e-3)


@pytest.fixture(scope="module")
def tiny():
    return load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2000))


def test_an_embedding_of_ratings(tiny):
    told = []
    embedding = fit_profile_embedding(
        jax.random.key(0), tiny, COLUMNS, rounds=4, sweeps=5, draws=2, report=lambda stage, *_: told.append(stage)
    )
    assert embedding.users.shape == (2, 80, 12)
    assert embedding.items.shape == (2, 60, 12)
    for vectors, ids in ((embedding.users, tiny.user), (embedding.items, tiny.item)):
        np.testing.assert_allclose(np.exp(COLUMNS.log_degree(vectors)), np.tile(np.bincount(ids), (2, 1)), rtol=1e-4)
    assert np.isfinite(np.asarray(embedding.users)).all()
    residual = (
        tiny.rating
        - tiny.rating.mean()
        - np.asarray(COLUMNS.predicted(embedding.users[0, tiny.user], embedding.items[0, tiny.item]))
    )
    assert residual.std() < 0.9 * tiny.rating.std()
    stages = dict.fromkeys(told)
    assert list(stages) == ["who rates what", "how users rate", "how users use the scale"]
    assert (told.count("who rates what"), told.count("how users rate")) == (4, 5)
    assert COLUMNS.style(embedding.users).std() > 0
    assert not COLUMNS.style(embedding.items).any()
