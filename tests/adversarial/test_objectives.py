import jax.numpy as jnp
import numpy as np

from ganrs_jax.adversarial.objectives import OBJECTIVES

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
