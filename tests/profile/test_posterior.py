"""Draws of many small normal vectors: their moments, and the prior they share, against numpy."""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.posterior import Prior, degree_covariates, draw_vectors, fit_prior, with_prior

PRECISION = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]])
LINEAR = np.array([1.0, -2.0, 0.5])
MANY = 40_000


def repeated(x: np.ndarray) -> jax.Array:
    return jnp.asarray(np.broadcast_to(x, (MANY, *x.shape)), jnp.float32)


def test_draws_have_the_mean_and_covariance_of_their_density():
    mean, drawn = draw_vectors(jax.random.key(0), repeated(PRECISION), repeated(LINEAR))
    expected = np.linalg.solve(PRECISION, LINEAR)
    np.testing.assert_allclose(mean, np.broadcast_to(expected, (MANY, 3)), rtol=1e-5)
    np.testing.assert_allclose(drawn.mean(0), expected, atol=0.02)
    np.testing.assert_allclose(np.cov(np.asarray(drawn).T), np.linalg.inv(PRECISION), atol=0.03)


def test_each_vector_has_its_own_density():
    scale = jnp.asarray([1.0, 100.0]).reshape(2, 1, 1)
    precision, linear = scale * jnp.eye(2)[None], jnp.asarray([[1.0, 2.0], [300.0, -100.0]])
    np.testing.assert_allclose(
        draw_vectors(jax.random.key(0), precision, linear)[0], [[1, 2], [3, -1]], rtol=1e-5, atol=1e-6
    )
    keys = jax.random.split(jax.random.key(1), 500)
    drawn = np.stack([draw_vectors(key, precision, linear)[1] for key in keys])
    np.testing.assert_allclose(drawn.std(0), [[1, 1], [0.1, 0.1]], rtol=0.12)


def test_a_planted_prior_is_found():
    rng = np.random.default_rng(0)
    facts = np.stack([np.ones(MANY), rng.normal(size=MANY)], 1)
    coefficients = np.array([[1.0, -1.0, 0.0], [0.5, 0.0, 2.0]])
    vectors = facts @ coefficients + rng.multivariate_normal(np.zeros(3), np.linalg.inv(PRECISION), MANY)
    found = fit_prior(jnp.asarray(vectors, jnp.float32), jnp.asarray(facts, jnp.float32))
    np.testing.assert_allclose(found.coefficients_FxK, coefficients, atol=0.03)
    np.testing.assert_allclose(found.precision_KxK, PRECISION, atol=0.12)


def test_likelihood_and_prior_are_weighed_as_in_bayes_rule():
    gram, facts = np.diag([3.0, 0.0, 1.0]), np.array([1.0, 2.0])
    prior = Prior(jnp.asarray([[0.5, 0.0, 1.0], [0.0, 1.0, 0.0]]), jnp.asarray(PRECISION, jnp.float32))
    mean, drawn = with_prior(jax.random.key(0), repeated(gram), repeated(LINEAR), prior, repeated(facts))
    prior_mean = facts @ np.array([[0.5, 0.0, 1.0], [0.0, 1.0, 0.0]])
    expected = np.linalg.solve(gram + PRECISION, LINEAR + PRECISION @ prior_mean)
    np.testing.assert_allclose(mean[0], expected, rtol=1e-4)
    np.testing.assert_allclose(np.cov(np.asarray(drawn).T), np.linalg.inv(gram + PRECISION), atol=0.02)


def test_facts_of_size_are_standardised_logs():
    facts = np.asarray(degree_covariates(np.array([1, 10, 100, 1000])))
    np.testing.assert_allclose(facts[:, 0], 1)
    np.testing.assert_allclose(facts[:, 1], np.array([-3, -1, 1, 3]) / np.sqrt(5), rtol=1e-5)
    np.testing.assert_allclose(facts[:, 2], facts[:, 1] ** 2, rtol=1e-5)
    assert np.isfinite(np.asarray(degree_covariates(np.full(5, 7)))).all()
