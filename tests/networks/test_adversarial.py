import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.networks.adversarial import OBJECTIVES, sliced_wasserstein

REAL, FAKE = jnp.array([[2.0], [0.0]]), jnp.array([[-1.0], [1.0]])


def scores(x):
    return x[:, 0]


def test_bce_is_cross_entropy_of_logits():
    objective = OBJECTIVES["bce"]
    entropy = lambda logit, label: np.log1p(np.exp(-logit if label else logit))  # noqa: E731
    real = np.mean([entropy(2.0, 1), entropy(0.0, 1)])
    fake = np.mean([entropy(-1.0, 0), entropy(1.0, 0)])
    np.testing.assert_allclose(objective.critic_loss(scores, REAL, FAKE), (real + fake) / 2, rtol=1e-6)
    expected = np.mean([entropy(-1.0, 1), entropy(1.0, 1)])
    np.testing.assert_allclose(objective.generator_loss(scores, REAL, FAKE), expected, rtol=1e-6)
    assert not objective.clipped


def test_wasserstein_is_a_difference_of_means():
    objective = OBJECTIVES["wasserstein"]
    assert objective.critic_loss(scores, REAL, FAKE) == -1.0
    assert objective.generator_loss(scores, REAL, FAKE) == 0.0
    assert objective.clipped


def linear(slope):
    return lambda x: x @ jnp.asarray(slope)


def softplus(x):
    return np.log1p(np.exp(x))


def test_relativistic_compares_pairs():
    objective = OBJECTIVES["relativistic"]
    critic = np.mean([softplus(-1.0 - 2.0), softplus(1.0 - 0.0)])
    generator = np.mean([softplus(2.0 - -1.0), softplus(0.0 - 1.0)])
    np.testing.assert_allclose(objective.critic_loss(scores, REAL, FAKE), critic, rtol=1e-6)
    np.testing.assert_allclose(objective.generator_loss(scores, REAL, FAKE), generator, rtol=1e-6)
    assert not objective.clipped


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_critic_gains_by_telling_and_the_generator_by_fooling(name):
    objective = OBJECTIVES[name]
    real, fake = jnp.ones((4, 1)), -jnp.ones((4, 1))

    def losses(slope):
        critic = linear([slope])
        return objective.critic_loss(critic, real, fake), objective.generator_loss(critic, real, fake)

    critic, generator = zip(*(losses(slope) for slope in (-1.0, 0.0, 1.0)), strict=True)
    assert critic[0] > critic[1] > critic[2]
    assert generator[0] < generator[1] < generator[2]
    better = objective.generator_loss(linear([1.0]), real, fake + 0.5)
    assert better < objective.generator_loss(linear([1.0]), real, fake)


def test_one_shift_of_all_scores_leaves_relativistic_and_wasserstein_as_they_are():
    for name in ("relativistic", "wasserstein", "wgan_gp"):
        loss = OBJECTIVES[name].critic_loss
        np.testing.assert_allclose(loss(lambda x: scores(x) + 7, REAL, FAKE), loss(scores, REAL, FAKE), rtol=1e-5)


@pytest.mark.parametrize(("slope", "length"), [([0.6, 0.8], 1.0), ([3.0, 4.0], 5.0), ([0.0, 0.5], 0.5)])
def test_penalties_of_linear_critics(slope, length):
    real, fake = jax.random.normal(jax.random.key(0), (2, 16, 2))
    key = jax.random.key(1)
    of_gradient = OBJECTIVES["wgan_gp"].penalty(key, linear(slope), real, fake)
    np.testing.assert_allclose(of_gradient, (length - 1) ** 2, rtol=1e-4, atol=1e-6)
    of_samples = OBJECTIVES["relativistic"].penalty(key, linear(slope), real, fake)
    np.testing.assert_allclose(of_samples, length**2, rtol=1e-5)


def test_r1_and_r2_look_at_the_samples_themselves():
    """The slope of x^2 / 2 is x: 2 and 0 at the real samples, -1 and 1 at the fake ones."""
    penalty = OBJECTIVES["relativistic"].penalty
    found = penalty(jax.random.key(0), lambda x: 0.5 * jnp.sum(x**2, 1), REAL, FAKE)
    np.testing.assert_allclose(found, 0.5 * (np.mean([4, 0]) + np.mean([1, 1])), rtol=1e-6)


def test_the_gradient_penalty_looks_between_the_samples():
    """Between -1 and 3 the slope of x^2 / 2 is uniform there: the mean of (|x| - 1)^2 is 5 / 6."""
    real, fake = jnp.full((20_000, 1), 3.0), jnp.full((20_000, 1), -1.0)
    found = OBJECTIVES["wgan_gp"].penalty(jax.random.key(0), lambda x: 0.5 * jnp.sum(x**2, 1), real, fake)
    np.testing.assert_allclose(found, 5 / 6, rtol=0.04)


def test_only_the_named_objectives_clip_or_penalise():
    assert [name for name, objective in OBJECTIVES.items() if objective.clipped] == ["wasserstein"]
    assert [name for name, objective in OBJECTIVES.items() if objective.penalty] == ["wgan_gp", "relativistic"]


def test_sliced_wasserstein_knows_a_shift():
    x = jax.random.normal(jax.random.key(0), (8000, 3))
    same = sliced_wasserstein(jax.random.key(1), x[:4000], x[4000:])
    moved = sliced_wasserstein(jax.random.key(1), x[:4000], x[4000:] + jnp.array([[2.0, 0, 0]]))
    assert same < 0.05
    assert 0.9 < moved < 1.1  # a shift of 2 along one of three axes: mean |cosine| of a random direction is 1/2


def test_a_column_that_is_the_same_for_all_counts_as_it_is():
    x = jax.random.normal(jax.random.key(0), (4000, 3)).at[:, 2].set(0)
    assert sliced_wasserstein(jax.random.key(1), x, x.at[:, 2].add(1e-3)) < 0.01
